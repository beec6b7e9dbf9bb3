//! `-d/--data`, `-f/--data-file` and `-u/--unix-domain-socket`: what is sent, and how.

use std::path::PathBuf;

use bytes::Bytes;

use crate::commands::Globals;
use crate::error::{Failure, system_text};

/// What `invoke` and `publish` send.
#[derive(Debug, clap::Args)]
pub struct Payload {
    /// The JSON serialized data string (optional)
    #[arg(short, long, default_value = "")]
    data: String,
    /// A file containing the JSON serialized data (optional)
    #[arg(short = 'f', long, default_value = "")]
    data_file: String,
    /// Path to a unix domain socket dir. If specified, Dapr API servers will use Unix Domain Sockets
    #[arg(short, long, default_value = "")]
    unix_domain_socket: String,
}

impl Payload {
    /// The body. `verb` is the verb's name for messages.
    pub fn read(&self, verb: &str) -> Result<Bytes, Failure> {
        if self.data_file.is_empty() {
            return Ok(Bytes::copy_from_slice(self.data.as_bytes()));
        }
        if !self.data.is_empty() {
            let message = "Only one of --data and --data-file allowed in the same";
            return Err(Failure::new(format!("{message} {verb} command")));
        }
        let file = &self.data_file;
        fs_err::read(file).map(Bytes::from).map_err(|error| {
            let error = format!("open {file}: {}", system_text(&error));
            Failure::new(format!("Error reading payload from '{file}'. Error: {error}"))
        })
    }

    /// The socket directory, if one was given. Says that sockets are a preview feature.
    pub fn socket(&self, globals: &Globals) -> Option<PathBuf> {
        if self.unix_domain_socket.is_empty() {
            return None;
        }
        globals.printer.warning("Unix domain sockets are currently a preview feature");
        Some(PathBuf::from(&self.unix_domain_socket))
    }
}
