//! `homologa report RUN`: a recorded run, rendered again. The same record gives the same bytes.

use super::args::ReportArgs;
use super::output::Output;
use super::session::{self, Outputs};
use crate::i18n::Message;
use crate::run::{Problem, read_record};

pub(super) fn run(output: &Output, args: &ReportArgs) -> Result<u8, Vec<Problem>> {
    // The folder of `--output` holds the journal of the run.
    let file = if args.record.is_dir() { args.record.join("record.jsonl") } else { args.record.clone() };
    let mut record = read_record(&file).map_err(|problem| vec![problem])?;
    let outputs = Outputs::from_args(&args.outputs).map_err(|problem| vec![problem])?;
    if !record.complete {
        output.note(&Message::new("cli.partial").with("file", file.display()));
        record.verdict = Some(record.judge());
    }
    let (written, problems) = session::write_reports(&record, &outputs.reports, output);
    session::summarise(&record, output, &written);
    if problems.is_empty() { Ok(record.exit_code()) } else { Err(problems) }
}
