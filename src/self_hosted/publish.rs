//! Publishing one event through the sidecar of an app.

use std::fmt::Write as _;
use std::path::PathBuf;

use bytes::Bytes;
use hyper::Request;
use hyper::header::CONTENT_TYPE;
use serde_json::Value;

use super::request::{self, body_text, query, segment};
use crate::client::Endpoint;
use crate::env::Env;
use crate::paths::InstallDir;

/// What is published, where.
#[derive(Debug)]
pub struct Event<'a> {
    /// The app whose sidecar publishes.
    pub app_id: &'a str,
    /// Name of the component.
    pub pubsub: &'a str,
    /// The topic.
    pub topic: &'a str,
    /// The body.
    pub body: Bytes,
    /// Names and values for the component.
    pub metadata: Vec<(String, String)>,
    /// Directory of the sidecar's sockets, when the user names one.
    pub socket: Option<PathBuf>,
}

/// Why an event isn't published.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name is empty.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// The app doesn't run; holds a question that names similar ids.
    #[error("couldn't find a running Dapr instance")]
    NotFound(Option<String>),
    /// The sidecar refused the event.
    #[error("unexpected status code {status} on publishing to {topic} in {pubsub}")]
    Status {
        /// HTTP status.
        status: u16,
        /// The topic.
        topic: String,
        /// The component.
        pubsub: String,
        /// What the answer says.
        detail: Option<String>,
    },
    /// No request, or no answer.
    #[error("{0}")]
    Request(#[source] request::Error),
}

impl Error {
    /// What to try next, and what the answer says.
    pub fn hints(self) -> Vec<String> {
        match self {
            Self::NotFound(hint) | Self::Status { detail: hint, .. } => hint.into_iter().collect(),
            _ => Vec::new(),
        }
    }
}

/// Reads metadata given as a JSON object. Values that aren't strings become their JSON text.
pub fn metadata(text: &str) -> Result<Vec<(String, String)>, serde_json::Error> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let pairs: serde_json::Map<String, Value> = serde_json::from_str(text)?;
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(pairs.into_iter().map(|(name, value)| (name, text(value))).collect())
}

/// Publishes an event.
pub fn publish(event: &Event<'_>, install: &InstallDir, env: &Env) -> Result<(), Error> {
    for (value, name) in
        [(event.app_id, "publishAppID"), (event.pubsub, "pubsubName"), (event.topic, "topic")]
    {
        if value.is_empty() {
            return Err(Error::Missing(name));
        }
    }
    let path = target(event);
    let answer = request::call(event.app_id, event.socket.as_ref(), (install, env), |endpoint| {
        let base = match endpoint {
            Endpoint::Tcp(port) => format!("http://localhost:{port}"),
            Endpoint::Unix(_) => endpoint.base(),
        };
        Request::post(format!("{base}{path}"))
            .header(CONTENT_TYPE, content_type(&event.body))
            .body(event.body.clone())
    });
    let answer = answer.map_err(|error| match error {
        request::Error::NotFound(question) => Error::NotFound(question),
        other => Error::Request(other),
    })?;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(Error::Status {
        status: answer.status().as_u16(),
        topic: event.topic.to_owned(),
        pubsub: event.pubsub.to_owned(),
        detail: body_text(&answer),
    })
}

fn target(event: &Event<'_>) -> String {
    let mut path = format!("/v1.0/publish/{}/{}", segment(event.pubsub), request::path(event.topic));
    for (index, (name, value)) in event.metadata.iter().enumerate() {
        let mark = if index == 0 { '?' } else { '&' };
        let _ = write!(path, "{mark}metadata.{}={}", query(name), query(value));
    }
    path
}

/// An object with all the keys of an event is an event; everything else is data.
fn content_type(body: &[u8]) -> &'static str {
    let keys = ["id", "source", "specversion", "type", "data"];
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) if keys.iter().all(|key| object.contains_key(*key)) => {
            "application/cloudevents+json"
        }
        _ => "application/json",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_escaped_and_keeps_its_numbers() {
        let metadata = metadata(r#"{"b":"x y&z","a":1000000,"c":true,"d":{"e":[1]}}"#).unwrap();
        let event =
            Event { app_id: "a", pubsub: "p", topic: "t/u", body: Bytes::new(), metadata, socket: None };
        assert_eq!(
            target(&event),
            "/v1.0/publish/p/t/u?metadata.a=1000000&metadata.b=x%20y%26z&metadata.c=true&metadata.d=%7B%22e%22%3A%5B1%5D%7D"
        );
    }

    #[test]
    fn metadata_has_to_be_an_object() {
        assert!(metadata("").unwrap().is_empty());
        metadata("[1]").unwrap_err();
        metadata("{").unwrap_err();
    }

    #[test]
    fn only_a_whole_event_is_labelled_as_one() {
        let event = r#"{"id":"1","source":"s","specversion":"1.0","type":"t","data":{}}"#;
        assert_eq!(content_type(event.as_bytes()), "application/cloudevents+json");
        for other in [r#"{"id":"1"}"#, "[]", "text", ""] {
            assert_eq!(content_type(other.as_bytes()), "application/json", "{other}");
        }
    }
}
