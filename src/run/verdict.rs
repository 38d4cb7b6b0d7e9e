//! Verdicts of a check and of a run, and the exit codes that follow from them.

use serde::{Deserialize, Serialize};

/// What is known of one check after looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Looked at, and it holds.
    Pass,
    /// Looked at, and a blocker or an expectation does not hold.
    Fail,
    /// Looked at, and a warning or an advice does not hold.
    Warn,
    /// Not looked at, or not enough to tell. Never shown as a pass.
    Inconclusive,
    /// The question does not arise here.
    NotApplicable,
}

/// What is known of the whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunVerdict {
    /// Every blocker was looked at and holds, every scenario met its expectations.
    Ready,
    /// A blocker or an expectation does not hold.
    NotReady,
    /// Nothing failed, but something that must hold could not be judged.
    Inconclusive,
}

impl RunVerdict {
    /// The verdict of a whole made of parts: one failure decides, then one open question.
    /// No part at all is an open question too.
    pub fn of(parts: impl IntoIterator<Item = RunVerdict>) -> RunVerdict {
        let mut verdict = None;
        for part in parts {
            verdict = Some(match (verdict, part) {
                (_, RunVerdict::NotReady) => return RunVerdict::NotReady,
                (Some(RunVerdict::Inconclusive), _) => RunVerdict::Inconclusive,
                (_, part) => part,
            });
        }
        verdict.unwrap_or(RunVerdict::Inconclusive)
    }

    /// The process exit code: 0 ready, 1 not ready, 3 inconclusive.
    pub fn exit_code(self) -> u8 {
        match self {
            RunVerdict::Ready => 0,
            RunVerdict::NotReady => 1,
            RunVerdict::Inconclusive => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RunVerdict::*;

    #[test]
    fn a_failure_decides_then_an_open_question() {
        assert_eq!(RunVerdict::of([Ready, Inconclusive, NotReady]), NotReady);
        assert_eq!(RunVerdict::of([Inconclusive, Ready]), Inconclusive);
        assert_eq!(RunVerdict::of([Ready, Ready]), Ready);
        assert_eq!(RunVerdict::of([]), Inconclusive);
    }
}
