//! What the sandbox costs beside a bare server (axum on hyper) that answers the same bytes, and how soon it answers.
//! Linux only; the load comes from wrk.
//!
//! ```sh
//! apt-get install wrk
//! cargo bench --profile dist --bench sandbox                   # throughput, latency, memory, start
//! cargo bench --profile dist --bench sandbox -- million        # memory after 1,000,000 payments too
//! SECONDS_EACH=8 ROUNDS=5 cargo bench --profile dist --bench sandbox
//! ```
//!
//! Both servers run on this machine with the load, in turn, round after round. Requests per second are what wrk counted;
//! processor time for each request is that of the server alone, from the system's own books, which a busy machine
//! disturbs less. Every answer is checked by wrk's count of errors, and the sandbox's memory of payments at the end.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its table")]

mod bare;
mod load;
mod measure;
mod servers;

use std::process::ExitCode;

/// What goes wrong, in words.
type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let done = match words.first().map(String::as_str) {
        Some("bare") => bare::run(&words[1..]),
        _ => measure::run(&words),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}
