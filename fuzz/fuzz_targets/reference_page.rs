//! The reference page and the documents that drift compares with.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| homologa::fuzzing::page(bytes));
