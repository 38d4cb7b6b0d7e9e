//! Scenario files, and the requests they would send.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| homologa::fuzzing::scenario_file(bytes));
