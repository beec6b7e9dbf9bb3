//! Calls to the user's app.

mod channel;
pub mod health;
pub mod wait;

pub use channel::{CallError, Channel, Target};
