//! The command line: help, languages, exit codes, files of the user.

mod bad_input;
mod commands;
mod demo;
mod gate;
mod sandbox;
mod sandbox_data;
mod scale;
mod scale_data;
mod scale_examples;
