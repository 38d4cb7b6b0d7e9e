//! The journal: one JSON line for each event, written as the run goes; and the reader of records.
//!
//! A run that is killed leaves a journal without its last event, which reads as a partial record.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::{Event, FORMAT, Problem, RunRecord};
use crate::i18n::Message;

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
        let unwritable = |error: std::io::Error| {
            Problem::input(unwritable(&error))
                .fix(Message::new("run.cannot-write-fix"))
                .in_file(path.display().to_string())
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(unwritable)?;
        }
        // Not emptied before it is ours: another run may be writing it.
        let file = File::options().write(true).create(true).truncate(false).open(path).map_err(unwritable)?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(Problem::input(Message::new("run.journal-busy"))
                .fix(Message::new("run.journal-busy-fix"))
                .in_file(path.display().to_string()));
        }
        if file.metadata().is_ok_and(|found| found.is_file()) {
            file.set_len(0).map_err(unwritable)?;
        }
        Ok(Journal { path: path.to_owned(), file, waiting: Vec::with_capacity(16 * 1024) })
    }

    /// Appends one event and hands it to the system, so that a killed process keeps it. Only the announcement of a
    /// scenario waits for what follows, since nothing is lost with it.
    pub(super) fn write(&mut self, event: &Event) -> Result<(), Problem> {
        let mut written = serde_json::to_writer(&mut self.waiting, event).map_err(std::io::Error::from);
        self.waiting.push(b'\n');
        if !matches!(event, Event::ScenarioStarted { .. }) {
            written = written.and_then(|()| self.file.write_all(&self.waiting));
            self.waiting.clear();
        }
        written.map_err(|error| {
            Problem::environment(Message::new("run.journal-stopped").with("error", error))
                .fix(Message::new("run.cannot-write-fix"))
                .in_file(self.path.display().to_string())
        })
    }
}

/// A file's bytes, at most one more than the limit, so that too much is noticed. What is no file and has no end (a
/// device, say) costs no more than that.
///
/// # Errors
/// The system's.
pub fn read_at_most(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    let file = File::open(path)?;
    // The size is only a hint: room for all of it, and for noticing the end, saves reading in small pieces.
    let room = file.metadata()?.len().min(limit).saturating_add(64);
    let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or(0));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Why a file cannot be read, in words.
pub fn unreadable(error: &std::io::Error) -> Message {
    match error.kind() {
        ErrorKind::NotFound => Message::new("run.not-found"),
        ErrorKind::PermissionDenied => Message::new("run.no-permission"),
        ErrorKind::IsADirectory => Message::new("run.is-a-folder"),
        _ => Message::new("run.cannot-read").with("error", error),
    }
}

/// Why a file cannot be written, in words.
pub fn unwritable(error: &std::io::Error) -> Message {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Message::new("run.no-folder"),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Message::new("run.no-permission"),
        ErrorKind::IsADirectory => Message::new("run.is-a-folder"),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Message::new("run.disk-full"),
        _ => Message::new("run.cannot-write").with("error", error),
    }
}

/// Largest record that is read, in bytes.
const LARGEST_RECORD: u64 = 512 * 1024 * 1024;

/// Reads a record: a journal (`.jsonl`) or the JSON report of a run.
///
/// # Errors
/// A problem of the input when the file is missing, is neither of the two, or has a newer format.
pub fn read(path: &Path) -> Result<RunRecord, Problem> {
    let problem = |message: Message| Problem::input(message).in_file(path.display().to_string());
    let bytes = read_at_most(path, LARGEST_RECORD).map_err(|error| problem(unreadable(&error)))?;
    if bytes.len() as u64 > LARGEST_RECORD {
        return Err(problem(Message::new("run.record-too-large").with("bytes", bytes.len())));
    }
    let text = String::from_utf8(bytes).map_err(|_| problem(Message::new("run.not-a-record")))?;
    let record = parse(&text).map_err(|message| problem(message).fix(Message::new("run.not-a-record-fix")))?;
    match &record.started {
        Some(started) if started.format > FORMAT => {
            Err(problem(Message::new("run.newer-format").with("format", started.format).with("known", FORMAT))
                .fix(Message::new("run.newer-format-fix")))
        }
        _ => Ok(record),
    }
}

fn parse(text: &str) -> Result<RunRecord, Message> {
    if text.trim().is_empty() {
        return Err(Message::new("run.empty-record"));
    }
    let first = text.lines().next().unwrap_or_default();
    if serde_json::from_str::<Event>(first).is_err() {
        let record: RunRecord = serde_json::from_str(text).map_err(|_| Message::new("run.not-a-record"))?;
        return match record.started {
            Some(_) => Ok(record),
            None => Err(Message::new("run.not-a-record")),
        };
    }
    let mut record = RunRecord::default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    for (index, line) in lines.iter().enumerate() {
        match serde_json::from_str::<Event>(line) {
            Ok(event) => record.apply(event),
            // The last line of a killed run may be cut in the middle; any other must be whole.
            Err(_) if index + 1 == lines.len() => break,
            Err(_) => return Err(Message::new("run.broken-line").with("line", index + 1)),
        }
    }
    Ok(record)
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
        })
    }

    fn journal(events: &[Event]) -> String {
        events.iter().map(|event| serde_json::to_string(event).unwrap() + "\n").collect()
    }

    #[test]
    fn a_journal_and_its_json_report_give_the_same_record() {
        let text = journal(&[started(), Event::RunFinished { verdict: RunVerdict::Ready, elapsed_ms: 12 }]);
        let record = parse(&text).unwrap();
        assert!(record.complete);
        assert_eq!(parse(&serde_json::to_string_pretty(&record).unwrap()).unwrap(), record);
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
        let record = parse(&text[..text.len() - 9]).unwrap();
        assert!(!record.complete);
        assert_eq!(record.judge(), RunVerdict::Inconclusive);
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(parse("").unwrap_err().key, "run.empty-record");
        assert_eq!(parse("{}").unwrap_err().key, "run.not-a-record");
        let text = journal(&[started()]) + "nonsense\n" + &journal(&[started()]);
        assert_eq!(parse(&text).unwrap_err().key, "run.broken-line");
    }
}
