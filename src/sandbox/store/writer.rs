//! The one who writes: takes what all requests changed meanwhile together, so that many answers wait for one writing.

use std::fs::File;
use std::io;
use std::mem;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use redb::Database;
use tokio::sync::watch;

use super::{Durability, Opened, Write, damaged, problem_of, quietly, unusable, write};
use crate::run::Problem;
use crate::sandbox::state::State;

/// How often the disk gets what the operating system has, where answers do not wait for it.
const SYNC: Duration = Duration::from_secs(1);

/// A store that is being written to, until it is dropped.
pub(in crate::sandbox) struct Store {
    shared: Arc<Shared>,
    progress: watch::Receiver<Progress>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
}

#[derive(Default)]
struct Queue {
    writes: Vec<Write>,
    /// Batches so far.
    last: u64,
    stop: bool,
}

/// How far the writer is, or why it is no more.
#[derive(Debug, Clone, Default)]
struct Progress {
    written: u64,
    failed: Option<Box<Problem>>,
}

/// A place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) struct Ticket(u64);

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Starts the writer.
    pub(super) fn start(opened: Opened) -> Result<Store, Problem> {
        let shared = Arc::new(Shared { queue: Mutex::default(), filled: Condvar::new() });
        let (sender, progress) = watch::channel(Progress::default());
        let path = opened.path.clone();
        let writer = Writer {
            shared: Arc::clone(&shared),
            progress: sender,
            database: opened.database,
            file: opened.file,
            path: opened.path,
            durability: opened.durability,
        };
        let thread = thread::Builder::new().name("sandbox-data".to_owned()).spawn(move || writer.run());
        let thread = thread.map_err(|error| unusable(&path, &error))?;
        Ok(Store { shared, progress, thread: Mutex::new(Some(thread)) })
    }

    /// Queues what changed in the state; whoever waits for the ticket waits for all that was changed until now. The
    /// state is held meanwhile, so that changes are queued in the order in which they happened.
    pub(in crate::sandbox) fn record(&self, state: &mut State) -> Ticket {
        let mut queue = self.shared.queue();
        let before = queue.writes.len();
        for (kind, entries) in state.kinds() {
            entries.changes(&mut |(number, bytes)| queue.writes.push(((kind, number), bytes)));
        }
        if queue.writes.len() > before {
            queue.last += 1;
            self.shared.filled.notify_one();
        }
        Ticket(queue.last)
    }

    /// Waits until it is kept; false when it cannot be any more.
    pub(in crate::sandbox) async fn kept(&self, ticket: Ticket) -> bool {
        let mut progress = self.progress.clone();
        let done = progress.wait_for(|now| now.written >= ticket.0 || now.failed.is_some()).await;
        done.is_ok_and(|now| now.written >= ticket.0)
    }

    /// Waits until nothing can be written any more.
    pub(in crate::sandbox) async fn failed(&self) -> Problem {
        let mut progress = self.progress.clone();
        let failed = match progress.wait_for(|now| now.failed.is_some()).await {
            Ok(now) => now.failed.clone(),
            Err(_) => None,
        };
        match failed {
            Some(problem) => *problem,
            // The writer ended because it was told to.
            None => std::future::pending().await,
        }
    }

    /// Writes what is queued and closes the file.
    pub(in crate::sandbox) fn close(&self) {
        self.shared.queue().stop = true;
        self.shared.filled.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            thread.join().ok();
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

struct Writer {
    shared: Arc<Shared>,
    progress: watch::Sender<Progress>,
    database: Database,
    file: File,
    path: PathBuf,
    durability: Durability,
}

impl Writer {
    fn run(self) {
        let mut unsynced = false;
        loop {
            let (writes, number, stop) = self.next(unsynced);
            let nothing = writes.is_empty();
            if nothing && stop {
                return;
            }
            let done = if nothing { self.sync() } else { self.write(writes) };
            unsynced = !nothing && self.durability == Durability::Kill;
            match done {
                Ok(()) => self.progress.send_modify(|now| now.written = now.written.max(number)),
                Err(problem) => {
                    self.progress.send_modify(|now| now.failed = Some(problem));
                    return;
                }
            }
        }
    }

    /// What is queued, up to which ticket, and whether it is the end; nothing, when it is time to sync.
    fn next(&self, unsynced: bool) -> (Vec<Write>, u64, bool) {
        let mut queue = self.shared.queue();
        while queue.writes.is_empty() && !queue.stop {
            if unsynced {
                let (held, time) = self.shared.filled.wait_timeout(queue, SYNC).unwrap_or_else(PoisonError::into_inner);
                queue = held;
                if time.timed_out() {
                    break;
                }
            } else {
                queue = self.shared.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
        }
        (mem::take(&mut queue.writes), queue.last, queue.stop)
    }

    fn write(&self, writes: Vec<Write>) -> Result<(), Box<Problem>> {
        // A damaged page that was not read at the start may make the store panic: that ends the writing, as an error does.
        match quietly(|| write(&self.database, writes)) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Box::new(problem_of(&self.path, &error))),
            Err(told) => Err(Box::new(damaged(&self.path, &told))),
        }
    }

    fn sync(&self) -> Result<(), Box<Problem>> {
        let synced: io::Result<()> = self.file.sync_data();
        synced.map_err(|error| Box::new(unusable(&self.path, &error)))
    }
}
