//! The journal: one JSON line for each event, written as the run goes; and the reader of records.
//!
//! A run that is killed leaves a journal without its last event, which reads as a partial record. What a power cut or a
//! bad disk has done to single lines costs those lines, and the record says so.

use std::borrow::Cow;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::file::{cannot_write, is_full, read_at_most, unreadable};
use super::{Event, FORMAT, Place, Problem, RunRecord};
use crate::i18n::Message;
use crate::secret::{Credential, mask_credentials};

/// A journal that is being written.
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Lines that are not handed to the system yet: a few bytes that only say what begins.
    waiting: Vec<u8>,
}

impl Journal {
    /// Creates the file, and its folder where it is missing.
    ///
    /// # Errors
    /// A problem of the input when the place cannot be written.
    pub fn create(path: &Path) -> Result<Journal, Problem> {
        let failed = |error: std::io::Error| cannot_write(&error).in_file(path.display().to_string());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        // Not emptied before it is ours: another run may be writing it.
        let file = File::options().write(true).create(true).truncate(false).open(path).map_err(failed)?;
        own(&file, path)?;
        if file.metadata().is_ok_and(|found| found.is_file()) {
            file.set_len(0).map_err(failed)?;
        }
        Ok(Journal { path: path.to_owned(), file, waiting: Vec::with_capacity(16 * 1024) })
    }

    /// Goes on with the journal of an earlier run: `kept` are its lines that stand. They are written beside and take
    /// the place of the old file at once, so that a second accident loses nothing.
    ///
    /// # Errors
    /// A problem of the input when the place cannot be written, or another run is writing the journal.
    pub fn resume(path: &Path, kept: &[u8]) -> Result<Journal, Problem> {
        let failed = |error: std::io::Error| cannot_write(&error).in_file(path.display().to_string());
        let old = File::options().write(true).open(path).map_err(failed)?;
        own(&old, path)?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let beside = path.with_file_name(name);
        let begun = || {
            let mut file = File::create(&beside)?;
            file.write_all(kept)?;
            file.sync_all()?;
            Ok(file)
        };
        let renamed = begun().and_then(|file| {
            // Fails only where files have no locks; then nobody else has one either.
            let _ = file.try_lock();
            std::fs::rename(&beside, path).map(|()| file)
        });
        let file = renamed.inspect_err(|_| drop(std::fs::remove_file(&beside))).map_err(failed)?;
        Ok(Journal { path: path.to_owned(), file, waiting: Vec::with_capacity(16 * 1024) })
    }

    /// Appends one event and hands it to the system, so that a killed process keeps it. Only the announcement of a
    /// scenario and what it counts wait for what follows, since nothing is lost with them.
    pub(super) fn write(&mut self, event: &Event) -> Result<(), Problem> {
        let mut written = serde_json::to_writer(&mut self.waiting, event).map_err(std::io::Error::from);
        self.waiting.push(b'\n');
        if !matches!(event, Event::ScenarioStarted { .. } | Event::ScenarioCounted(_)) {
            written = written.and_then(|()| self.file.write_all(&self.waiting));
            self.waiting.clear();
        }
        written.map_err(|error| {
            let message = match is_full(&error) {
                true => Message::new("run.journal-stopped-full"),
                false => Message::new("run.journal-stopped").with("error", error),
            };
            Problem::environment(message)
                .fix(Message::new("run.cannot-write-fix"))
                .in_file(self.path.display().to_string())
        })
    }
}

/// Takes the file for this run alone.
fn own(file: &File, path: &Path) -> Result<(), Problem> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Problem::input(Message::new("run.journal-busy"))
            .fix(Message::new("run.journal-busy-fix"))
            .in_file(path.display().to_string())),
        _ => Ok(()),
    }
}

/// Largest record that is read, in bytes.
const LARGEST_RECORD: u64 = 512 * 1024 * 1024;

