//! Recordings, as `--target recording:FILE`, `--verify` and `contract validate` read them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| homologa::fuzzing::recording(bytes));
