//! The Dapr API. Each transport only decodes, calls one building-block method, and encodes.

pub mod http;
