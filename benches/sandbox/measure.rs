//! Runs the loads on both servers in turn and prints the table.

use std::fs;
use std::path::Path;

use super::load::{self, LOADS, Said};
use super::servers::Server;

/// Connections at once.
const CONNECTIONS: u32 = 32;

/// One round of one load on one server.
#[derive(Clone, Copy)]
struct Round {
    said: Said,
    /// Processor time of the server for a request, in microseconds.
    cpu: f64,
}

/// `[million]`
pub fn run(words: &[String]) -> super::Done {
    if !load::there() {
        return Err("wrk is not installed, so nothing is measured: apt-get install wrk".into());
    }
    let number = |name: &str, usual: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (seconds, rounds) = (number("SECONDS_EACH", 4).max(1), number("ROUNDS", 3).max(1));
    let folder = tempfile::tempdir()?;
    starts(folder.path())?;
    println!(
        "\n{CONNECTIONS} connections, medians of {rounds} rounds of {seconds} s; µs is processor time of the server for a request"
    );
    let kept = folder.path().join("kept").display().to_string();
    let cut = folder.path().join("cut").display().to_string();
    compare(folder.path(), "in memory", &[], seconds, rounds)?;
    compare(folder.path(), "--data", &["--data", &kept], seconds, rounds)?;
    compare(folder.path(), "--data --survive power-cut", &["--data", &cut, "--survive", "power-cut"], seconds, rounds)?;
    if words.first().is_some_and(|word| word == "million") {
        million(folder.path(), &["--keep", "1000000"])?;
        million(folder.path(), &[])?;
    }
    Ok(())
}

/// From the start of the program to its first answer.
fn starts(folder: &Path) -> super::Done {
    let kept = folder.join("starts").display().to_string();
    let ca = folder.join("ca.pem").display().to_string();
    for (name, more) in
        [("in memory", vec![]), ("--data", vec!["--data", &kept]), ("--tls", vec!["--tls", "--ca-out", &ca])]
    {
        let times: super::Done<Vec<f64>> =
            (0..9).map(|_| Ok(Server::sandbox(&more)?.started.as_secs_f64() * 1000.0)).collect();
        match times {
            Ok(times) => println!("start to first answer, {name}: {:.1} ms (median of 9)", median(&times)),
            Err(problem) => println!("start to first answer, {name}: not measured ({problem})"),
        }
    }
    Ok(())
}

/// The sandbox with what it says at its start.
struct Sandbox {
    server: Server,
    token: String,
}

impl Sandbox {
    fn start(more: &[&str]) -> super::Done<Sandbox> {
        // The credentials of a site are the same after every start; `homologa sandbox` prints them.
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_homologa"));
        child.args(["sandbox", "--format", "json", "--port", "0"]).stdout(std::process::Stdio::piped());
        let mut child = child.spawn()?;
        let out = child.stdout.take().ok_or("no output")?;
        let told = serde_json::Deserializer::from_reader(out).into_iter::<serde_json::Value>().next();
        let told = told.ok_or("no output")??;
        child.kill()?;
        child.wait()?;
        let token = told["access_token"].as_str().ok_or("no credential")?.to_owned();
        Ok(Sandbox { server: Server::sandbox(more)?, token })
    }

    /// A payment, a token, and what reading the payment answers: the bytes for the bare server.
    fn samples(&self, folder: &Path, payment: &str) -> super::Done<String> {
        let card = between(LOADS[1].1, "local card = [[", "]]")?;
        let made = self.server.ask("POST", "/v1/payments", &self.token, "sample", payment)?;
        let id = serde_json::from_str::<serde_json::Value>(&made)?["id"].to_string();
        let read = self.server.ask("GET", &format!("/v1/payments/{id}"), &self.token, "", "")?;
        let token = self.server.ask("POST", "/v1/card_tokens", &self.token, "sample", card)?;
        // The id of the sample is digits alone there, so that the script that pays with tokens finds one.
        for (name, text) in [("made", made), ("read", read), ("token", token)] {
            fs::write(folder.join(format!("{name}.json")), text)?;
        }
        Ok(id)
    }
}

