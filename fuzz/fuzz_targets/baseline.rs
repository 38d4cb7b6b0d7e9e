//! Baselines, as `contract drift` and `contract accept` read and write them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| homologa::fuzzing::baseline(bytes));
