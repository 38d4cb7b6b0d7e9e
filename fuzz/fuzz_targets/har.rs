//! HAR files, JSON lines and bodies, as `contract validate` reads them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| homologa::fuzzing::har(bytes));
