//! The embedded sidecar in this process, on free ports of the loopback interface, with real requests.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod support;
#[path = "../support/tls.rs"]
mod tls;

mod api;
mod app_health;
mod bindings;
mod components;
mod configuration;
mod grpc;
mod health;
mod invoke;
mod jobs;
mod listen;
mod metadata;
mod metrics;
mod otlp;
mod outside;
mod protocols;
mod publish;
mod redis;
#[path = "../support/redis.rs"]
mod redis_server;
mod reload;
mod resiliency;
mod secrets;
mod shutdown;
mod state;
mod subscriptions;
mod trace;
