//! Reading a recording: checked line by line when it is opened, and kept as an index of places in the file, so that
//! memory does not grow with the bodies.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::format::{Entry, FORMAT, Head, LONGEST_LINE, Line, is_head};
use super::matching::Keys;
use crate::i18n::Message;
use crate::run::{Blame, Problem, unreadable};

/// Most exchanges of a recording: about 200 bytes of memory each.
const MOST_ENTRIES: usize = 1_000_000;
/// Longest head, in bytes.
const LONGEST_HEAD: u64 = 64 << 10;

/// A recording that is being read.
#[derive(Debug)]
pub struct Recording {
    /// The first line.
    pub head: Head,
    /// What a reader should know: it is not whole.
    pub notices: Vec<Problem>,
    pub(super) path: PathBuf,
    pub(super) entries: Vec<Indexed>,
    /// Scenarios by number.
    pub(super) scenarios: Vec<Box<str>>,
    pub(super) scenario_numbers: HashMap<Box<str>, u32>,
    /// What dates were counted from, by scenario.
    pub(super) clocks: HashMap<u32, jiff::Timestamp>,
    /// Names of steps by number.
    pub(super) step_numbers: HashMap<Box<str>, u32>,
    /// Entries by scenario and the looser form of the request, in order.
    pub(super) own: HashMap<(u32, u64), Vec<u32>>,
    /// Which entries were used.
    pub(super) used: Mutex<super::replay::Used>,
    file: Mutex<File>,
}

/// Where an entry stands and what it is found by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Indexed {
    offset: u64,
    length: u32,
    /// Line in the file, from 1.
    pub(super) line: u32,
    pub(super) scenario: u32,
    /// Number of the step's name.
    pub(super) step: u32,
    pub(super) occurrence: u32,
    pub(super) keys: Keys,
}

/// Reads the head of a recording.
///
/// # Errors
/// A problem of the input: the file cannot be read, is no recording, or of a newer format.
pub fn head(path: &Path) -> Result<Head, Problem> {
    let file = File::open(path).map_err(|error| problem(path, unreadable(&error)))?;
    let mut line = Vec::new();
    let read = BufReader::new(file.take(LONGEST_HEAD)).read_until(b'\n', &mut line);
    read.map_err(|error| problem(path, unreadable(&error)))?;
    parse_head(path, &line)
}

fn problem(path: &Path, message: Message) -> Problem {
    Problem::input(message).in_file(path.display().to_string())
}

fn parse_head(path: &Path, line: &[u8]) -> Result<Head, Problem> {
    if line.trim_ascii().is_empty() {
        return Err(problem(path, Message::new("recording.empty")).fix(Message::new("recording.not-one-fix")));
    }
    let other = || problem(path, Message::new("recording.not-one")).fix(Message::new("recording.not-one-fix"));
    if !is_head(line) {
        return Err(other());
    }
    // The version is read by itself: the rest of a newer head may be anything.
    #[derive(serde::Deserialize)]
    struct Version {
        format: u32,
    }
    let version: Version = serde_json::from_slice(line).map_err(|_| other())?;
    if version.format > FORMAT {
        let message = Message::new("run.newer-format").with("format", version.format).with("known", FORMAT);
        return Err(problem(path, message).fix(Message::new("run.newer-format-fix")));
    }
    match serde_json::from_slice(line) {
        Ok(Line::Head(head)) => Ok(head),
        _ => Err(other()),
    }
}

impl Recording {
    /// The file, as it was named.
    pub(in crate::contract) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Whether every entry of the index still reads from the file.
    pub fn reads_back(&self) -> bool {
        (0..self.entries.len()).all(|index| u32::try_from(index).is_ok_and(|index| self.entry(index).is_some()))
    }

