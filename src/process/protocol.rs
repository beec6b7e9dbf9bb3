//! What the command line and the guardian say to each other: one JSON value per message; a request to start a
//! child carries its standard streams and listening sockets as open files.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::os::Exit;

/// From the command line to the guardian.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    /// Start a child. The first three files are its standard streams; the others are listening sockets.
    Spawn {
        /// File to execute.
        program: String,
        /// `argv[0]`.
        name: String,
        /// The other arguments.
        args: Vec<String>,
        /// Variables on top of the command line's own.
        env: Vec<(String, String)>,
        /// Working directory.
        directory: Option<PathBuf>,
        /// Names of the listening sockets, in order, and the variable that tells the child their numbers.
        listeners: Vec<String>,
        /// See `listeners`.
        listeners_variable: String,
    },
}

/// From the guardian to the command line.
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    /// The answer to a request: the child runs.
    Spawned(u32),
    /// The answer to a request: the system's error number and text.
    Refused(Option<i32>, String),
    /// A child that was started by request has ended.
    Exited(u32, Exit),
}
