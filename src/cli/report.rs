//! `homologa report RUN`: a recorded run, rendered again. The same record gives the same bytes.
//! `homologa report merge OUT RECORD…`: the records of the parts of a run, joined.
//! `homologa report portfolio RECORD…`: the shops of all records on one sheet.

use std::path::Path;

use super::args::{MergeArgs, PortfolioArgs, ReportArgs, ReportCommand};
use super::output::Output;
use super::session::{self, Outputs};
use crate::i18n::Message;
use crate::merge::{self, Part};
use crate::report::portfolio::{self, Portfolio};
use crate::run::{Problem, RunRecord, read_record};

pub(super) fn run(output: &Output, args: &ReportArgs) -> Result<u8, Vec<Problem>> {
    match (&args.command, &args.record) {
        (Some(ReportCommand::Merge(args)), _) => merge(output, args),
        (Some(ReportCommand::Portfolio(args)), _) => portfolio(output, args),
        (None, Some(record)) => {
            let record = read(output, record).map_err(|problem| vec![problem])?;
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

fn finish(output: &Output, record: &RunRecord, outputs: &Outputs) -> Result<u8, Vec<Problem>> {
    let (written, problems) = session::write_reports(record, &outputs.reports, output);
    session::summarise(record, output, &written);
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
    let whole = merge::join(parts)?;
    output.problems(&whole.problems);
    finish(output, &whole, &outputs)
}

/// Puts the shops of all records on one sheet.
fn portfolio(output: &Output, args: &PortfolioArgs) -> Result<u8, Vec<Problem>> {
    let outputs = Outputs::of_formats(&args.report, &portfolio::FORMATS).map_err(|problem| vec![problem])?;
    let (mut records, mut problems) = (Vec::new(), Vec::new());
    for path in &args.records {
        match read(output, path) {
            Ok(record) => records.push((path.display().to_string(), record)),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let portfolio = Portfolio::of(&records);
    if portfolio.shops.is_empty() {
        let problem = Problem::input(Message::new("portfolio.none"));
        return Err(vec![problem.fix(Message::new("portfolio.none-fix"))]);
    }
    for (format, path) in &outputs.reports {
        let written = session::replace(path, |out| portfolio::write(format, &portfolio, output.lang, out));
        problems.extend(written.err().map(|fault| fault.problem(path.display().to_string())));
    }
    if output.json {
        output.json_by(|out| portfolio::json(&portfolio, output.lang, out));
    } else {
        output.result(&portfolio::summary(&portfolio, output.lang, output.width(), true));
    }
    if problems.is_empty() { Ok(portfolio.verdict.exit_code()) } else { Err(problems) }
}
