//! Fuzzes what `exercise/resources.rs` says.

#![no_main]

#[path = "../exercise/resources.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|input: &[u8]| exercise::run(input));
