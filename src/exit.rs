//! The exit codes, in one place. A pipeline can tell a broken contract from a broken network.

/// Ready.
pub const READY: u8 = 0;
/// Not ready: a blocker, a failed expectation or breaking drift.
pub const NOT_READY: u8 = 1;
/// The command line, the configuration, a scenario or a rule is wrong.
pub const INPUT: u8 = 2;
/// Inconclusive: the target or the shop could not be reached or judged.
pub const INCONCLUSIVE: u8 = 3;
