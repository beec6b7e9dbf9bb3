//! Messages of the Dapr API that apps send both as callers and as callees, as what the blocks know.

use bytes::Bytes;
use dapr::dapr::proto::common::v1::state_options::{StateConcurrency, StateConsistency};
use dapr::dapr::proto::common::v1::{Etag, StateItem, StateOptions};
use prost_types::Any;

use crate::components::Metadata;
use crate::components::jobs::Payload;
use crate::sidecar::blocks::state::{Options, Removal, Write};
use crate::wire;

/// A value to write.
pub fn write(item: StateItem) -> Write {
    let StateItem { key, value, etag: expected, metadata, options: wanted } = item;
    Write {
        key,
        value: Bytes::from(value),
        etag: etag(expected),
        metadata: sorted(metadata),
        options: options(wanted.as_ref()),
    }
}

/// A value to delete.
pub fn removal(item: StateItem) -> Removal {
    let StateItem { key, etag: expected, metadata, options: wanted, .. } = item;
    Removal { key, etag: etag(expected), metadata: sorted(metadata), options: options(wanted.as_ref()) }
}

/// An etag.
pub fn etag(etag: Option<Etag>) -> Option<String> {
    etag.map(|etag| etag.value)
}

/// Options of a write in the words of HTTP; unknown ones count as unspecified.
pub fn options(options: Option<&StateOptions>) -> Options {
    let Some(options) = options else { return Options::default() };
    let concurrency = match options.concurrency() {
        StateConcurrency::ConcurrencyUnspecified => "",
        StateConcurrency::ConcurrencyFirstWrite => "first-write",
        StateConcurrency::ConcurrencyLastWrite => "last-write",
    };
    let consistency = match options.consistency() {
        StateConsistency::ConsistencyUnspecified => "",
        StateConsistency::ConsistencyEventual => "eventual",
        StateConsistency::ConsistencyStrong => "strong",
    };
    Options { concurrency: concurrency.into(), consistency: consistency.into() }
}

/// Metadata of a message, as components get it.
pub fn sorted(metadata: impl IntoIterator<Item = (String, String)>) -> Metadata {
    metadata.into_iter().collect()
}

/// What a job carries. JSON is the message that stands for it.
pub fn any(payload: &Payload) -> Option<Any> {
    match payload {
        Payload::None => None,
        Payload::Json(text) => Some(Any {
            type_url: wire::value::TYPE_URL.to_owned(),
            // What was accepted as JSON is JSON.
            value: wire::value::encode(text).unwrap_or_default(),
        }),
        Payload::Any { type_url, value } => Some(Any { type_url: type_url.clone(), value: value.to_vec() }),
    }
}
