//! What a job carries.

use bytes::Bytes;

use super::Payload;
use crate::wire;

/// What the app gets over HTTP: JSON as it was given, or the bytes of any other message.
pub fn over_http(payload: &Payload) -> Bytes {
    match payload {
        Payload::None => Bytes::new(),
        Payload::Json(text) => text.clone(),
        Payload::Any { type_url, value } => wire::value::over_http(type_url, value),
    }
}

/// `json`, or the type of the message; empty when there is nothing.
pub fn kind_of_data(payload: &Payload) -> &str {
    match payload {
        Payload::None => "",
        Payload::Json(_) => "json",
        Payload::Any { type_url, .. } if type_url == wire::value::TYPE_URL => "json",
        Payload::Any { type_url, .. } => type_url.rsplit('/').next().unwrap_or_default(),
    }
}
