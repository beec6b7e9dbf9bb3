//! Shared Redis infrastructure: how a component's metadata becomes a connection (components reference, section
//! 3), one connection for all commands of a component, connections of their own for what waits, scripts. It
//! knows no keys.
//!
//! Commands of all tasks share one connection and are pipelined on it, so that many callers cost few packets;
//! there is no pool, and properties of pools have no effect. What fails because of the connection is tried
//! again, on a new connection if need be, as often and as long as the metadata says. A command that is only
//! perhaps done is not repeated unless its caller says that this does no harm.

mod client;
mod error;
mod link;
mod listening;
mod retry;
mod script;
mod settings;
#[cfg(test)]
mod tests;
mod waiting;

pub use client::{Client, Repeat};
pub use error::Error;
pub use listening::Listening;
pub use script::{Call, Script};
pub use settings::{Defaults, Settings, milliseconds};
