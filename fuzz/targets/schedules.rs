//! Fuzzes what `exercise/schedules.rs` says.

#![no_main]

#[path = "../exercise/schedules.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|input: &[u8]| exercise::run(input));
