//! One run from its first event to its reports.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::args::RecordArgs;
use super::gate::Named;
use super::output::Output;
use super::pictures;
use crate::i18n::Message;
use crate::report::html::Beside;
use crate::report::{self, Fault, terminal};
use crate::run::policy::Policy;
use crate::run::{
    Blame, Collector, Earlier, Event, FORMAT, Journal, Listener, Problem, RunRecord, RunStarted, Shard, Sink, Stop,
    Versions, differences,
};
use crate::secret::Redactor;
use crate::{ids, specs};

/// Bytes that are collected before a report's file is written to.
const BUFFER: usize = 64 * 1024;
/// Formats that a folder gets without being asked, with the names of their files.
const IN_FOLDER: [(&str, &str); 2] = [("html", "report.html"), ("json", "report.json")];

/// A run that is going on.
pub(super) struct Session {
    collector: Arc<Collector>,
    pub(super) started: Instant,
    /// Seed of the run.
    pub(super) seed: u64,
    /// By which engines are asked for an early end.
    pub(super) stop: Stop,
    /// What makes the run fail, where somebody asked for something of their own.
    pub(super) policy: Option<Policy>,
    /// Which part of the run this is, if it is one.
    pub(super) shard: Option<Shard>,
    /// What of an earlier run stands.
    pub(super) earlier: Earlier,
    outputs: Outputs,
}

/// What a run is asked to be.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Seed, if one was asked for.
    pub(super) seed: Option<u64>,
    /// Which part of a run, if it is one.
    pub(super) shard: Option<Shard>,
    /// The journal that it goes on from, if it goes on from one.
    pub(super) resume: Option<PathBuf>,
    /// What results follow from; see [`RunStarted::options`].
    pub(super) options: BTreeMap<String, String>,
}

/// Where record and reports go.
#[derive(Debug, Clone, Default)]
pub(super) struct Outputs {
    /// Journal of the run.
    pub(super) journal: Option<PathBuf>,
    /// Reports by format.
    pub(super) reports: BTreeMap<String, PathBuf>,
}

impl Outputs {
    /// Record, HTML and JSON in a folder.
    pub(super) fn in_folder(folder: &Path) -> Outputs {
        let reports = IN_FOLDER.iter().map(|(format, file)| ((*format).to_owned(), folder.join(file)));
        Outputs { journal: Some(folder.join("record.jsonl")), reports: reports.collect() }
    }

    /// What is made of records: JSON alone in a file of that name, else HTML and JSON in a folder.
    pub(super) fn beside(out: &Path) -> Outputs {
        if out.extension().is_some_and(|ending| ending == "json") && !out.is_dir() {
            return Outputs { journal: None, reports: BTreeMap::from([("json".to_owned(), out.to_owned())]) };
        }
        Outputs { journal: None, ..Outputs::in_folder(out) }
    }

    /// What the command line asks for.
    ///
    /// # Errors
    /// A problem of the input for a format that does not exist.
    pub(super) fn from_args(args: &RecordArgs) -> Result<Outputs, Problem> {
        args.output.as_deref().map(Outputs::in_folder).unwrap_or_default().with(&args.report)
    }

    /// What the command line asks for, and the reports of a profile where it names none itself.
    ///
    /// # Errors
    /// As [`Outputs::from_args`].
    pub(super) fn of_run(args: &RecordArgs, profile: Option<&Named>) -> Result<Outputs, Vec<Problem>> {
        let outputs = Outputs::from_args(args).map_err(|problem| vec![problem])?;
        Ok(if args.report.is_empty() { outputs.and_of(profile) } else { outputs })
    }

    /// The same with the reports of a profile.
    pub(super) fn and_of(mut self, profile: Option<&Named>) -> Outputs {
        let reports = profile.into_iter().flat_map(|(_, profile)| &profile.reports);
        self.reports.extend(reports.map(|(format, path)| (format.clone(), path.clone())));
        self
    }

    /// The same with the journal in a file of its own.
    pub(super) fn journal(mut self, file: Option<&Path>) -> Outputs {
        self.journal = file.map(Path::to_owned).or(self.journal);
        self
    }

