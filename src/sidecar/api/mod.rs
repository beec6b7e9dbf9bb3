//! The Dapr API. Each transport only decodes, calls one building-block method, and encodes.

pub mod grpc;
pub mod http;
pub mod internal;
pub mod metrics;
mod rules;
pub mod serve;
mod token;
