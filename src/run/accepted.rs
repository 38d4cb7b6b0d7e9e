//! Findings that the merchant accepts for a time: what the baseline says of them, and how each entry fared in a run.
//!
//! Not responsible for reading the file (`contract/baseline`) or for deciding which finding an entry holds
//! (`golive/rule/accepted.rs`).

use serde::{Deserialize, Serialize};

use super::{Finding, Place, Severity, ShopRecord, Terms};

/// How an entry fared in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryState {
    /// It tolerates findings of this run.
    Used,
    /// Its last day is over: what it tolerated counts again.
    Expired,
    /// Everything it speaks of was looked at, and there is nothing to tolerate any more.
    Stale,
    /// Nobody can tell: the page was not reached, the rule stayed open, or the run did not come to its end.
    #[default]
    Unseen,
}

/// An entry of `findings` in the baseline.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AcceptedEntry {
    /// Rule whose findings it tolerates.
    pub rule: String,
    /// Identity of the one finding that it tolerates. Page and selector then only say where that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
    /// Path of the page or script; `*` stands for anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// CSS selector, as findings tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// The heaviest that it tolerates; `None` for any weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Reason, owner and last day.
    pub terms: Terms,
    /// Where it stands in the file.
    #[serde(default)]
    pub place: Place,
    /// How it fared.
    #[serde(default)]
    pub state: EntryState,
    /// How many findings of this run it speaks of.
    #[serde(default)]
    pub count: usize,
}

/// What a baseline accepts on the go-live side.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AcceptedFindings {
    /// The file, as the user named it.
    pub file: String,
    /// Its entries, in the order of the file.
    pub entries: Vec<AcceptedEntry>,
}

/// What an entry met in one shop; the entries of all shops are those of [`AcceptedFindings`], in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EntrySight {
    /// Findings that it speaks of.
    pub matched: usize,
    /// Whether a page that it speaks of was read and judged.
    pub reached: bool,
    /// Whether some of what it speaks of could not be judged.
    pub open: bool,
}

/// A finding that is tolerated: it does not count for the verdict, and is shown as what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tolerated {
    /// What does not hold.
    pub finding: Finding,
    /// Why, by whom and until when it is tolerated.
    pub terms: Terms,
}

impl AcceptedFindings {
    /// Tells how each entry fared in these shops; `whole` says that nothing kept the run from looking at all of them.
    pub fn settle(&mut self, shops: &[ShopRecord], whole: bool) {
        for (number, entry) in self.entries.iter_mut().enumerate() {
            let sights = || shops.iter().filter_map(|shop| shop.accepted.get(number));
            entry.count = sights().map(|sight| sight.matched).sum();
            let gone = whole && sights().any(|sight| sight.reached) && !sights().any(|sight| sight.open);
            entry.state = match entry.state {
                EntryState::Expired => EntryState::Expired,
                _ if entry.count > 0 => EntryState::Used,
                _ if gone => EntryState::Stale,
                _ => EntryState::Unseen,
            };
        }
    }

    /// Entries in a state.
    pub fn of(&self, state: EntryState) -> impl Iterator<Item = &AcceptedEntry> {
        self.entries.iter().filter(move |entry| entry.state == state)
    }
}
