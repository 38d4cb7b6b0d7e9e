//! Tests of the sandbox as a whole: in process, and over HTTP.

pub(super) mod bench;
mod codes;
mod flows;
mod garbage;
mod http;
mod schemas;
mod wrong_types;
