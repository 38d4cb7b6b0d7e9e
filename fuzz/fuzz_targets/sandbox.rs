//! Requests to the embedded sandbox.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| homologa::fuzzing::sandbox(bytes));
