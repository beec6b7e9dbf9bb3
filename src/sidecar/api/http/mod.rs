//! The HTTP API (http-api reference). One file per building block; this one lists the routes.

pub mod error;
