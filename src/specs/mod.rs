//! The contract as data: the files of `specs/`, embedded in the program, read on first use.
//!
//! Each part of `specs/` has one module here that gives it types; nothing here judges.

pub mod cards;
pub mod sites;

use include_dir::{Dir, include_dir};

/// The files of `specs/`.
pub(crate) static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/specs");
