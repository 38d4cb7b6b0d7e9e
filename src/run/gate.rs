//! Gates: what a run must show at least, asked for by whoever starts it. A gate is part of the verdict.

use serde::{Deserialize, Serialize};

use super::{Finding, Place, RunVerdict, Severity, Verdict, fingerprint};
use crate::i18n::Message;

/// One gate and how the run stands to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Name: that of its option and of its grade, `min-coverage` or `min-pairs`.
    pub id: String,
    /// Least percentage.
    pub least: u8,
    /// How many answers showed.
    pub seen: usize,
    /// How many there are to be shown.
    pub total: usize,
    /// `pass`; `fail`; `inconclusive` when too little was seen by a run that could not ask everything.
    pub verdict: Verdict,
    /// What was seen of what is asked for, in words.
    pub message: Message,
    /// The finding of a gate that is not reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

impl Gate {
    /// Judges a gate. `open` says that the run has questions without an answer: then too little is no failure yet.
    /// `words` are the sentences of a gate that is reached and of one that is not, and how to mend that.
    pub fn judge(id: &str, least: u8, (seen, total): (usize, usize), open: bool, words: [&'static str; 3]) -> Gate {
        // Without rounding: 89 of 90 are no 99 percent.
        let reached = seen * 100 >= usize::from(least) * total;
        let verdict = match (reached, open) {
            (true, _) => Verdict::Pass,
            (false, true) => Verdict::Inconclusive,
            (false, false) => Verdict::Fail,
        };
        let [held, below, mend] = words;
        let percent = (seen * 1000).checked_div(total).unwrap_or(1000);
        let message = Message::new(if reached { held } else { below })
            .with("least", least)
            .with("seen", seen)
            .with("total", total)
            .with("percent", format!("{}.{}", percent / 10, percent % 10));
        let finding = (verdict == Verdict::Fail).then(|| Finding {
            id: fingerprint(&["gate", id]),
            rule: id.to_owned(),
            severity: Severity::Blocker,
            message: message.clone(),
            place: Place::default(),
            evidence: Vec::new(),
            fix: Some(Message::new(mend)),
        });
        Gate { id: id.to_owned(), least, seen, total, verdict, message, findings: finding.into_iter().collect() }
    }

    /// What it does to the verdict of the run.
    pub(super) fn run_verdict(&self) -> RunVerdict {
        match self.verdict {
            Verdict::Fail => RunVerdict::NotReady,
            Verdict::Inconclusive => RunVerdict::Inconclusive,
            Verdict::Pass | Verdict::Warn | Verdict::NotApplicable => RunVerdict::Ready,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn a_gate_does_not_round_and_an_open_run_stays_open() {
        let words = ["contract.reached-coverage", "contract.below-coverage", "contract.below-fix"];
        let gate = |least, seen, open| Gate::judge("min-coverage", least, (seen, 90), open, words);
        assert_eq!(gate(99, 89, false).verdict, Verdict::Fail);
        assert_eq!(gate(99, 89, true).verdict, Verdict::Inconclusive);
        assert_eq!((gate(98, 89, true).verdict, gate(0, 0, false).verdict), (Verdict::Pass, Verdict::Pass));
        let failed = gate(95, 71, false);
        assert_eq!((failed.findings.len(), failed.run_verdict()), (1, RunVerdict::NotReady));
        assert!(failed.message.render(Lang::Es).contains("78,8 %"), "{}", failed.message.render(Lang::Es));
        assert!(failed.message.render(Lang::En).contains("78.8 %"));
        assert!(gate(95, 71, true).findings.is_empty());
    }
}
