//! Writing a recording, line by line as the run goes: a run that is killed keeps what it had.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::format::{Entry, FORMAT, Head, Line, RecordedTarget, is_head};
use crate::contract::target::{Role, Target};
use crate::i18n::Message;
use crate::run::{Blame, Problem, cannot_write};
use crate::secret::Redactor;

/// A recording that is being written.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    written: u64,
    failed: Option<std::io::Error>,
}

impl Recorder {
    /// Creates the file and writes its head. A file that is there is replaced only when it is a recording.
    ///
    /// # Errors
    /// A problem of the input when the file cannot be written or is something else.
    pub fn create(path: &Path, target: &Target, seed: u64, catalogue: &str) -> Result<Recorder, Problem> {
        let problem = |message: Message| Problem::input(message).in_file(path.display().to_string());
        if std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0) && !is_recording(path) {
            return Err(problem(Message::new("recording.other-file")).fix(Message::new("recording.other-file-fix")));
        }
        let failed = |error: std::io::Error| cannot_write(&error).in_file(path.display().to_string());
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let head = Line::Head(head(target, seed, catalogue));
        let mut bytes = serde_json::to_vec(&head).map_err(|error| failed(error.into()))?;
        bytes.push(b'\n');
        let mut file = File::create(path).map_err(failed)?;
        file.write_all(&bytes).map_err(failed)?;
        Ok(Recorder { path: path.to_owned(), state: Mutex::new(State { file, written: 0, failed: None }) })
    }

    /// Keeps an exchange. What cannot be written is told at the end, once.
    pub(in crate::contract) fn keep(&self, entry: Entry) {
        // Made into text before the lock, so that scenarios do not wait for each other's bodies.
        let line = entry.line();
        let Ok(mut state) = self.state.lock() else { return };
        if state.failed.is_some() {
            return;
        }
        match line.map_err(std::io::Error::from).and_then(|line| state.file.write_all(&line)) {
            Ok(()) => state.written += 1,
            Err(error) => state.failed = Some(error),
        }
    }

    /// Ends the recording. Only a run that came to its end gets the last line that says so.
    ///
    /// # Errors
    /// A problem of the environment when a line could not be written.
    pub(in crate::contract) fn end(&self, complete: bool) -> Result<u64, Problem> {
        let stopped = |error: &std::io::Error| {
            Problem { blame: Blame::Environment, ..cannot_write(error) }.in_file(self.path.display().to_string())
        };
        let Ok(mut state) = self.state.lock() else { return Err(stopped(&std::io::ErrorKind::Other.into())) };
        if let Some(error) = &state.failed {
            return Err(stopped(error));
        }
        let written = state.written;
        if !complete {
            return Ok(written);
        }
        let line = serde_json::to_vec(&Line::End { exchanges: written }).map_err(std::io::Error::from);
        let done = line.and_then(|mut line| {
            line.push(b'\n');
            state.file.write_all(&line)
        });
        done.map(|()| written).map_err(|error| stopped(&error))
    }
}

impl Recorder {
    /// A notice about what was written.
    pub(in crate::contract) fn written(&self, exchanges: u64) -> Problem {
        let message = Message::new("recording.written").with("n", exchanges);
        Problem::notice(message).in_file(self.path.display().to_string())
    }
}

fn head(target: &Target, seed: u64, catalogue: &str) -> Head {
    let now = jiff::Timestamp::now();
    let info = target.info();
    let roles = Role::ALL.iter().filter(|(_, role)| target.credential(&target.site, *role).is_some());
    Head {
        format: FORMAT,
        recorded: jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string(),
        homologa: env!("CARGO_PKG_VERSION").to_owned(),
        catalogue: catalogue.to_owned(),
        target: RecordedTarget {
            kind: info.kind,
            url: Redactor::new(target.secrets()).text(&info.url).into_owned(),
            site: info.site,
            roles: roles.map(|(name, _)| (*name).to_owned()).collect(),
        },
        seed,
    }
}

fn is_recording(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let mut line = Vec::new();
    let read = BufReader::new(file.take(64 << 10)).read_until(b'\n', &mut line);
    read.is_ok() && is_head(&line)
}
