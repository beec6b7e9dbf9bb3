//! Calls to the user's app.

mod channel;

pub use channel::{CallError, Channel, Target};
