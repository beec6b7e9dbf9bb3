//! Calls to the user's app.

mod bindings;
mod callback;
mod channel;
mod configuration;
pub mod events;
pub mod health;
pub mod jobs;
mod subscriptions;
pub mod wait;

pub use channel::{CallError, Channel, Target};
pub use configuration::ItemBody;
