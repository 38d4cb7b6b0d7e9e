//! What a crawl with every static rule costs, as ratios to `wget -r` on the same served pages, which judges nothing.
//! Linux only.
//!
//! ```sh
//! cargo bench --profile dist --bench golive                    # 10, 100 and 1,000 pages
//! cargo bench --profile dist --bench golive -- 5000            # any number
//! cargo bench --profile dist --bench golive -- tls             # the TLS probe, beside openssl
//! SHOP=https://127.0.0.1:8443/ CA=ca.pem cargo bench --profile dist --bench golive -- 1000    # a shop that is served
//! ```
//!
//! The work: a shop of N pages of about 60 KB, served over HTTPS on this machine, read from its home page, politeness
//! off. The last table says what each part costs: reading over the network, parsing, the rules, the record.
//!
//! The program checks itself: every page has to be in the record, the seeded faults have to be found and no others.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its table")]

mod measure;
mod parts;
mod shop;
mod tls;

use std::process::ExitCode;

/// What goes wrong, in words.
type Done = Result<(), Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let done = match words.first().map(String::as_str) {
        Some("tls") => tls::run(),
        Some("server") => shop::serve(&words[1..]),
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
