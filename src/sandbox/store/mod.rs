//! `--data DIR`: keeps what the sandbox remembers in a file, so that it is there again after a restart.
//!
//! The memory stays what answers; each change of it is written to one table of an embedded store, under the kind and
//! the number of the entry ([`super::bounded`]). What was answered is kept before the answer leaves: a request hands its
//! changes to the writer ([`mod@writer`]) and waits for them. Not kept: the journal of requests, the history of
//! webhooks and deliveries that wait, faults of the administration, card numbers and security codes as they are ([`form`]).

pub(super) mod form;
mod writer;

use std::cell::Cell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Once;

use redb::backends::FileBackend;
use redb::{
    Database, DatabaseError, Durability as Commit, ReadableDatabase, StorageBackend, StorageError, TableDefinition,
    TableError,
};
use serde::{Deserialize, Serialize};

use super::state::State;
use crate::i18n::Message;
use crate::run::{Problem, is_full};

pub(super) use writer::Store;

/// The file in the folder.
const FILE: &str = "sandbox.redb";
/// Form of what is in it; another number cannot be read.
const FORMAT: u32 = 1;
/// Bytes of the file that the store keeps in memory: everything is in the state already.
const CACHE: usize = 16 * 1024 * 1024;
/// Every entry, by kind and number. Kind 0 is what is known of the file itself.
const ENTRIES: TableDefinition<(u8, u64), &[u8]> = TableDefinition::new("entries");
const ABOUT: (u8, u64) = (0, 0);

/// What an answer that was given survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The end of the process, however sudden; a power cut may cost the last moments, or the file.
    #[default]
    Kill,
    /// A power cut too: an answer waits until the disk has it.
    PowerCut,
}

/// What the file tells of itself.
#[derive(Debug, Serialize, Deserialize)]
struct About {
    format: u32,
    homologa: String,
    /// How often a sandbox was started on it.
    starts: u64,
}

/// An open file whose entries have not been read.
pub(super) struct Opened {
    database: Database,
    file: File,
    path: PathBuf,
    durability: Durability,
    /// How often a sandbox was started on it before.
    pub(super) starts: u64,
}

/// Opens the file of a folder, or makes both.
///
/// # Errors
/// The folder cannot be used, another sandbox uses it, another version wrote it, or it is damaged.
pub(super) fn open(folder: &Path, durability: Durability) -> Result<Opened, Problem> {
    let path = folder.join(FILE);
    quietly(|| open_file(folder, &path, durability)).unwrap_or_else(|told| Err(damaged(&path, &told)))
}

fn open_file(folder: &Path, path: &Path, durability: Durability) -> Result<Opened, Problem> {
    fs::create_dir_all(folder).map_err(|error| unusable(folder, &error))?;
    let file = only_ours().open(path).map_err(|error| unusable(path, &error))?;
    let again = file.try_clone().map_err(|error| unusable(path, &error))?;
    let told = |error: DatabaseError| problem_of_opening(path, error);
    let backend = FileBackend::new(file).map_err(told)?;
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE);
    let database = match durability {
        Durability::PowerCut => builder.create_with_backend(backend),
        Durability::Kill => builder.create_with_backend(Unsynced(backend)),
    };
    let database = database.map_err(told)?;
    let mut opened = Opened { database, file: again, path: path.to_owned(), durability, starts: 0 };
    opened.begin()?;
    Ok(opened)
}

impl Opened {
    /// Notes the start in the file, which also shows whether it can be written.
    fn begin(&mut self) -> Result<(), Problem> {
        let before = self.about().map_err(|error| problem_of(&self.path, &error))?;
        let before = match before {
            Some(bytes) => Some(serde_json::from_slice::<About>(&bytes).map_err(|error| damaged(&self.path, &error))?),
            None => None,
        };
        if let Some(about) = before.as_ref().filter(|about| about.format != FORMAT) {
            return Err(other_version(&self.path, &about.homologa));
        }
        self.starts = before.map_or(0, |about| about.starts);
        let about = About {
            format: FORMAT,
            homologa: env!("CARGO_PKG_VERSION").to_owned(),
            starts: self.starts.saturating_add(1),
        };
        let bytes = serde_json::to_vec(&about).map_err(|error| damaged(&self.path, &error))?;
        write(&self.database, vec![(ABOUT, Some(bytes))]).map_err(|error| problem_of(&self.path, &error))
    }

