//! What a run of many scenarios costs, as ratios to the least that a Rust program must do for the same work, and to Hurl
//! where it is installed. Linux only.
//!
//! ```sh
//! cargo bench --profile dist --bench contract                  # 1, 100 and 1,000 scenarios
//! cargo bench --profile dist --bench contract -- 10000         # any number
//! HURL=/path/to/hurl cargo bench --profile dist --bench contract
//! ```
//!
//! The work: N scenarios, each one `POST` with a JSON body to a server on this machine that answers a payment of 3 KB;
//! of the answer, the status, six fields and the whole body are checked against the schema of payments. Every tenth
//! leaves the token out and expects the documented error 4000. Hurl checks no schema, which is less work.
//!
//! The program checks itself: the server has to have counted N requests, and a broken expectation has to fail.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its table")]

mod floor;
mod measure;
mod scenarios;
mod server;

use std::process::ExitCode;

/// What goes wrong, in words.
type Done = Result<(), Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let done = match words.first().map(String::as_str) {
        Some("server") => server::run(&words[1..]),
        Some("floor") => floor::run(&words[1..]),
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
