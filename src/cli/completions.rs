//! `homologa completions SHELL`.

use super::args::{self, CompletionsArgs};
use super::output::Output;
use crate::exit;

pub(super) fn run(output: &Output, args: &CompletionsArgs) -> u8 {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut args::command(output.lang), "homologa", &mut text);
    output.result(&String::from_utf8_lossy(&text));
    exit::READY
}
