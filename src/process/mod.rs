//! Supervision of child processes; knows nothing of Dapr.
//!
//! A run starts one [`guardian`]: a tiny process (this binary, no async runtime) that is the parent of
//! everything the run starts and, on Linux, of every orphan among their descendants. It holds a socket from the
//! command line; when that closes, however the command line died, the guardian ends all of its descendants.

mod child;
mod console;
mod guard;
pub mod guardian;
pub mod logfile;
mod outlet;
mod protocol;
mod pump;

pub use child::Child;
pub use console::{Console, SourceId, Stream};
pub use guard::{Guard, Spec};
pub use logfile::{LogFile, Rotation};
pub use outlet::{Frame, Kept, Outlet, Shown, Writer};
pub use pump::{Source, feed, pump};
