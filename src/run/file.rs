//! Reading files within bounds, and words for what the system says of files.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::Problem;
use crate::i18n::Message;

/// Room for most small files, and for noticing their end, in bytes.
const ROOM: usize = 16 * 1024;

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

/// As [`read_at_most`], into a place that is used for one file after the other.
///
/// # Errors
/// The system's.
pub fn read_at_most_into(path: &Path, limit: u64, bytes: &mut Vec<u8>) -> std::io::Result<()> {
    bytes.clear();
    // Where many small files are read, each question to the system counts: none about the size.
    bytes.reserve(ROOM);
    File::open(path)?.take(limit.saturating_add(1)).read_to_end(bytes)?;
    Ok(())
}

/// Why a file cannot be read, in words.
pub fn unreadable(error: &std::io::Error) -> Message {
    match error.kind() {
        ErrorKind::NotFound => Message::new("run.not-found"),
        ErrorKind::PermissionDenied => Message::new("run.no-permission"),
        ErrorKind::IsADirectory => Message::new("run.is-a-folder"),
        ErrorKind::NotADirectory => Message::new("run.through-a-file"),
        _ => Message::new("run.cannot-read").with("error", error),
    }
}

/// That a file cannot be written, and why: a place that the user can name better is a mistake of the input, a full disk is
/// of the environment.
pub fn cannot_write(error: &std::io::Error) -> Problem {
    let message = unwritable(error);
    let problem = if is_full(error) { Problem::environment(message) } else { Problem::input(message) };
    problem.fix(Message::new("run.cannot-write-fix"))
}

/// Whether there is no room left on a disk.
pub fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

/// Why a file cannot be written, in words.
pub fn unwritable(error: &std::io::Error) -> Message {
    match error.kind() {
        // Where a folder is to be made, a file of that name is in its way.
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::AlreadyExists => Message::new("run.no-folder"),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Message::new("run.no-permission"),
        ErrorKind::IsADirectory => Message::new("run.is-a-folder"),
        _ if is_full(error) => Message::new("run.disk-full"),
        _ => Message::new("run.cannot-write").with("error", error),
    }
}
