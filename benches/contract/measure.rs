//! Runs the programs in turn, so that a slow moment of the machine hits them all, and prints the medians.
//!
//! Processor time is that of the whole program, from the system's own books (`/proc`), in steps of 10 ms: short programs
//! are run often enough that the steps do not matter. Memory is the largest resident size that was seen.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::scenarios;

/// Of the form of a test credential, and nobody's.
pub const TOKEN: &str = concat!("TEST-1234567890123456-", "112010-0123456789abcdef0123456789abcdef-448870796");

struct Program {
    name: &'static str,
    command: Box<dyn Fn(usize) -> Command>,
}

/// What one round of one program cost.
#[derive(Clone, Copy)]
struct Cost {
    cpu: f64,
    wall: f64,
    mib: f64,
}

/// `[N …]`
pub fn run(words: &[String]) -> super::Done {
    let counts: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let counts = if counts.is_empty() { vec![1, 100, 1000] } else { counts };
    let folder = tempfile::tempdir()?;
    let here = std::env::current_exe()?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let address = format!("127.0.0.1:{port}");
    let base = format!("http://{address}");
    let _server = Killed(Command::new(&here).args(["server", &port.to_string()]).spawn()?);
    stats(&address)?;
    for count in &counts {
        scenarios::write(&folder.path().join(count.to_string()), *count, &base)?;
    }
    let programs = programs(folder.path(), &here, &address, &base);
    println!("processor time in ms of one run, and as multiples of the floor; medians of interleaved rounds");
    for count in counts {
        compare(&programs, count, &address)?;
    }
    broken(folder.path(), &base)
}

fn programs(folder: &Path, here: &Path, address: &str, base: &str) -> Vec<Program> {
    let (at, address, here) = (folder.to_owned(), address.to_owned(), here.to_owned());
    let floor = move |count: usize| {
        let mut command = Command::new(&here);
        let file = at.join(count.to_string()).join("floor.yaml");
        command.arg("floor").arg(file).arg(&address).arg(concat!(env!("CARGO_MANIFEST_DIR"), "/specs/schemas"));
        command
    };
    let with = |more: &'static [&'static str]| {
        let (at, base) = (folder.to_owned(), base.to_owned());
        move |count: usize| homologa(&at.join(count.to_string()).join("homologa"), &base, &at, more)
    };
    let mut programs = vec![
        Program { name: "floor", command: Box::new(floor) },
        Program { name: "homologa, record", command: Box::new(with(&["--journal", "record.jsonl"])) },
        Program {
            name: "homologa, record and reports",
            command: Box::new(with(&[
                "--journal",
                "record.jsonl",
                "--report",
                "html=r.html,json=r.json,junit=r.xml,sarif=r.sarif",
            ])),
        },
    ];
    let hurl = std::env::var_os("HURL").map_or_else(|| PathBuf::from("hurl"), PathBuf::from);
    if Command::new(&hurl).arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
        for (name, jobs) in [("hurl, 1 job (no schema)", "1"), ("hurl, 2 jobs (no schema)", "2")] {
            let (at, hurl) = (folder.to_owned(), hurl.clone());
            let command = move |count: usize| {
                let mut command = Command::new(&hurl);
                command.args(["--test", "--jobs", jobs]).arg(at.join(count.to_string()).join("hurl"));
                command
            };
            programs.push(Program { name, command: Box::new(command) });
        }
    } else {
        println!("Hurl is not installed, so nothing is compared with it: cargo install hurl --version 8.0.1 --locked");
    }
    programs
}

fn homologa(scenarios: &Path, base: &str, outputs: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homologa"));
    command.args(["contract", "run"]).arg(scenarios).args(["--target", base, "--quiet", "--no-preflight"]).args(more);
    command.current_dir(outputs).env("MERCADOPAGO_ACCESS_TOKEN", TOKEN);
    command
}

