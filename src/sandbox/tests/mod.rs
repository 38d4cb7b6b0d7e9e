//! Tests of the sandbox as a whole: in process, and over HTTP.

mod admin;
pub(super) mod bench;
mod codes;
mod flows;
mod garbage;
mod http;
mod orders;
mod resources;
mod schemas;
mod store;
mod suites;
mod webhooks;
mod wrong_types;
