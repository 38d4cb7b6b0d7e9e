//! `homologa report RUN…`: recorded runs, rendered again. The same records give the same bytes.

use std::path::{Path, PathBuf};

use super::args::ReportArgs;
use super::output::Output;
use super::session::{self, Outputs};
use super::{pictures, templates};
use crate::i18n::Message;
use crate::report::compare::Comparison;
use crate::report::html::Beside;
use crate::report::outline::Outline;
use crate::report::trend::Point;
use crate::run::{Problem, RunRecord, read_record};

pub(super) fn run(output: &Output, args: &ReportArgs) -> Result<u8, Vec<Problem>> {
    let outputs = Outputs::from_args(&args.outputs).map_err(|problem| vec![problem])?;
    let templates = args.templates.as_deref().map(templates::read).transpose()?.unwrap_or_default();
    let mut history = History::default();
    for path in &args.records {
        history.take(read(path, output)?, file_of(path));
    }
    let Some((record, file)) = history.latest else { return Ok(crate::exit::INPUT) };
    if args.records.len() > 1 {
        output.note(&Message::new("cli.latest-of-runs").with("n", args.records.len()).with("file", file.display()));
    }
    let earlier = match &args.compare {
        Some(path) => Some(read(path, output)?),
        None => history.before,
    };
    let pictures =
        if outputs.reports.contains_key("html") { pictures::read(&record, file.parent()) } else { Default::default() };
    let beside = Beside { earlier, trend: history.points, pictures, templates };
    let (written, problems) = session::write_reports(&record, &outputs.reports, &beside, output);
    session::summarise(&record, output, &written);
    if let Some(earlier) = &beside.earlier {
        output.note(&compared(&record, earlier));
    }
    if problems.is_empty() { Ok(record.exit_code()) } else { Err(problems) }
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

/// The record in a folder of `--output`, or the file itself.
fn file_of(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("record.jsonl") } else { path.to_owned() }
}

fn read(path: &Path, output: &Output) -> Result<RunRecord, Vec<Problem>> {
    let file = file_of(path);
    let mut record = read_record(&file).map_err(|problem| vec![problem])?;
    if !record.complete {
        output.note(&Message::new("cli.partial").with("file", file.display()));
        record.verdict = Some(record.judge());
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