    /// The same with reports that the command line asks for, each word `FORMAT=FILE`.
    ///
    /// # Errors
    /// A problem of the input for a format that does not exist, and for a format or a file that is asked for twice.
    pub(super) fn with(self, words: &[String]) -> Result<Outputs, Problem> {
        self.with_formats(words, &report::FORMATS)
    }

    /// Reports alone, in other formats than those of a run.
    ///
    /// # Errors
    /// As [`Outputs::with`].
    pub(super) fn of_formats(words: &[String], formats: &[&str]) -> Result<Outputs, Problem> {
        Outputs::default().with_formats(words, formats)
    }

    fn with_formats(mut self, words: &[String], formats: &[&str]) -> Result<Outputs, Problem> {
        let mut asked = Vec::new();
        for word in words {
            let Some((format, path)) =
                word.split_once('=').filter(|(format, path)| formats.contains(format) && !path.is_empty())
            else {
                return Err(Problem::input(Message::new("cli.bad-report").with("word", word))
                    .fix(Message::new("cli.bad-report-fix").with("formats", formats.join(", "))));
            };
            let path = PathBuf::from(path);
            let taken = self.reports.iter().any(|(other, file)| other != format && *file == path);
            if taken || asked.contains(&format) {
                return Err(Problem::input(Message::new("cli.report-twice").with("word", word))
                    .fix(Message::new("cli.report-twice-fix")));
            }
            asked.push(format);
            self.reports.insert(format.to_owned(), path);
        }
        Ok(self)
    }
}

/// Versions of everything that verdicts rest on.
fn versions() -> Versions {
    Versions {
        homologa: env!("CARGO_PKG_VERSION").to_owned(),
        catalogue: specs::catalogue::CURRENT_SNAPSHOT.to_owned(),
        catalogue_read: Some(specs::catalogue::CURRENT_READ.to_owned()),
        specs: specs::digest(),
        rules: crate::golive::rule::digest(),
    }
}

/// The command line as typed, without the program's path and with secrets masked.
fn command_line() -> String {
    let words: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let line = words
        .iter()
        .map(|word| {
            // `--option=URL` as well as a URL alone.
            let (option, value) = match word.split_once('=') {
                Some((option, value)) if option.starts_with('-') => (&word[..=option.len()], value),
                _ => ("", word.as_str()),
            };
            match url::Url::parse(value) {
                Ok(url) if url.has_host() => format!("{option}{}", crate::http::shown(&url)),
                _ => word.clone(),
            }
        })
        .collect::<Vec<_>>()
        .join(" ");
    Redactor::default().text(&line).into_owned()
}

impl Session {
    /// Starts a run, or goes on with an earlier one: opens its journal and emits the first event.
    ///
    /// # Errors
    /// The journal cannot be written; the earlier run cannot be read, or is another one.
    pub(super) fn start(output: &Output, mut outputs: Outputs, asked: Asked) -> Result<Session, Problem> {
        let mut earlier = Earlier::default();
        let now = jiff::Timestamp::now();
        let mut started = RunStarted {
            format: FORMAT,
            started: jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string(),
            command: command_line(),
            seed: asked.seed.unwrap_or(0),
            versions: versions(),
            shard: asked.shard,
            options: asked.options,
        };
        let journal = match &asked.resume {
            Some(path) => {
                let path = journal_in(path);
                earlier = crate::run::resume(&path)?;
                // The seed is that of the earlier run, unless another one was asked for.
                started.seed = asked.seed.unwrap_or(earlier.started.seed);
                let differ = differences(&earlier.started, &started, true);
                if !differ.is_empty() {
                    let message = Message::new("run.other-run").with("differences", differ.join("; "));
                    return Err(Problem::input(message)
                        .fix(Message::new("run.other-run-fix"))
                        .in_file(path.display().to_string()));
                }
                started = earlier.started.clone();
                let journal = Journal::resume(&path, &std::mem::take(&mut earlier.lines))?;
                outputs.journal = Some(path);
                Some(journal)
            }
            None => {
                if asked.seed.is_none() {
                    started.seed = ids::Ids::random_seed();
                }
                outputs.journal.as_deref().map(Journal::create).transpose()?
            }
        };
        let live = output.live().map(|live| Box::new(live) as Box<dyn Listener>);
        let collector = Arc::new(Collector::new(journal, live).brief(outputs.reports.is_empty() && !output.json));
        let (seed, shard) = (started.seed, started.shard);
        if asked.resume.is_some() {
            let done = Message::new("cli.resuming").with("n", earlier.scenarios.len()).with("m", earlier.shops.len());
            output.note(&done);
            collector.go_on_from(std::mem::take(&mut earlier.events));
        } else {
            collector.emit(Event::RunStarted(started));
        }
        // A run that goes on has lasted as long as the earlier one already.
        let (now, stop) = (Instant::now(), Stop::default());
        let started = now.checked_sub(Duration::from_millis(earlier.elapsed_ms)).unwrap_or(now);
        Ok(Session { collector, started, seed, stop, policy: None, shard, earlier, outputs })
    }

