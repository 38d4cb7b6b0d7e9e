//! Two embedded shops, one ready and one broken on purpose, served over HTTPS on this machine.
//!
//! They show what homologa finds without a shop of one's own, and are the ground truth of its tests.

pub mod ca;
