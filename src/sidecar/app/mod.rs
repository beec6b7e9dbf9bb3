//! Calls to the user's app.

mod bindings;
mod callback;
mod channel;
pub mod events;
pub mod health;
mod subscriptions;
pub mod wait;

pub use channel::{CallError, Channel, Target};
