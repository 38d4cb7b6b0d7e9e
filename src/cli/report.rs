//! `homologa report RUN…`: recorded runs, rendered again. The same records give the same bytes.
//! `homologa report --schema`: what a record looks like, for programs that read one.
//! `homologa report merge OUT RECORD…`: the records of the parts of a run, joined.
//! `homologa report portfolio RECORD…`: the shops of all records on one sheet; `--schema` as above, of that sheet.

use std::path::{Path, PathBuf};

use super::args::{MergeArgs, PortfolioArgs, ReportArgs, ReportCommand};
use super::gate;
use super::output::Output;
use super::pictures::{self, Gallery};
use super::session::{self, Outputs};
use super::templates;
use crate::i18n::Message;
use crate::merge::{self, Part};
use crate::report;
use crate::report::compare::Comparison;
use crate::report::html::Beside;
use crate::report::outline::Outline;
use crate::report::portfolio::{self, Portfolio};
use crate::report::trend::Point;
use crate::run::policy::{Judgement, Policy};
use crate::run::{Problem, RunRecord, read_record};

pub(super) fn run(output: &Output, args: &ReportArgs) -> Result<u8, Vec<Problem>> {
    match &args.command {
        Some(ReportCommand::Merge(args)) => merge(output, args),
        Some(ReportCommand::Portfolio(args)) if args.schema => schema(output, portfolio::SCHEMA),
        Some(ReportCommand::Portfolio(args)) => portfolio(output, args),
        None if args.schema => schema(output, report::json::SCHEMA),
        None => render(output, args),
    }
}

/// Writes a published schema as it stands in `specs/dsl/`.
fn schema(output: &Output, text: &str) -> Result<u8, Vec<Problem>> {
    output.report_by(|out| out.write_all(text.as_bytes()));
    Ok(crate::exit::READY)
}

fn render(output: &Output, args: &ReportArgs) -> Result<u8, Vec<Problem>> {
    let profile = gate::profile(&args.profile)?;
    let outputs = Outputs::of_run(&args.outputs, profile.as_ref())?;
    let templates = args.templates.as_deref().map(templates::read).transpose()?.unwrap_or_default();
    let policy = gate::policy(&args.gate, profile.as_ref())?;
    let mut history = History::default();
    for path in &args.records {
        history.take(read(output, path).map_err(one)?, session::journal_in(path));
    }
    let Some((mut record, file)) = history.latest else { return Ok(crate::exit::INPUT) };
    gate::judge_minimums(output, &mut record, profile.as_ref());
    judge(&mut record, policy.as_ref());
    if args.records.len() > 1 {
        output.note(&Message::new("cli.latest-of-runs").with("n", args.records.len()).with("file", file.display()));
    }
    let earlier = match &args.compare {
        Some(path) => Some(read(output, path).map_err(one)?),
        None => history.before,
    };
    let pictures = pictures::for_page(&record, &outputs.reports, file.parent());
    let beside = Beside { earlier, trend: history.points, pictures, templates };
    let (written, problems) = session::write_reports(&record, &outputs.reports, &beside, output);
    session::summarise(&record, output, &outputs, &written);
    if let Some(earlier) = &beside.earlier {
        output.note(&compared(&record, earlier));
    }
    if problems.is_empty() { Ok(record.exit_code()) } else { Err(problems) }
}

fn one(problem: Problem) -> Vec<Problem> {
    vec![problem]
}

/// Runs in the order in which they were made. Two of them are kept whole: the latest, and the one before it.
#[derive(Default)]
struct History {
    latest: Option<(RunRecord, PathBuf)>,
    before: Option<RunRecord>,
    points: Vec<Point>,
}

impl History {
    fn take(&mut self, record: RunRecord, file: PathBuf) {
        let point = Point::of(&record);
        let at = self.points.partition_point(|known| known.started <= point.started);
        let last = at == self.points.len();
        let second = at + 1 == self.points.len();
        self.points.insert(at, point);
        if last {
            self.before = self.latest.replace((record, file)).map(|(record, _)| record);
        } else if second {
            self.before = Some(record);
        }
    }
}

/// Reads a record; says so when it is partial. What a run did not come to may be what speaks against it: a partial record
/// has no verdict, as the run itself had none.
fn read(output: &Output, path: &Path) -> Result<RunRecord, Problem> {
    // The folder of `--output` holds the journal of the run.
    let file = session::journal_in(path);
    let record = read_record(&file)?;
    // A run that is only cut short says so at its end; what is damaged in the middle nobody else tells.
    let damaged = record.problems.iter().find(|problem| problem.message.key == "run.broken-lines");
    if let Some(damaged) = damaged {
        output.problems(&[damaged.clone().in_file(file.display().to_string())]);
    } else if !record.complete {
        output.note(&Message::new("cli.partial").with("file", file.display()));
    }
    Ok(record)
}

/// What changed, in a line.
fn compared(record: &RunRecord, earlier: &RunRecord) -> Message {
    let (outline, before) = (Outline::of(record), Outline::of(earlier));
    let compared = Comparison::of(record, &outline, earlier, &before);
    let mended = compared.mended();
    Message::new("cli.compared")
        .with("fresh", compared.fresh.len())
        .with("mended", mended)
        .with("unchanged", compared.unchanged)
        .with("unseen", compared.gone.len() - mended)
}

/// Another gate than that of the run: the part that its own one had in the verdict goes with it.
fn judge(record: &mut RunRecord, policy: Option<&Policy>) {
    if let Some(policy) = policy {
        record.policy = Some(Judgement::of(policy, record, record.complete));
        record.verdict = record.complete.then(|| record.judge());
    }
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
    merge::check(&parts)?;
    let profile = gate::profile(&args.profile)?;
    let mut outputs = Outputs::beside(&args.out).with(&args.report).map_err(|problem| vec![problem])?;
    if args.report.is_empty() {
        outputs = outputs.and_of(profile.as_ref());
    }
    let policy = gate::policy(&args.gate, profile.as_ref())?;
    let json = outputs.reports.get("json").filter(|file| !session::is_stdout(file));
    let json = json.cloned().unwrap_or_else(|| args.out.join("report.json"));
    let mut gallery = Gallery::of(&json, json != args.out);
    for (part, path) in parts.iter_mut().zip(&args.records) {
        gallery.take(&mut part.record, session::journal_in(path).parent());
    }
    if gallery.missing > 0 {
        output.note(&Message::new("cli.pictures-missing").with("n", gallery.missing));
    }
    let mut whole = merge::join(parts)?;
    gate::judge_minimums(output, &mut whole, profile.as_ref());
    judge(&mut whole, policy.as_ref());
    output.problems(&whole.problems);
    let pictures = pictures::for_page(&whole, &outputs.reports, Some(gallery.beside()));
    let beside = Beside { pictures, ..Beside::default() };
    let (written, mut problems) = session::write_reports(&whole, &outputs.reports, &beside, output);
    problems.extend(gallery.fault.map(|(file, fault)| fault.problem(file.display().to_string())));
    session::summarise(&whole, output, &outputs, &written);
    if problems.is_empty() { Ok(whole.exit_code()) } else { Err(problems) }
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
