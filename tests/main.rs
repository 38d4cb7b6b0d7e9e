//! The program from outside: as a command, over HTTP, on served shops. One binary, modules by theme.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests may")]

mod cli;
mod contract;
mod fuzz;
mod golive;
mod report;
mod sdk;
mod support;
