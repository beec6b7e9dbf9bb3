//! The command line as a user meets it: the binary, its output and its exit codes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod doctor;
mod help;
mod init;
mod invoke;
mod lint;
mod list;
mod logs;
mod publish;
mod resources;
mod restart;
mod run_file;
mod scheduler;
mod status;
mod stop;
#[path = "../support/mod.rs"]
mod support;
mod usage;
mod version;
mod wait;
