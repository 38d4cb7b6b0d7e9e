//! What a run says and what is kept of it: events, findings, verdicts and the run record.
//!
//! Engines emit [`Event`]s through a [`Sink`] and know nothing of output; the collector folds the same
//! events into the [`RunRecord`] that reports are made of. Nothing here opens a socket or prints.

mod accepted;
mod collector;
mod contract;
mod counted;
mod drift;
mod event;
mod event_line;
mod file;
mod finding;
mod gate;
pub mod item;
mod journal;
pub mod policy;
mod preflight;
mod problem;
mod record;
mod resume;
mod shard;
mod shop;
mod stop;
mod tls;
mod verdict;

pub use accepted::{AcceptedEntry, AcceptedFindings, EntrySight, EntryState, Tolerated};
pub use collector::Collector;
pub use contract::{
    Attempt, CodeCoverage, ContractRecord, Coverage, CoverageState, Exchange, Expectation, MOST_WHOLE, PairCoverage,
    ScenarioResult, Skipped, Span, StepResult,
};
pub use counted::{Counted, Noted, Watched};
pub use drift::{
    Acceptance, BaselineUse, Change, Comparison, DriftEntry, DriftReport, StaleEntry, Terms, place_of_step,
};
pub use event::{Event, Listener, RunStarted, Sink, TargetInfo, Versions, differences};
pub use file::{cannot_write, is_full, read_at_most, read_at_most_into, unreadable, unwritable};
pub use finding::{Evidence, Finding, Place, Severity, fingerprint};
pub use gate::Gate;
pub use journal::{Journal, read as read_record};
pub use preflight::{Creation, CredentialKind, Preflight, Stage};
pub use problem::{Blame, Excerpt, Problem};
pub use record::{FORMAT, RunRecord};
pub use resume::{Earlier, resume};
pub use shard::Shard;
pub use shop::{
    BrowserFacts, Check, Generation, Hop, LeftOut, ManualCard, PageSummary, RequirementCard, RuleCard, ShopRecord,
    UnreadShop,
};
pub use stop::{Attending, Stop};
pub use tls::{CertificateFacts, PlainHttp, TlsFacts, VersionFacts};
pub use verdict::{RunVerdict, Verdict};
