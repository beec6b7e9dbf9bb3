//! Fuzzes what `exercise/cloudevents.rs` says.

#![no_main]

#[path = "../exercise/cloudevents.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|input: &[u8]| exercise::run(input));
