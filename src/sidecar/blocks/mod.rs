//! The rules of each building block, without any transport.

pub mod bindings;
pub mod cloudevent;
pub mod configuration;
pub mod delivery;
pub mod invoke;
pub mod jobs;
pub mod lock;
pub mod metadata;
pub mod pubsub;
pub mod secrets;
pub mod state;
pub mod subscriptions;
mod tasks;
pub mod topics;

#[cfg(test)]
pub(in crate::sidecar) mod testing;
