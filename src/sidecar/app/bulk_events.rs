//! Several events handed to the app at once (http-api reference, 5.6): the request, and what the answer says of each.

use std::collections::HashMap;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::Request;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};

use super::Channel;
use super::events::{SCOPE, Verdict, put, put_trace, verdict};
use super::grpc::Grpc;
use crate::components::Metadata;
use crate::sidecar::blocks::cloudevent;
use crate::sidecar::json::{object, parse};
use crate::sidecar::trace::Context;

/// `type` of what holds them.
pub(super) const TYPE: &str = "com.dapr.event.sent.bulk";

/// Events of one topic on their way to one place in the app.
#[derive(Debug)]
pub struct BulkEvent<'a> {
    /// Pub/sub component.
    pub pubsub: &'a str,
    /// Topic, as the app calls it.
    pub topic: &'a str,
    /// Where in the app they go, as the subscription names it; HTTP supplies a missing leading slash.
    pub path: &'a str,
    /// The events.
    pub entries: Vec<Entry<'a>>,
    /// Trace context of the delivery: that of the first event. Each has its own inside.
    pub trace: Context,
}

/// One event.
#[derive(Debug)]
pub struct Entry<'a> {
    /// What the answer calls it.
    pub id: String,
    /// What the app gets.
    pub content: Content<'a>,
    /// Message metadata.
    pub metadata: &'a Metadata,
}

/// What the app gets of a message.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// The CloudEvent as JSON.
    Event(&'a Bytes),
    /// The payload as it was published, and its content type, for a raw subscription.
    Raw(&'a Bytes, &'a str),
}

impl Content<'_> {
    /// The content type that is told of it.
    pub fn content_type(&self) -> &str {
        match self {
            Self::Event(_) => cloudevent::MEDIA_TYPE,
            Self::Raw(_, "") => "application/octet-stream",
            Self::Raw(_, content_type) => content_type,
        }
    }
}

impl Channel {
    /// Hands events to the app; the verdicts are in their order.
    pub async fn bulk_event(&self, bulk: BulkEvent<'_>) -> Vec<Verdict> {
        if let Some(grpc) = Grpc::of(self) {
            return Box::pin(grpc.bulk_event(bulk)).await;
        }
        let mut request = Request::new(Body::from(body(&bulk)));
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        put(headers, "pubsubname", bulk.pubsub);
        put_trace(headers, &bulk.trace);
        match self.posted(request, bulk.path, None).await {
            Ok((status, answer)) => verdicts(&bulk, status, &answer),
            Err(error) => vec![error.into(); bulk.entries.len()],
        }
    }
}

/// An identifier that nothing else has.
pub fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn body(bulk: &BulkEvent<'_>) -> Vec<u8> {
    let room: usize = bulk.entries.iter().map(|entry| 256 + size(entry.content)).sum();
    let mut body = Vec::with_capacity(256 + room);
    body.extend_from_slice(b"{\"id\":");
    string(&mut body, &new_id());
    body.extend_from_slice(b",\"type\":");
    string(&mut body, TYPE);
    body.extend_from_slice(b",\"topic\":");
    string(&mut body, bulk.topic);
    body.extend_from_slice(b",\"pubsubname\":");
    string(&mut body, bulk.pubsub);
    body.extend_from_slice(b",\"metadata\":{\"pubsubName\":");
    string(&mut body, bulk.pubsub);
    body.extend_from_slice(b"},\"entries\":[");
    for (index, entry) in bulk.entries.iter().enumerate() {
        body.extend_from_slice(if index == 0 { b"{\"entryId\":" } else { b",{\"entryId\":" });
        string(&mut body, &entry.id);
        body.extend_from_slice(b",\"event\":");
        match entry.content {
            Content::Event(event) => body.extend_from_slice(event),
            Content::Raw(data, _) => string(&mut body, &STANDARD.encode(data)),
        }
        body.extend_from_slice(b",\"metadata\":");
        if entry.metadata.is_empty() {
            body.extend_from_slice(b"null");
        } else {
            // Writing texts to memory does not fail.
            let _ = serde_json::to_writer(&mut body, entry.metadata);
        }
        body.extend_from_slice(b",\"contentType\":");
        string(&mut body, entry.content.content_type());
        body.push(b'}');
    }
    body.extend_from_slice(b"]}");
    body
}

fn size(content: Content<'_>) -> usize {
    match content {
        Content::Event(event) => event.len(),
        Content::Raw(data, _) => data.len() * 4 / 3 + 4,
    }
}

fn string(body: &mut Vec<u8>, text: &str) {
    let _ = serde_json::to_writer(body, text);
}

object! {
    struct Answer {
        statuses: Vec<Status>,
    }
}

