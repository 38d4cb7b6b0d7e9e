//! What `--record`, `--verify` and `--target recording:FILE` open, and what does not go together.

use std::path::Path;
use std::sync::Arc;

use super::session::is_stdout;
use crate::config::{ContractConfig, TargetConfig};
use crate::contract::Target;
use crate::contract::recording::{self, Head, Recorder, Recording, Tape};
use crate::i18n::Message;
use crate::run::Problem;
use crate::specs::catalogue::CURRENT_SNAPSHOT;

/// The recording that a run reads: the one that answers, else the one that is compared with.
fn read_by(config: &ContractConfig) -> Option<&Path> {
    match &config.target {
        TargetConfig::Recording(path) => Some(path),
        TargetConfig::Embedded | TargetConfig::Url(_) => config.verify.as_deref(),
    }
}

/// The seed of a run: the one that was asked for, else that of the recording, so that the same values are generated.
/// What is wrong with the recording is told when it is opened.
pub(super) fn seed(config: &ContractConfig, asked: Option<u64>) -> Option<u64> {
    asked.or_else(|| read_by(config).and_then(|path| recording::head(path).ok()).map(|head| head.seed))
}

/// Whether a target is the user's own and not the embedded sandbox, live or recorded.
pub(super) fn is_own(target: &TargetConfig) -> bool {
    match target {
        TargetConfig::Embedded => false,
        TargetConfig::Url(_) => true,
        TargetConfig::Recording(path) => recording::head(path).is_ok_and(|head| head.target.kind != "embedded"),
    }
}

/// Opens the recordings that a run reads.
///
/// # Errors
/// A problem of the input: a recording that does not read, or options that do not go together.
pub(super) fn open(config: &ContractConfig) -> Result<Tape, Problem> {
    let mut tape = Tape::default();
    if config.record.as_deref().is_some_and(is_stdout) {
        return Err(Problem::input(Message::new("recording.record-to-output"))
            .fix(Message::new("recording.record-to-output-fix")));
    }
    if let TargetConfig::Recording(path) = &config.target {
        if config.record.is_some() {
            return Err(Problem::input(Message::new("recording.record-of-recording"))
                .fix(Message::new("recording.record-of-recording-fix")));
        }
        tape.replay = Some(Arc::new(Recording::open(path)?));
    }
    if let Some(path) = &config.verify {
        if config.record.as_deref().is_some_and(|record| same_file(record, path)) {
            return Err(Problem::input(Message::new("recording.same-file"))
                .fix(Message::new("recording.other-file-fix"))
                .in_file(path.display().to_string()));
        }
        tape.verify = Some(Arc::new(Recording::open(path)?));
    }
    Ok(tape)
}

/// Begins the recording that a run writes.
///
/// # Errors
/// A problem of the input: the file cannot be written.
pub(super) fn start(tape: &mut Tape, config: &ContractConfig, target: &Target, seed: u64) -> Result<(), Problem> {
    if let Some(path) = &config.record {
        tape.write = Some(Arc::new(Recorder::create(path, target, seed, CURRENT_SNAPSHOT)?));
    }
    Ok(())
}

/// The target that a recording stands for.
///
/// # Errors
/// A problem of the input when another site was asked for than the recorded one.
pub(super) fn target(head: &Head, config: &ContractConfig) -> Result<Target, Problem> {
    let target = Target::recorded(head)?;
    let default = ContractConfig::default().site;
    if config.site != default && config.site != target.site {
        let message = Message::new("recording.other-site").with("site", &target.site).with("asked", &config.site);
        return Err(Problem::input(message).fix(Message::new("recording.other-site-fix")));
    }
    Ok(target)
}

fn same_file(one: &Path, other: &Path) -> bool {
    match (std::fs::canonicalize(one), std::fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}
