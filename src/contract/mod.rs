//! The contract side: replays scenarios against a target and checks every response against what is
//! documented. Emits events; prints nothing.

mod coverage;
pub mod drift;
mod exchange;
mod expect;
mod judge;
mod preflight;
mod runner;
pub mod scenario;
mod target;
pub mod validate;

pub use coverage::Tally;
pub use judge::{NormalError, normalise};
pub use runner::{Options, run};
pub use target::{Role, Target, TargetKind};
