//! Response bodies: normalising, grading, schemas.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| homologa::fuzzing::response(bytes));
