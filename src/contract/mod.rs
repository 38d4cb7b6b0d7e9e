//! The contract side: replays scenarios against a target and checks every response against what is
//! documented. Emits events; prints nothing.

pub mod baseline;
mod coverage;
pub mod drift;
mod dry;
mod environment;
mod exchange;
mod execution;
mod expect;
mod headers;
mod json;
mod json_path;
mod judge;
mod leaving;
mod pace;
mod plan;
mod preflight;
mod queue;
pub mod recording;
mod retry;
mod runner;
pub mod scenario;
mod select;
mod serial;
mod share;
mod target;
#[cfg(test)]
mod tests;
mod text;
mod transport;
mod unknown_outcome;
pub mod validate;
mod widen;

pub use coverage::{Gates, Tally};
pub(crate) use coverage::{MOST_NAMED, why_of};
pub use dry::{DryRequest, DryScenario, DryStep, dry_run};
pub use judge::{NormalError, normalise};
pub use queue::Queue;
pub use runner::{Options, run};
pub use select::{selected, tagged};
pub use target::{Recorded, Role, Target, TargetKind};