object! {
    struct Status {
        entryid: String,
        status: String,
    }
}

fn verdicts(bulk: &BulkEvent<'_>, status: StatusCode, answer: &[u8]) -> Vec<Verdict> {
    let all = |verdict| vec![verdict; bulk.entries.len()];
    if !status.is_success() {
        return all(verdict(status, answer));
    }
    if answer.trim_ascii().is_empty() {
        return all(Verdict::Success);
    }
    match parse::<Answer>(answer) {
        Ok(Answer { statuses }) => {
            let said = statuses.into_iter().map(|Status { entryid, status }| {
                // What says nothing of an event isn't sure of it.
                (entryid, if status.is_empty() { Verdict::Retry } else { Verdict::of_status(&status) })
            });
            by_entry(bulk, said)
        }
        Err(cause) => all(Verdict::failed(format!("the statuses in the answer can't be read: {cause}"))),
    }
}

/// The verdicts in the order of the events. An event that the answer doesn't name is to come again.
pub(super) fn by_entry(
    bulk: &BulkEvent<'_>,
    said: impl IntoIterator<Item = (String, Verdict)>,
) -> Vec<Verdict> {
    let ids = bulk.entries.iter().enumerate().map(|(at, entry)| (entry.id.as_str(), at));
    let places: HashMap<&str, usize> = ids.collect();
    let mut verdicts = vec![Verdict::Retry; bulk.entries.len()];
    for (id, verdict) in said {
        if let Some(at) = places.get(id.as_str()) {
            verdicts[*at] = verdict;
        } else {
            tracing::warn!(
                target: SCOPE,
                "Invalid entry id received from app while processing pub/sub event {id}"
            );
        }
    }
    verdicts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(use_it: impl FnOnce(BulkEvent<'_>) -> T) -> T {
        let (event, raw) = (Bytes::from(r#"{"id": 1}"#), Bytes::from_static(&[0, 255]));
        let (none, some) = (Metadata::new(), Metadata::from([("k".to_owned(), "v".to_owned())]));
        let entry = |id: &str, content, metadata| Entry { id: id.to_owned(), content, metadata };
        use_it(BulkEvent {
            pubsub: "mem",
            topic: "t",
            path: "/bulk",
            entries: vec![
                entry("a", Content::Event(&event), &none),
                entry("b", Content::Raw(&raw, ""), &some),
                entry("c", Content::Raw(&raw, "image/png"), &none),
            ],
            trace: Context::default(),
        })
    }

    #[test]
    fn the_envelope_has_the_stock_form() {
        let body = String::from_utf8(with(|bulk| body(&bulk))).unwrap();
        let id = &body[7..43];
        assert!(uuid::Uuid::try_parse(id).is_ok(), "{body}");
        let expected = format!(
            r#"{{"id":"{id}","type":"com.dapr.event.sent.bulk","topic":"t","pubsubname":"mem","metadata":{{"pubsubName":"mem"}},"entries":[{{"entryId":"a","event":{{"id": 1}},"metadata":null,"contentType":"application/cloudevents+json"}},{{"entryId":"b","event":"AP8=","metadata":{{"k":"v"}},"contentType":"application/octet-stream"}},{{"entryId":"c","event":"AP8=","metadata":null,"contentType":"image/png"}}]}}"#
        );
        assert_eq!(body, expected);
    }

    #[test]
    fn an_answer_speaks_of_each_event() {
        let said = |status: u16, answer: &str| {
            let status = StatusCode::from_u16(status).unwrap();
            with(|bulk| verdicts(&bulk, status, answer.as_bytes()))
        };
        let (success, retry, drop) = (Verdict::Success, Verdict::Retry, Verdict::Drop);
        let answer = r#"{"statuses":[{"entryId":"c","status":"DROP"},{"entryId":"x","status":"DROP"},{"entryId":"a","status":"SUCCESS"}]}"#;
        assert_eq!(said(200, answer), [success.clone(), retry.clone(), drop]);
        let answer = r#"{"statuses":[{"entryId":"a","status":""},{"entryId":"b","status":"no"}]}"#;
        assert_eq!(said(201, answer), [retry.clone(), Verdict::Unknown("no".into()), retry.clone()]);
        assert_eq!(said(200, " "), vec![success; 3]);
        assert_eq!(said(200, "{}"), vec![retry; 3]);
        let unreadable =
            "the statuses in the answer can't be read: invalid character 'o' looking for beginning of value";
        assert_eq!(said(200, "ok"), vec![Verdict::failed(unreadable); 3]);
        let none = Verdict::NoHandler("gone. status code returned: 404".into());
        assert_eq!(said(404, "gone"), vec![none; 3]);
        assert!(matches!(&said(500, "oh")[..], [Verdict::Failed(_), ..]));
    }
}
