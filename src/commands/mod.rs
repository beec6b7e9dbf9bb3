//! One file per verb: its flags and what it does with them. A verb returns an exit code or a [`Failure`]; it
//! prints through `Globals::printer` only.

pub mod args;
pub mod build_info;
pub mod bundle;
pub mod completion;
pub mod components;
pub mod configurations;
pub mod daprd;
pub mod dashboard;
pub mod doctor;
pub mod init;
mod interrupt;
pub mod invoke;
pub mod lint;
pub mod list;
pub mod logs;
pub mod mcpservers;
pub mod publish;
pub mod restart;
pub mod run;
pub mod scheduler;
pub mod status;
pub mod stop;
pub mod subscriptions;
pub mod uninstall;
pub mod upgrade;
pub mod version;
pub mod wait;

use crate::env::Env;
use crate::error::{EXIT_OK, Failure};
use crate::output::Printer;
use crate::paths::InstallDir;

/// What every verb gets beside its own flags.
#[derive(Debug, Clone)]
pub struct Globals {
    /// The environment.
    pub env: Env,
    /// Where everything that is shown goes.
    pub printer: Printer,
    /// `--log-as-json`.
    pub log_as_json: bool,
    /// `--runtime-path`, as given.
    pub runtime_path: Option<String>,
    /// Long names of the verb's own flags that stand on the command line, sorted.
    pub given: Vec<String>,
}

impl Globals {
    /// The `.dapr` directory that the flag, the environment or the home directory names.
    pub fn install(&self) -> Result<InstallDir, Failure> {
        InstallDir::resolve(self.runtime_path.as_deref(), &self.env).map_err(Failure::new)
    }

    /// Prints data as the whole result of a verb.
    fn finish(&self, data: impl AsRef<[u8]>) -> Result<u8, Failure> {
        self.printer.data(data).map_err(|error| Failure::new(format!("cannot write to stdout: {error}")))?;
        Ok(EXIT_OK)
    }
}

/// The failure of a verb that needs an async runtime and gets none.
fn no_async_runtime(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("cannot start the async runtime: {error}"))
}

/// The failure of a flag, or of a use of a verb, that isn't there yet: `what` is the command line up to it.
fn unavailable(what: &str) -> Failure {
    Failure::new(format!("{what} is not available yet in this build"))
}