/// The bytes of a record, and what a problem with them looks like.
pub(super) fn bytes_of(path: &Path) -> Result<Vec<u8>, Problem> {
    let problem = |message: Message| Problem::input(message).in_file(path.display().to_string());
    let bytes = read_at_most(path, LARGEST_RECORD).map_err(|error| problem(unreadable(&error)))?;
    if bytes.len() as u64 > LARGEST_RECORD {
        return Err(problem(Message::new("run.record-too-large").with("bytes", bytes.len())));
    }
    // Editors and shells of Windows put a mark of the encoding in front of what they save.
    Ok(bytes.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec).unwrap_or(bytes))
}

/// Reads a record: a journal (`.jsonl`) or the JSON report of a run.
///
/// # Errors
/// A problem of the input when the file is missing, is neither of the two, is a JSON report that was cut, or has a
/// newer format.
pub fn read(path: &Path) -> Result<RunRecord, Problem> {
    let bytes = bytes_of(path)?;
    parse(&masked(&bytes)).map_err(|refused| refused.problem(path))
}

/// A record without access tokens: homologa writes none, but somebody else may have. Public keys stay: pages show them,
/// and the examples of rules do.
fn masked(bytes: &[u8]) -> Cow<'_, [u8]> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Cow::Borrowed(bytes) };
    match mask_credentials(text, |kind| kind != Credential::PublicKey) {
        Cow::Borrowed(_) => Cow::Borrowed(bytes),
        Cow::Owned(masked) => Cow::Owned(masked.into_bytes()),
    }
}

/// Why a record does not read.
#[derive(Debug)]
pub(super) enum Refused {
    /// It is none, or not whole.
    Unreadable(Message),
    /// It is the report of a run, but for this place: line and column, from 1.
    Misshapen(usize, usize),
    /// It has a format that is not known yet.
    Newer(u32),
}

impl Refused {
    pub(super) fn problem(self, path: &Path) -> Problem {
        let mut place = Place { file: Some(path.display().to_string()), ..Place::default() };
        let (message, fix) = match self {
            Refused::Unreadable(message) => (message, Message::new("run.not-a-record-fix")),
            Refused::Misshapen(line, column) => {
                (place.line, place.column) = (u32::try_from(line).ok(), u32::try_from(column).ok());
                (Message::new("run.record-misshapen"), Message::new("run.not-a-record-fix"))
            }
            Refused::Newer(format) => {
                let message = Message::new("run.newer-format").with("format", format).with("known", FORMAT);
                (message, Message::new("run.newer-format-fix"))
            }
        };
        Problem { place, ..Problem::input(message).fix(fix) }
    }
}

/// As much of a record as tells its format, whatever else is in it.
#[derive(serde::Deserialize)]
struct Head {
    format: Option<u32>,
    started: Option<serde_json::Value>,
}

/// The format of a record that is newer than what is known.
fn newer(json: &[u8]) -> Option<u32> {
    let head: Head = serde_json::from_slice(json).ok()?;
    let of_report = || u32::try_from(head.started.as_ref()?.get("format")?.as_u64()?).ok();
    head.format.or_else(of_report).filter(|format| *format > FORMAT)
}

/// The first line of a journal.
///
/// # Errors
/// It is none of ours, or of a newer format.
pub(super) fn first_event(line: &[u8]) -> Result<Event, Refused> {
    if let Some(format) = newer(line) {
        return Err(Refused::Newer(format));
    }
    Event::from_line(line).map_err(|_| Refused::Unreadable(Message::new("run.not-a-record")))
}

/// The lines of a journal with their numbers, blank ones left out.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate();
    lines.map(|(index, line)| (index + 1, line)).filter(|(_, line)| !line.trim_ascii().is_empty())
}

fn parse(bytes: &[u8]) -> Result<RunRecord, Refused> {
    let Some((_, first)) = lines(bytes).next() else {
        return Err(Refused::Unreadable(Message::new("run.empty-record")));
    };
    let first = match first_event(first) {
        Ok(first) => first,
        Err(Refused::Newer(format)) => return Err(Refused::Newer(format)),
        Err(Refused::Unreadable(_) | Refused::Misshapen(..)) => return parse_report(bytes),
    };
    let mut record = RunRecord::default();
    record.apply(first);
    let (mut broken, mut first_broken) = (0, 0);
    for (number, line) in lines(bytes).skip(1) {
        match Event::from_line(line) {
            Ok(event) => record.apply(event),
            // The last line of a killed run may be cut in the middle: nothing but its end is missing.
            Err(_) if !line.ends_with(b"\n") => {}
            Err(_) => {
                broken += 1;
                first_broken = if broken == 1 { number } else { first_broken };
            }
        }
    }
    if broken > 0 {
        // Which results they held nobody knows: the record is not whole, however it ends.
        record.complete = false;
        let message = Message::new("run.broken-lines").with("n", broken).with("line", first_broken);
        record.problems.push(Problem::environment(message).fix(Message::new("run.broken-lines-fix")));
    }
    Ok(record)
}