    fn about(&self) -> Result<Option<Vec<u8>>, redb::Error> {
        let table = match self.database.begin_read()?.open_table(ENTRIES) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(None),
            table => table?,
        };
        Ok(table.get(ABOUT)?.map(|bytes| bytes.value().to_vec()))
    }

    /// Puts everything that is kept into an empty state, and goes on writing what changes in it.
    ///
    /// # Errors
    /// The file is damaged, or no thread can be started.
    pub(super) fn load(self, state: &mut State) -> Result<Store, Problem> {
        for (_, kind) in state.kinds() {
            kind.watch();
        }
        let read = quietly(|| self.read(state)).map_err(|told| damaged(&self.path, &told))?;
        read.map_err(|error| problem_of(&self.path, &error))?.map_err(|why| damaged(&self.path, &why))?;
        state.tidy();
        Store::start(self)
    }

    /// The inner error says what is wrong with an entry.
    fn read(&self, state: &mut State) -> Result<Result<(), String>, redb::Error> {
        let table = self.database.begin_read()?.open_table(ENTRIES)?;
        let mut kinds = state.kinds();
        for entry in table.range((1, 0)..)? {
            let (key, bytes) = entry?;
            let (kind, number) = key.value();
            let known = kinds.iter_mut().find(|(known, _)| *known == kind);
            if !known.is_some_and(|(_, entries)| entries.restore(number, bytes.value())) {
                return Ok(Err(format!("{kind}/{number}")));
            }
        }
        Ok(Ok(()))
    }
}

thread_local! {
    /// Whether a panic of this thread is somebody's to tell.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// What the store does with a damaged file: it may panic instead of answering, with its words for programmers. They
/// become an error, and are not printed.
fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            if !QUIET.get() {
                usual(panicked);
            }
        }));
    });
    QUIET.set(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    QUIET.set(false);
    done.map_err(|told| {
        let text = told.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| told.downcast_ref::<&str>().copied()).unwrap_or("redb").to_owned()
    })
}

/// One change of the file: of which kind and number, and the bytes, or nothing when the entry is gone.
type Write = ((u8, u64), Option<Vec<u8>>);

/// Writes changes, all or none.
fn write(database: &Database, writes: Vec<Write>) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Commit::Immediate)?;
    {
        let mut table = transaction.open_table(ENTRIES)?;
        for (key, bytes) in writes {
            match bytes {
                Some(bytes) => table.insert(key, bytes.as_slice())?,
                None => table.remove(key)?,
            };
        }
    }
    transaction.commit()?;
    Ok(())
}

/// A file that is left to the operating system to write out: what it has taken survives the process.
#[derive(Debug)]
struct Unsynced(FileBackend);

impl StorageBackend for Unsynced {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.sync_data()?;
        self.0.close()
    }
}

/// A file for reading and writing that nobody else may read: what clients sent is in it.
fn only_ours() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn unusable(path: &Path, error: &io::Error) -> Problem {
    let message = Message::new("sandbox.data-unusable").with("error", error);
    let problem = if is_full(error) { Problem::environment(message) } else { Problem::input(message) };
    problem.fix(Message::new("sandbox.data-unusable-fix")).in_file(path.display().to_string())
}

fn damaged(path: &Path, error: &dyn std::fmt::Display) -> Problem {
    let message = Message::new("sandbox.data-damaged").with("error", error);
    Problem::input(message).fix(Message::new("sandbox.data-damaged-fix")).in_file(path.display().to_string())
}

fn other_version(path: &Path, version: &str) -> Problem {
    let message = Message::new("sandbox.data-other-version").with("version", version);
    Problem::input(message).fix(Message::new("sandbox.data-damaged-fix")).in_file(path.display().to_string())
}

fn problem_of_opening(path: &Path, error: DatabaseError) -> Problem {
    match error {
        DatabaseError::DatabaseAlreadyOpen => Problem::input(Message::new("sandbox.data-in-use"))
            .fix(Message::new("sandbox.data-in-use-fix"))
            .in_file(path.display().to_string()),
        DatabaseError::UpgradeRequired(version) => other_version(path, &format!("redb {version}")),
        DatabaseError::Storage(StorageError::Io(error)) => problem_of(path, &StorageError::Io(error).into()),
        error => damaged(path, &error),
    }
}

/// What an error of the store means for the user.
fn problem_of(path: &Path, error: &redb::Error) -> Problem {
    match error {
        redb::Error::Io(error) if !matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof) => {
            unusable(path, error)
        }
        error => damaged(path, error),
    }
}
