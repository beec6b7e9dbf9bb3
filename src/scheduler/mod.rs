//! The jobs of a runtime as `dapr scheduler` sees them: those of the embedded runtime in its file, whether or not a
//! sidecar runs, and those of the stock scheduler in its etcd.
//!
//! Knows no flags and prints nothing.

mod data;
mod embedded;
mod etcd;
mod file;
mod name;
mod place;
mod records;
mod selection;
mod stored;

pub use data::{kind_of_data, over_http};
pub use file::{read, write};
pub use name::{Kind, kind, parse, show};
pub use place::Place;
pub use records::{Imported, Records};
pub use selection::Selection;

pub use crate::components::jobs::{Key, Payload, Policy, Receiver, Stored};

/// Why a job can't be told, moved or removed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name or an argument of the wrong form.
    #[error("{0}")]
    Malformed(String),
    /// The file of the embedded runtime.
    #[error("the jobs in {file} can't be used: {cause}")]
    Store {
        /// Which file.
        file: String,
        /// What is wrong.
        cause: String,
    },
    /// The stock scheduler doesn't answer.
    #[error("the scheduler's etcd at {address} can't be reached: {cause}")]
    Unreachable {
        /// Where it was asked.
        address: String,
        /// What happened.
        cause: String,
    },
    /// The stock scheduler refuses.
    #[error("the scheduler's etcd at {address} failed: {cause}")]
    Refused {
        /// Where it was asked.
        address: String,
        /// What it says.
        cause: String,
    },
    /// A job or counter that can't be read.
    #[error("unmarshal {what} \"{key}\": {cause}")]
    Unreadable {
        /// `job` or `counter`.
        what: &'static str,
        /// Under which key.
        key: String,
        /// What is wrong.
        cause: String,
    },
    /// An import that ended in the middle.
    #[error("{cause}")]
    Incomplete {
        /// What was put in until then.
        items: usize,
        /// What happened.
        cause: String,
    },
    /// A file of exported jobs.
    #[error("{0}")]
    File(String),
}