/// Reads the JSON report of a run, which has to be whole.
fn parse_report(bytes: &[u8]) -> Result<RunRecord, Refused> {
    if let Some(format) = newer(bytes) {
        return Err(Refused::Newer(format));
    }
    let none = || Refused::Unreadable(Message::new("run.not-a-record"));
    let object = bytes.trim_ascii_start().starts_with(b"{");
    let begins_as_ours = || {
        let head = serde_json::from_slice::<Head>(bytes);
        object && head.is_ok_and(|head| head.started.is_some_and(|started| started.is_object()))
    };
    match serde_json::from_slice::<RunRecord>(bytes) {
        Ok(record) if record.started.is_some() => Ok(record),
        // Cut JSON cannot be told from the beginning of any other text unless it begins as ours do.
        Err(error) if error.is_eof() && object => Err(Refused::Unreadable(Message::new("run.record-cut"))),
        Err(error) if begins_as_ours() => Err(Refused::Misshapen(error.line(), error.column())),
        _ => Err(none()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{RunStarted, RunVerdict, Versions};

    fn started() -> Event {
        Event::RunStarted(RunStarted {
            format: FORMAT,
            started: "2026-01-02T03:04:05Z".into(),
            command: "demo".into(),
            seed: 7,
            versions: Versions::default(),
            ..RunStarted::default()
        })
    }

    fn journal(events: &[Event]) -> String {
        events.iter().map(|event| serde_json::to_string(event).unwrap() + "\n").collect()
    }

    #[test]
    fn a_journal_and_its_json_report_give_the_same_record() {
        let text = journal(&[started(), Event::RunFinished { verdict: RunVerdict::Ready, elapsed_ms: 12 }]);
        let record = parse(text.as_bytes()).unwrap();
        assert!(record.complete);
        assert_eq!(parse(serde_json::to_string_pretty(&record).unwrap().as_bytes()).unwrap(), record);
    }

    #[test]
    fn a_result_is_in_the_file_before_anybody_is_told_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.jsonl");
        let mut journal = Journal::create(&path).unwrap();
        let lines = || std::fs::read_to_string(&path).unwrap().lines().count();
        journal.write(&started()).unwrap();
        journal.write(&Event::ScenarioStarted { id: "a".to_owned() }).unwrap();
        assert_eq!(lines(), 1);
        let line = br#"{"event":"scenario-finished","id":"a","name":{"es":"a","pt":"a","en":"a"},"file":"a.yaml",
            "site":"MLA","tags":[],"verdict":"pass","steps":[],"elapsed_ms":1}"#;
        let result = Event::from_line(line).unwrap();
        assert!(matches!(result, Event::ScenarioFinished(_)));
        journal.write(&result).unwrap();
        assert_eq!(lines(), 3);
    }

    #[test]
    fn a_credential_in_a_record_is_not_shown_again() {
        let token = "APP_USR-1234567890123456-112010-0123456789abcdef0123456789abcdef-448870796";
        let mut begun = started();
        if let Event::RunStarted(started) = &mut begun {
            started.command = format!("golive https://tienda.example/?t={token}");
        }
        let text = journal(&[begun, Event::ScenarioStarted { id: "a".into() }]);
        let folder = tempfile::tempdir().unwrap();
        let report = serde_json::to_string_pretty(&parse(text.as_bytes()).unwrap()).unwrap();
        for (name, text) in [("record.jsonl", &text), ("report.json", &report)] {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            let command = read(&path).unwrap().started.unwrap().command;
            assert!(command.starts_with("golive https://tienda.example/?t=") && !command.contains("0123456789abcdef"));
        }
    }

    #[test]
    fn two_runs_do_not_share_a_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.jsonl");
        std::fs::write(&path, "of an earlier run").unwrap();
        let mut first = Journal::create(&path).unwrap();
        first.write(&started()).unwrap();
        let busy = Journal::create(&path).map(drop).unwrap_err();
        assert_eq!(busy.message.key, "run.journal-busy");
        drop(first);
        assert!(read(&path).unwrap().started.is_some());
        Journal::create(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"");
    }

    #[test]
    fn a_journal_cut_in_its_last_line_is_a_partial_record() {
        let text = journal(&[started(), Event::ScenarioStarted { id: "a".into() }]);
        let record = parse(&text.as_bytes()[..text.len() - 9]).unwrap();
        assert!(!record.complete);
        assert_eq!(record.judge(), RunVerdict::Inconclusive);
    }

    #[test]
    fn the_mark_of_an_encoding_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.jsonl");
        std::fs::write(&path, format!("\u{feff}{}", journal(&[started()]))).unwrap();
        assert!(read(&path).unwrap().started.is_some());
    }

    fn refused(text: &str) -> String {
        match parse(text.as_bytes()).unwrap_err() {
            Refused::Unreadable(message) => message.key.into_owned(),
            Refused::Misshapen(line, column) => format!("{line}:{column}"),
            Refused::Newer(format) => format!("format {format}"),
        }
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(refused(""), "run.empty-record");
        assert_eq!(refused(" \n\n"), "run.empty-record");
        assert_eq!(refused("{}"), "run.not-a-record");
        assert_eq!(refused("nonsense"), "run.not-a-record");
        let report = serde_json::to_string_pretty(&parse(journal(&[started()]).as_bytes()).unwrap()).unwrap();
        assert_eq!(refused(&report[..report.len() / 2]), "run.record-cut");
        // A report that somebody has edited: the place, as a person would look for it.
        assert_eq!(refused(&report.replace("\"elapsed_ms\": 0", "\"elapsed_ms\": \"0\"")), {
            let line = report.lines().position(|line| line.contains("\"elapsed_ms\"")).unwrap();
            format!("{}:{}", line + 1, report.lines().nth(line).unwrap().find('0').unwrap() + 3)
        });
        let newer = journal(&[started()]).replace("\"format\":1", "\"format\":9,\"more\":[]");
        assert_eq!(refused(&newer), "format 9");
        let event = newer.clone() + "{\"event\":\"of-tomorrow\"}\n";
        assert_eq!(refused(&event.replace("\"seed\":7,", "")), "format 9", "also when nothing else reads");
        assert_eq!(refused(&report.replace("\"format\": 1", "\"format\": 2")), "format 2");
    }

    #[test]
    fn a_damaged_line_costs_that_line_and_is_told() {
        let done = Event::RunFinished { verdict: RunVerdict::Ready, elapsed_ms: 12 };
        for damage in [&b"nonsense"[..], b"{\"event\":\"run-fin", b"\0\0\0\0", b"\xff\xfe"] {
            let mut text = journal(&[started()]).into_bytes();
            text.extend_from_slice(damage);
            text.push(b'\n');
            text.extend_from_slice(journal(std::slice::from_ref(&done)).as_bytes());
            let record = parse(&text).unwrap();
            assert_eq!((record.complete, record.judge()), (false, RunVerdict::Inconclusive));
            assert_eq!(record.problems[0].message.key, "run.broken-lines");
            assert_eq!(record.problems[0].message.args["line"], "2");
        }
    }

    #[test]
    fn a_journal_cut_at_any_byte_reads_as_far_as_it_goes() {
        let problem = Problem::notice(Message::new("run.empty-record")).in_file("año.yaml");
        let events = [started(), Event::Problem(problem), Event::ScenarioStarted { id: "ñandú".into() }];
        let text = journal(&events).into_bytes();
        let first = text.iter().position(|byte| *byte == b'\n').unwrap();
        for end in 0..=text.len() {
            match parse(&text[..end]) {
                Ok(record) => assert!(end >= first && !record.complete, "{end}"),
                Err(_) => assert!(end < first, "{end}"),
            }
        }
    }
}
