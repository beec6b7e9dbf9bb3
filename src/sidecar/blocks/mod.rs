//! The rules of each building block, without any transport.

pub mod invoke;
pub mod metadata;
