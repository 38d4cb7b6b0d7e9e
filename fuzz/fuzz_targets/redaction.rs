//! The masking of everything that leaves the process.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| homologa::fuzzing::redaction(bytes));
