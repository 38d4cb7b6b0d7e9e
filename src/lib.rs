//! homologa tells a developer who integrates Mercado Pago whether the integration may go to production.
//!
//! Data flows one way: inputs → engines ([`contract`], [`golive`]) → events → record ([`run`]) → reports
//! ([`report`]). Engines never print, reporters never decide, rules never fetch.

pub mod cli;
pub mod config;
pub mod contract;
pub mod demo;
pub mod exit;
#[doc(hidden)]
pub mod fuzzing;
pub mod golive;
pub mod http;
pub mod i18n;
pub mod ids;
pub mod merge;
pub mod report;
pub mod run;
pub mod sandbox;
pub mod secret;
pub mod specs;
pub mod tls;
pub mod yaml;