    /// Opens a recording and reads it through once.
    ///
    /// # Errors
    /// A problem of the input: it cannot be read, is no recording, of a newer format, too large, or broken in a line
    /// other than the last.
    pub fn open(path: &Path) -> Result<Recording, Problem> {
        let head = head(path)?;
        let unreadable = |error: std::io::Error| problem(path, unreadable(&error));
        let file = File::open(path).map_err(unreadable)?;
        let mut recording = Recording {
            head,
            notices: Vec::new(),
            path: path.to_owned(),
            entries: Vec::new(),
            scenarios: Vec::new(),
            scenario_numbers: HashMap::new(),
            clocks: HashMap::new(),
            step_numbers: HashMap::new(),
            own: HashMap::new(),
            used: Mutex::default(),
            file: Mutex::new(file.try_clone().map_err(unreadable)?),
        };
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let (mut offset, mut number, mut line, mut ended) = (0u64, 0u32, Vec::new(), false);
        // What does not read: a mistake only when something follows it, since the last line of a run that was killed,
        // or of a full disk, may be cut.
        let mut cut: Option<Problem> = None;
        loop {
            line.clear();
            let read = reader.by_ref().take(LONGEST_LINE as u64 + 1).read_until(b'\n', &mut line);
            let length = read.map_err(unreadable)?;
            if length == 0 {
                break;
            }
            number = number.saturating_add(1);
            let broken = |message: Message| {
                let mut problem = problem(path, message);
                problem.place.line = Some(number);
                problem
            };
            if let Some(broken) = cut.take_if(|_| !line.trim_ascii().is_empty()) {
                return Err(broken.fix(Message::new("recording.broken-line-fix")));
            }
            if length > LONGEST_LINE {
                return Err(broken(Message::new("recording.long-line").with("limit", LONGEST_LINE >> 20)));
            }
            match serde_json::from_slice::<Line>(&line) {
                Ok(Line::Exchange(entry)) => recording.index(&entry, (offset, number, length)),
                Ok(Line::Head(_)) if number == 1 => {}
                Ok(Line::End { .. }) => ended = true,
                Err(_) if line.trim_ascii().is_empty() => {}
                Err(_) if !ended => cut = Some(broken(Message::new("recording.broken-line"))),
                Ok(Line::Head(_)) | Err(_) => {
                    let broken = broken(Message::new("recording.broken-line"));
                    return Err(broken.fix(Message::new("recording.broken-line-fix")));
                }
            }
            if recording.entries.len() > MOST_ENTRIES {
                return Err(problem(path, Message::new("recording.too-many").with("limit", MOST_ENTRIES)));
            }
            offset += length as u64;
        }
        if recording.entries.is_empty() {
            return Err(problem(path, Message::new("recording.no-exchanges")));
        }
        if let Some(cut) = cut {
            let notice = Problem { blame: Blame::Notice, message: Message::new("recording.cut"), ..cut };
            recording.notices.push(notice);
            ended = true;
        }
        if !ended {
            let notice = Problem::notice(Message::new("recording.partial"));
            recording.notices.push(notice.in_file(path.display().to_string()));
        }
        recording.used = Mutex::new(super::replay::Used::of(recording.entries.len()));
        Ok(recording)
    }

    fn index(&mut self, entry: &Entry, place: (u64, u32, usize)) {
        let (offset, line, length) = place;
        let scenario = match self.scenario_numbers.get(entry.scenario.as_str()) {
            Some(number) => *number,
            None => {
                let number = self.scenarios.len() as u32;
                self.scenarios.push(entry.scenario.as_str().into());
                self.scenario_numbers.insert(entry.scenario.as_str().into(), number);
                number
            }
        };
        if let Some(clock) = entry.clock.as_deref().and_then(|clock| clock.parse().ok()) {
            self.clocks.entry(scenario).or_insert(clock);
        }
        let next = self.step_numbers.len() as u32;
        let step = *self.step_numbers.entry(entry.step.as_str().into()).or_insert(next);
        let keys = Keys::of(&entry.request);
        let index = self.entries.len() as u32;
        self.own.entry((scenario, keys.loose)).or_default().push(index);
        self.entries.push(Indexed {
            offset,
            length: length as u32,
            line,
            scenario,
            step,
            occurrence: entry.occurrence,
            keys,
        });
    }

