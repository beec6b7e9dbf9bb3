//! The binding contracts (`bindings.*`): output bindings, which the app calls, and input bindings, which call the
//! app. A type may be both. One conformance suite, `tests/components/bindings.rs`, runs over every provider.

pub mod cron;
pub mod http;
pub mod localstorage;
pub mod redis;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::Metadata;

/// Why a call failed. An answer that counts as a failure may still have metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What is wrong.
    pub message: String,
    /// What is known nevertheless, for example a status code.
    pub metadata: Metadata,
}

impl Error {
    /// An error without metadata.
    pub fn new(message: impl std::fmt::Display) -> Self {
        Self { message: message.to_string(), metadata: Metadata::new() }
    }
}

/// A call of an output binding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// For example `create`, `get`, `delete`, `list`.
    pub operation: String,
    /// The payload: over HTTP the JSON text of `data`.
    pub data: Bytes,
    /// Request metadata.
    pub metadata: Metadata,
}

/// The answer of an output binding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Response {
    /// The payload; `None` when there is nothing to say.
    pub data: Option<Bytes>,
    /// Response metadata.
    pub metadata: Metadata,
}

/// An output binding. Methods may be called from many tasks at once.
#[async_trait]
pub trait Output: Send + Sync {
    /// The operations that it knows.
    fn operations(&self) -> &'static [&'static str];

    /// Does one of them. The caller has checked that it is known.
    async fn invoke(&self, request: Request) -> Result<Response, Error>;

    /// Ends background work.
    async fn close(&self) {}
}

/// What an input binding has to tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// The payload.
    pub data: Bytes,
    /// Its metadata.
    pub metadata: Metadata,
}

/// Receives events. `Ok` has the app's answer; after an error a durable source tells the event again.
pub type Handler = Arc<dyn Fn(Event) -> BoxFuture<'static, Result<Bytes, Error>> + Send + Sync>;

/// A running input binding; dropping it without [`Reading::stop`] stops it in the background.
#[async_trait]
pub trait Reading: Send + Sync {
    /// No new event is handed over after this; returns when those that are being handled are done.
    async fn stop(self: Box<Self>);
}

/// An input binding.
#[async_trait]
pub trait Input: Send + Sync {
    /// Starts to hand events over.
    async fn read(&self, handler: Handler) -> Result<Box<dyn Reading>, Error>;

    /// Ends background work.
    async fn close(&self) {}
}