fn compare(programs: &[Program], count: usize, address: &str) -> super::Done {
    // Enough work for every program that the steps of the clock are small beside it.
    let (rounds, repeats) = (5, (1000 / count.max(1)).clamp(1, 50));
    let mut costs: Vec<Vec<Cost>> = programs.iter().map(|_| Vec::new()).collect();
    let mut connections = vec![0; programs.len()];
    for _ in 0..rounds {
        for (index, program) in programs.iter().enumerate() {
            stats(address)?;
            let cost = cost(program, count, repeats)?;
            let (requests, opened) = stats(address)?;
            if requests != count * repeats {
                return Err(format!("{}: the server counted {requests} of {}", program.name, count * repeats).into());
            }
            // The question for the numbers takes one connection.
            connections[index] = (opened - 1) / repeats;
            costs[index].push(cost);
        }
    }
    println!("\nN = {count}\n{:<32}{:>10}{:>8}{:>10}{:>8}{:>7}", "", "cpu ms", "×", "wall ms", "MiB", "conns");
    for (index, program) in programs.iter().enumerate() {
        let cpu = median(costs[index].iter().map(|cost| cost.cpu));
        let ratio = median(costs[index].iter().zip(&costs[0]).map(|(own, floor)| own.cpu / floor.cpu));
        let wall = median(costs[index].iter().map(|cost| cost.wall));
        let mib = median(costs[index].iter().map(|cost| cost.mib));
        let opened = connections[index];
        println!("{:<32}{cpu:>10.1}{ratio:>8.2}{wall:>10.1}{mib:>8.1}{opened:>7}", program.name);
    }
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn cost(program: &Program, count: usize, repeats: usize) -> Result<Cost, Box<dyn std::error::Error>> {
    let (before, began) = (children()?, Instant::now());
    let mut mib: f64 = 0.0;
    for _ in 0..repeats {
        let mut command = (program.command)(count);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let status = loop {
            mib = mib.max(resident(child.id()));
            match child.try_wait()? {
                Some(status) => break status,
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        if !status.success() {
            return Err(format!("{} ended with {status}", program.name).into());
        }
    }
    let each = 1000.0 / repeats as f64;
    Ok(Cost { cpu: (children()? - before) * each, wall: began.elapsed().as_secs_f64() * each, mib })
}

/// Processor seconds of all children that ended (proc(5): `cutime` and `cstime`, in hundredths of a second).
fn children() -> Result<f64, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = text.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    Ok((ticks(13) + ticks(14)) / 100.0)
}

/// The largest resident size of a process so far, in MiB (proc(5): `VmHWM`).
fn resident(id: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// Requests and connections since the last question.
fn stats(address: &str) -> Result<(usize, usize), Box<dyn std::error::Error>> {
    let began = Instant::now();
    let mut socket = loop {
        match TcpStream::connect(address) {
            Ok(socket) => break socket,
            Err(error) if began.elapsed() > Duration::from_secs(5) => return Err(error.into()),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    socket.write_all(b"GET /stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    socket.read_to_string(&mut text)?;
    let numbers = text.rsplit("\r\n\r\n").next().unwrap_or_default();
    let (requests, connections) = numbers.split_once(' ').ok_or("the server gave no numbers")?;
    Ok((requests.parse()?, connections.parse()?))
}

/// A run with one broken expectation has to fail.
fn broken(folder: &Path, base: &str) -> super::Done {
    let own = folder.join("broken");
    scenarios::write(&own, 3, base)?;
    let file = own.join("homologa/s000002.yaml");
    std::fs::write(&file, std::fs::read_to_string(&file)?.replace("\"approved\"", "\"rejected\""))?;
    let status =
        homologa(&own.join("homologa"), base, folder, &[]).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    match status.code() {
        Some(1) => {
            println!("\na broken expectation fails: yes");
            Ok(())
        }
        _ => Err(format!("a broken expectation ended with {status}").into()),
    }
}

/// A child that does not outlive the measurement.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
