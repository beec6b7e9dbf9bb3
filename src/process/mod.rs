//! Supervision of child processes; knows nothing of Dapr.
//!
//! A run starts one [`guardian`]: a tiny process (this binary, no async runtime) that is the parent of
//! everything the run starts and, on Linux, of every orphan among their descendants. It holds a socket from the
//! command line; when that closes, however the command line died, the guardian ends all of its descendants.

mod guard;
pub mod guardian;
mod protocol;
mod pump;

pub use guard::{Exited, Guard, Spec};
pub use pump::{Console, Source, Stream, feed, pump};
