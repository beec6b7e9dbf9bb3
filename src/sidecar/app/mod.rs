//! Calls to the user's app.

mod bindings;
pub mod bulk_events;
mod callback;
mod channel;
mod configuration;
pub mod events;
pub mod grpc;
pub mod health;
pub mod invoke;
pub mod jobs;
pub mod message;
mod subscriptions;
pub mod wait;

pub use channel::{CallError, Channel, Target};
pub use configuration::ItemBody;
