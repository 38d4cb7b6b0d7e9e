//! `homologa report RUN`: a recorded run, rendered again. The same record gives the same bytes.
//! `homologa report merge OUT RECORD…`: the records of the parts of a run, joined.

use std::path::Path;

use super::args::{MergeArgs, ReportArgs, ReportCommand};
use super::gate;
use super::output::Output;
use super::session::{self, Outputs};
use crate::i18n::Message;
use crate::merge::{self, Part};
use crate::run::policy::{Judgement, Policy};
use crate::run::{Problem, RunRecord, read_record};

pub(super) fn run(output: &Output, args: &ReportArgs) -> Result<u8, Vec<Problem>> {
    match (&args.command, &args.record) {
        (Some(ReportCommand::Merge(args)), _) => merge(output, args),
        (None, Some(record)) => {
            let policy = gate::policy(&args.gate, None)?;
            let mut record = read(output, record).map_err(|problem| vec![problem])?;
            judge(&mut record, policy.as_ref());
            let outputs = Outputs::from_args(&args.outputs).map_err(|problem| vec![problem])?;
            finish(output, &record, &outputs)
        }
        (None, None) => Ok(crate::exit::INPUT),
    }
}

/// Reads a record; says so when it is partial, and judges what is there.
fn read(output: &Output, path: &Path) -> Result<RunRecord, Problem> {
    // The folder of `--output` holds the journal of the run.
    let file = session::journal_in(path);
    let mut record = read_record(&file)?;
    if !record.complete {
        output.note(&Message::new("cli.partial").with("file", file.display()));
        record.verdict = Some(record.judge());
    }
    Ok(record)
}

/// Another gate than that of the run: the part that its own one had in the verdict goes with it.
fn judge(record: &mut RunRecord, policy: Option<&Policy>) {
    if let Some(policy) = policy {
        record.policy = Some(Judgement::of(policy, record, record.complete));
        record.verdict = Some(record.judge());
    }
}

fn finish(output: &Output, record: &RunRecord, outputs: &Outputs) -> Result<u8, Vec<Problem>> {
    let (written, problems) = session::write_reports(record, &outputs.reports, output);
    session::summarise(record, output, outputs, &written);
    if problems.is_empty() { Ok(record.exit_code()) } else { Err(problems) }
}

/// Joins the parts of a run.
fn merge(output: &Output, args: &MergeArgs) -> Result<u8, Vec<Problem>> {
    let (mut parts, mut problems) = (Vec::new(), Vec::new());
    for path in &args.records {
        match read(output, path) {
            Ok(record) => parts.push(Part { file: path.display().to_string(), record }),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let outputs = Outputs::beside(&args.out).with(&args.report).map_err(|problem| vec![problem])?;
    let policy = gate::policy(&args.gate, None)?;
    let mut whole = merge::join(parts)?;
    judge(&mut whole, policy.as_ref());
    output.problems(&whole.problems);
    finish(output, &whole, &outputs)
}