    /// Whom engines tell.
    pub(super) fn sink(&self) -> &dyn Sink {
        &*self.collector
    }

    /// Records problems; the run goes on.
    pub(super) fn problems(&self, problems: Vec<Problem>) {
        for problem in problems {
            self.collector.emit(Event::Problem(problem));
        }
    }

    /// Runs work until it ends or somebody interrupts it; what was done until then stays in the record. The first
    /// interruption lets engines finish what they have begun, for a bounded time; a second one ends at once.
    pub(super) async fn until_interrupted(&self, output: &Output, work: impl Future<Output = ()>) -> bool {
        let mut interruptions = interruptions();
        tokio::pin!(work);
        tokio::select! {
            () = &mut work => return false,
            _ = interruptions.recv() => {}
        }
        self.stop.ask();
        if self.stop.attended() {
            output.note(&Message::new("cli.winding-down").with("seconds", Stop::GRACE.as_secs()));
        }
        tokio::select! {
            biased;
            () = &mut work => {}
            // Whatever else the work would go on to.
            () = self.stop.idle() => {}
            _ = interruptions.recv() => {}
            () = tokio::time::sleep(Stop::GRACE + Duration::from_secs(1)) => {}
        }
        self.problems(vec![Problem::environment(Message::new("cli.interrupted"))]);
        true
    }

    /// Ends the run and gives its record, without writing anything.
    pub(super) fn record(&self, interrupted: bool) -> RunRecord {
        let elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        // A run that was broken off may go on later, and is judged then.
        if let Some(policy) = self.policy.as_ref().filter(|_| !interrupted) {
            self.collector.emit(Event::PolicyJudged(Box::new(self.collector.judge_by(policy, true))));
        }
        self.collector.emit(if interrupted {
            Event::RunInterrupted { elapsed_ms }
        } else {
            Event::RunFinished { verdict: self.collector.judge(), elapsed_ms }
        });
        self.collector.take_record()
    }

    /// Writes the reports of a run that has ended; gives the paths written and what could not be.
    pub(super) fn write(&self, record: &RunRecord, output: &Output) -> (Vec<String>, Vec<Problem>) {
        let pictures = pictures::for_page(record, &self.outputs.reports, None);
        let beside = Beside { pictures, ..Beside::default() };
        write_reports(record, &self.outputs.reports, &beside, output)
    }

    /// Ends the run: judges, writes the reports and the summary. Gives the record and the exit code.
    ///
    /// # Errors
    /// A report cannot be written; the record stays in its journal.
    pub(super) fn finish(self, output: &Output, interrupted: bool) -> Result<(RunRecord, u8), Vec<Problem>> {
        let record = self.record(interrupted);
        let mut problems: Vec<Problem> = self.collector.journal_problem().into_iter().collect();
        output.problems(&record.problems);
        let nothing_ran = record.contract.is_none() && record.shops.is_empty();
        if nothing_ran && record.problems.iter().any(|problem| problem.blame == Blame::Input) && !output.json {
            // A mistake in the user's own input is all there is to say.
            return Ok((record, crate::exit::INPUT));
        }
        let (written, failed) = self.write(&record, output);
        problems.extend(failed);
        summarise(&record, output, &self.outputs, &written);
        if problems.is_empty() {
            let code = record.exit_code();
            Ok((record, code))
        } else {
            Err(problems)
        }
    }
}

