//! `dapr run` for one app: checks, ports, the sidecar, the app, and their end. Says what happens through a
//! callback and prints nothing itself; the lines of the sidecar and the app are pumped by `process`.

mod address;
mod announce;
mod argv;
mod choose;
mod control;
pub mod detach;
mod environment;
mod logs;
mod many;
mod names;
mod pair;
mod ports;
mod prepare;
mod reason;
mod requests;
mod settings;
mod single;

pub use choose::choose;
pub use many::{Draw, OnFailure, Options, run as run_many};
pub use settings::{Choice, Settings, Template};
pub use single::run;

/// Something to tell the user, as a status line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// What is going on.
    Info(String),
    /// Something worked.
    Success(String),
    /// Something is odd, and the run goes on.
    Warning(String),
    /// Something failed.
    Failure(String),
    /// There is no command: only the sidecar is started.
    NoCommand,
    /// A line without a symbol.
    Plain(String),
    /// Everything that the run starts is up; not a line at all.
    Up,
}

impl Note {
    /// The bare text.
    pub fn text(&self) -> &str {
        match self {
            Self::Info(text)
            | Self::Success(text)
            | Self::Warning(text)
            | Self::Failure(text)
            | Self::Plain(text) => text,
            Self::NoCommand => "WARNING: no application command found.",
            Self::Up => "",
        }
    }
}