    /// Reads one entry again; `None` when the file is no longer what it was.
    pub(super) fn entry(&self, index: u32) -> Option<Entry> {
        let indexed = self.entries.get(index as usize)?;
        let mut bytes = vec![0; indexed.length as usize];
        {
            let mut file = self.file.lock().ok()?;
            file.seek(SeekFrom::Start(indexed.offset)).ok()?;
            file.read_exact(&mut bytes).ok()?;
        }
        match serde_json::from_slice(&bytes) {
            Ok(Line::Exchange(entry)) => Some(*entry),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = concat!(
        r#"{"kind":"head","format":1,"recorded":"2026-01-02T03:04:05Z","homologa":"0","catalogue":"c","#,
        r#""target":{"kind":"url","url":"https://x.example/","site":"MLA","roles":["seller"]},"seed":7}"#,
        "\n",
        r#"{"kind":"exchange","scenario":"a@MLA","step":"s","occurrence":1,"request":{"method":"GET","path":"/x","#,
        r#""as":"seller"},"response":{"status":200,"body":{"ñ":1}},"elapsed_ms":1}"#,
        "\n",
        r#"{"kind":"end","exchanges":1}"#,
        "\n",
    );

    fn open(bytes: &[u8]) -> Result<Recording, Problem> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        Recording::open(file.path())
    }

    #[test]
    fn a_whole_recording_has_nothing_to_tell_and_its_entries_are_read_again_from_the_file() {
        let recording = open(GOOD.as_bytes()).unwrap();
        assert!(recording.notices.is_empty(), "{:?}", recording.notices);
        assert_eq!(recording.head.seed, 7);
        assert_eq!((recording.entries.len(), recording.entries[0].line), (1, 2));
        assert_eq!(recording.entry(0).unwrap().request.path, "/x");
        assert!(recording.entry(1).is_none());
    }

    #[test]
    fn wherever_a_killed_run_stopped_the_rest_is_used_or_refused_and_told() {
        let ends: Vec<usize> =
            GOOD.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(index, _)| index).collect();
        for end in 0..GOOD.len() {
            match open(&GOOD.as_bytes()[..end]) {
                Ok(recording) => {
                    assert!(end >= ends[1], "{end}");
                    // The end line may lack its line break and is whole all the same.
                    assert_eq!(recording.notices.len(), usize::from(end != ends[2]), "{end}");
                }
                Err(problem) => assert!(end < ends[1] && problem.blame == Blame::Input, "{end}: {problem:?}"),
            }
        }
    }

    #[test]
    fn a_broken_line_is_the_cut_end_of_a_recording_only_when_nothing_follows() {
        let lines: Vec<&str> = GOOD.lines().collect();
        let half = &lines[1][..lines[1].len() / 2];
        let cut = open(format!("{}\n{}\n{half}\n\n", lines[0], lines[1]).as_bytes()).unwrap();
        assert_eq!((cut.entries.len(), cut.notices.len()), (1, 1));
        assert_eq!((cut.notices[0].message.key.as_ref(), cut.notices[0].place.line), ("recording.cut", Some(3)));
        assert!(open(format!("{}\n{half}\n{}\n", lines[0], lines[1]).as_bytes()).is_err());
        assert!(open(format!("{GOOD}{half}\n").as_bytes()).is_err(), "behind the end");
    }

    proptest::proptest! {
        #[test]
        fn no_line_breaks_the_reader(line in ".{0,60}", at in 0usize..3) {
            let mut lines: Vec<&str> = GOOD.lines().collect();
            lines.insert(at, &line);
            if let Err(problem) = open(lines.join("\n").as_bytes()) {
                proptest::prop_assert_eq!(problem.blame, Blame::Input);
            }
        }
    }
}
