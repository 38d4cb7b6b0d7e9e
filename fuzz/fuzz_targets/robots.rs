//! A CSV table beside a scenario.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| homologa::fuzzing::robots(bytes));
