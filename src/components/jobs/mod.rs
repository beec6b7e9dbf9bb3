//! Jobs that are to run later, in a SQLite file that all sidecars of a machine share (HTTP API reference, section
//! 10). No job runs twice at a time: whoever runs it has claimed it before, and what a sidecar had claimed when
//! it died is free again.
//!
//! | part | what it is for |
//! |---|---|
//! | [`Job`], [`Key`] | what is asked for, and under which name |
//! | [`Stored`] | a job and how far it has got: what follows from a run that went well or failed |
//! | [`Store`] | the file: one operation is one transaction |

mod job;
mod key;
mod progress;
mod schema;
mod store;
mod table;
#[cfg(test)]
mod tests;

pub use job::{Job, Payload, Policy};
pub use key::{Key, Receiver};
pub use progress::{Progress, Stored, Update};
pub use store::{Claim, Error, Store, Watcher};