/// Ctrl-C and the request to terminate, each time they come.
fn interruptions() -> tokio::sync::mpsc::Receiver<()> {
    let (send, receive) = tokio::sync::mpsc::channel(2);
    let on_terminate = send.clone();
    tokio::spawn(async move { while tokio::signal::ctrl_c().await.is_ok() && send.send(()).await.is_ok() {} });
    #[cfg(unix)]
    tokio::spawn(async move {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
        while terminate.recv().await.is_some() && on_terminate.send(()).await.is_ok() {}
    });
    #[cfg(not(unix))]
    drop(on_terminate);
    receive
}

/// Writes the reports of a record; gives the paths written and what could not be.
pub(super) fn write_reports(
    record: &RunRecord,
    reports: &BTreeMap<String, PathBuf>,
    beside: &Beside,
    output: &Output,
) -> (Vec<String>, Vec<Problem>) {
    let (mut written, mut problems) = (Vec::new(), Vec::new());
    for (format, path) in reports {
        let shown = path.display().to_string();
        let write = |out: &mut dyn Write| match format.as_str() {
            // The one that shows more than the record itself.
            "html" => report::html::write_with(record, beside, output.lang, out),
            _ => report::write(format, record, output.lang, out),
        };
        if is_stdout(path) {
            let mut fault = None;
            output.report_by(|out| match write(out) {
                Err(Fault::Write(error)) => Err(error),
                Err(template) => {
                    fault = Some(template);
                    Ok(())
                }
                Ok(()) => Ok(()),
            });
            problems.extend(fault.map(|fault| fault.problem(shown)));
            continue;
        }
        match replace(path, write) {
            Ok(()) => written.push(shown),
            Err(fault) => problems.push(fault.problem(shown)),
        }
    }
    (written, problems)
}

/// Whether a report goes to standard output.
pub(super) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Makes the folder of an output: below the current folder any; elsewhere the last one, because a path that is mistyped
/// must not grow a tree.
pub(super) fn make_folder(folder: &Path) -> std::io::Result<()> {
    match () {
        () if folder.as_os_str().is_empty() || folder.is_dir() => Ok(()),
        () if folder.is_relative() => std::fs::create_dir_all(folder),
        () => std::fs::create_dir(folder),
    }
}

/// Writes beside and renames, so that no half-written file takes the place of a good one.
pub(super) fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<(), Fault>) -> Result<(), Fault> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        // A device or a pipe is written to, never replaced.
        return fill(path, write);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // Of this process alone: another run may write the same report.
    name.push(format!(".{}.part", std::process::id()));
    let beside = path.with_file_name(name);
    let done = fill(&beside, write).and_then(|()| Ok(std::fs::rename(&beside, path)?));
    if done.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    done
}

fn fill(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<(), Fault>) -> Result<(), Fault> {
    let mut out = BufWriter::with_capacity(BUFFER, File::create(path)?);
    write(&mut out)?;
    out.flush()?;
    // Before it takes the place of a good one, it is on the disk: a power cut leaves the one or the other.
    let file = out.get_ref();
    if file.metadata()?.is_file() {
        file.sync_all()?;
    }
    Ok(())
}

/// The journal of a run: the file itself, or that in the folder of `--output`.
pub(super) fn journal_in(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("record.jsonl") } else { path.to_owned() }
}

/// Writes the summary, or the record as JSON, to standard output; where a report goes there, the summary goes to
/// standard error.
pub(super) fn summarise(record: &RunRecord, output: &Output, outputs: &Outputs, reports: &[String]) {
    let taken = outputs.reports.values().any(|path| is_stdout(path));
    if output.json && !taken {
        output.json_by(|out| report::json::write(record, output.lang, out));
        return;
    }
    let style =
        terminal::Style { lang: output.lang, width: output.width(), color: true, reports, detail: output.detail() };
    let summary = terminal::summary(record, style);
    if taken { output.aside(&summary) } else { output.result(&summary) }
}