fn between<'t>(text: &'t str, from: &str, to: &str) -> super::Done<&'t str> {
    let (_, rest) = text.split_once(from).ok_or("no sample")?;
    Ok(rest.split_once(to).ok_or("no sample")?.0)
}

fn compare(folder: &Path, name: &str, more: &[&str], seconds: u64, rounds: u64) -> super::Done {
    let sandbox = Sandbox::start(more)?;
    let payment = between(LOADS[0].1, "local body = [[", "]]")?;
    sandbox.samples(folder, payment)?;
    let bare = Server::bare(folder)?;
    println!(
        "\n{name}\n{:<30}{:>12}{:>12}{:>8}{:>9}{:>9}{:>8}{:>8}{:>8}{:>8}",
        "", "sandbox/s", "bare/s", "ratio", "µs", "bare µs", "p50 ms", "p99 ms", "bare50", "bare99"
    );
    for (number, (title, text)) in LOADS.iter().enumerate() {
        let mut all: [Vec<Round>; 2] = [Vec::new(), Vec::new()];
        // Anew for each load: the loads before made the sandbox forget older payments.
        let id = sandbox.samples(folder, payment)?;
        for round in 0..rounds {
            let key = format!("{number}-{round}-");
            let script = load::script(
                folder,
                &format!("load{number}.lua"),
                text,
                &[("@TOKEN@", &sandbox.token), ("@KEY@", &key), ("@ID@", &id)],
            )?;
            for (server, rounds) in [&sandbox.server, &bare].into_iter().zip(&mut all) {
                let before = server.cpu()?;
                let said = load::run(&script, &server.base(), seconds, CONNECTIONS)?;
                let cpu = (server.cpu()? - before) * 1e6 / said.requests.max(1.0);
                rounds.push(Round { said, cpu });
            }
        }
        let of = |rounds: &[Round], what: fn(&Round) -> f64| median(&rounds.iter().map(what).collect::<Vec<f64>>());
        let (own, other) = (&all[0], &all[1]);
        let (rate, bare_rate) = (of(own, |one| one.said.per_second), of(other, |one| one.said.per_second));
        println!(
            "{title:<30}{rate:>12.0}{bare_rate:>12.0}{:>8.2}{:>9.1}{:>9.1}{:>8.2}{:>8.2}{:>8.2}{:>8.2}",
            rate / bare_rate,
            of(own, |one| one.cpu),
            of(other, |one| one.cpu),
            of(own, |one| one.said.half),
            of(own, |one| one.said.p99),
            of(other, |one| one.said.half),
            of(other, |one| one.said.p99),
        );
    }
    let found = sandbox.server.json("GET", "/v1/payments/search?limit=1", &sandbox.token, "", "")?;
    println!(
        "payments remembered: {}; memory: {:.0} MiB, at most {:.0} MiB (bare: {:.0} MiB)",
        found["paging"]["total"],
        sandbox.server.memory("VmRSS")?,
        sandbox.server.memory("VmHWM")?,
        bare.memory("VmHWM")?
    );
    Ok(())
}

/// Memory after a million payments.
fn million(folder: &Path, more: &[&str]) -> super::Done {
    let sandbox = Sandbox::start(more)?;
    let mut made = 0.0;
    for round in 0.. {
        if made >= 1e6 {
            break;
        }
        let key = format!("million-{round}-");
        let script = load::script(folder, "million.lua", LOADS[0].1, &[("@TOKEN@", &sandbox.token), ("@KEY@", &key)])?;
        made += load::run(&script, &sandbox.server.base(), 5, CONNECTIONS)?.requests;
    }
    let found = sandbox.server.json("GET", "/v1/payments/search?limit=1", &sandbox.token, "", "")?;
    println!(
        "\n{made:.0} payments {}: {} remembered, memory {:.0} MiB, at most {:.0} MiB",
        more.join(" "),
        found["paging"]["total"],
        sandbox.server.memory("VmRSS")?,
        sandbox.server.memory("VmHWM")?
    );
    Ok(())
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
