//! Fuzzes what `exercise/http.rs` says.

#![no_main]

#[path = "../exercise/http.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|input: &[u8]| exercise::run(input));
