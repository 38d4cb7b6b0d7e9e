//! The command line: arguments, and one file for each command. Wires engines, record and reports together;
//! decides nothing about contracts or shops.
//!
//! Standard output is the result, standard error is progress and diagnostics.

mod args;
mod baseline;
mod check;
mod completions;
mod contract;
mod coverage;
mod demo;
mod drift;
mod explain;
mod gate;
mod golive;
mod golive_accept;
mod help;
mod init;
mod man;
mod output;
mod pictures;
mod report;
mod sandbox;
mod session;
mod share;
mod tape;
mod templates;
mod validate;

use std::process::ExitCode;

use crate::exit;
use crate::http;
use crate::run::{Blame, Problem};
use args::Command;
use output::Output;

pub use args::command;

/// Parses the command line, runs the command and gives its exit code (see [`crate::exit`]).
pub fn main() -> ExitCode {
    http::install_crypto();
    let code = match args::parse(std::env::args_os()) {
        Ok((options, command)) => {
            let output = Output::new(&options);
            match own_data(&options) {
                Ok(()) => run(&output, command),
                Err(problems) => {
                    output.problems(&problems);
                    exit::INPUT
                }
            }
        }
        Err(code) => code,
    };
    ExitCode::from(code)
}

/// Puts the user's data in the place of the built-in one, before anything reads it.
fn own_data(options: &args::Options) -> Result<(), Vec<Problem>> {
    if let Some(folder) = &options.specs {
        crate::specs::overlay::use_folder(folder)?;
    }
    if let Some(folder) = &options.rules {
        crate::golive::rule::use_folder(folder)?;
        // Whatever command comes: a mistake in a rule is told now.
        crate::golive::rule::RuleSet::builtin()?;
    }
    Ok(())
}

fn run(output: &Output, command: Command) -> u8 {
    let done = match command {
        Command::Demo(args) => block_on(demo::run(output, &args)),
        Command::Init(args) => init::run(output, &args),
        Command::Check(args) => block_on(check::run(output, &args)),
        Command::Contract(args) => block_on_one_thread(contract::run(output, *args)),
        Command::Golive(args) => block_on(golive::run(output, &args)),
        Command::Sandbox(args) => block_on(sandbox::run(output, &args)),
        Command::Report(args) => report::run(output, &args),
        Command::Explain(args) => explain::run(output, &args),
        Command::Completions(args) => Ok(completions::run(output, &args)),
        Command::Man(args) => man::run(output, &args),
    };
    let code = done.unwrap_or_else(|problems| {
        output.problems(&problems);
        if problems.iter().any(|problem| problem.blame == Blame::Input) { exit::INPUT } else { exit::INCONCLUSIVE }
    });
    if output.lost() {
        // Nobody has seen the result: no pipeline may take it for good news.
        output.problems(&[Problem::environment(crate::i18n::Message::new("run.lost-output"))]);
        return if code == exit::READY { exit::INCONCLUSIVE } else { code };
    }
    code
}

/// For work that shares the processors: pages are read and judged side by side.
fn block_on(work: impl Future<Output = Result<u8, Vec<Problem>>>) -> Result<u8, Vec<Problem>> {
    drive(tokio::runtime::Builder::new_multi_thread(), work)
}

/// For work that waits for answers most of the time: passing it between threads would cost more than the work.
fn block_on_one_thread(work: impl Future<Output = Result<u8, Vec<Problem>>>) -> Result<u8, Vec<Problem>> {
    drive(tokio::runtime::Builder::new_current_thread(), work)
}

fn drive(
    mut runtime: tokio::runtime::Builder,
    work: impl Future<Output = Result<u8, Vec<Problem>>>,
) -> Result<u8, Vec<Problem>> {
    let runtime = runtime.enable_all().build().map_err(|error| {
        vec![Problem::environment(crate::i18n::Message::new("cli.no-runtime").with("error", error))]
    })?;
    runtime.block_on(work)
}
