//! The load: what wrk sends, and what it says of it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// A kind of load: its name, and the script for wrk. `@TOKEN@`, `@KEY@` and `@ID@` are filled in.
pub const LOADS: [(&str, &str); 3] = [
    ("POST /v1/payments (offline)", include_str!("pay.lua")),
    ("card token, then its payment", include_str!("card.lua")),
    ("GET /v1/payments/ID", include_str!("get.lua")),
];

/// What wrk says.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    pub requests: f64,
    pub per_second: f64,
    /// In milliseconds.
    pub half: f64,
    pub p99: f64,
}

/// Whether there is a wrk.
pub fn there() -> bool {
    Command::new("wrk").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Lets a script run against an address.
pub fn run(script: &Path, base: &str, seconds: u64, connections: u32) -> super::Done<Said> {
    let mut command = Command::new("wrk");
    command
        .args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), "--latency", "-s"])
        .arg(script)
        .arg(base);
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for bad in ["Non-2xx", "Socket errors"] {
        if text.contains(bad) {
            return Err(format!("{}: {text}{}", script.display(), String::from_utf8_lossy(&output.stderr)).into());
        }
    }
    let after = |word: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(word));
        line.and_then(|rest| rest.split_whitespace().next()).unwrap_or_default().to_owned()
    };
    let requests = text.lines().find_map(|line| line.trim().split_once(" requests in ")).map_or("", |(count, _)| count);
    Ok(Said {
        requests: requests.parse().map_err(|_| text.clone())?,
        per_second: after("Requests/sec:").parse().map_err(|_| text.clone())?,
        half: milliseconds(&after("50%")).ok_or_else(|| text.clone())?,
        p99: milliseconds(&after("99%")).ok_or_else(|| text.clone())?,
    })
}

fn milliseconds(text: &str) -> Option<f64> {
    let units = [("us", 0.001), ("ms", 1.0), ("s", 1000.0)];
    let (number, unit) = units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    Some(number.parse::<f64>().ok()? * unit)
}

/// Writes a script with its blanks filled in.
pub fn script(folder: &Path, name: &str, text: &str, blanks: &[(&str, &str)]) -> super::Done<std::path::PathBuf> {
    let text = blanks.iter().fold(text.to_owned(), |text, (blank, value)| text.replace(blank, value));
    let path = folder.join(name);
    fs::write(&path, text)?;
    Ok(path)
}
