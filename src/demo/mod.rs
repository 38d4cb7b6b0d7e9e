//! Two embedded shops, one ready and one broken on purpose, served over HTTPS on this machine.
//!
//! They show what homologa finds without a shop of one's own, and are the ground truth of its tests
//! (`tests/golive/ground_truth.yaml`). Not responsible for judging them.

pub mod ca;
mod server;
mod shops;

pub use server::{DemoShop, start};
pub use shops::ShopKind;
