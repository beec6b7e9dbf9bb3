//! CloudEvents: a content type, lines `name=value` of metadata, an empty line, and the payload. What is wrapped has
//! to be an event, and has to hold the payload.

use std::collections::BTreeMap;

use dapr_cli::components::Metadata;
use dapr_cli::sidecar::blocks::cloudevent::{
    Parts, Peek, Publication, around_raw, from_binary, has_attributes, is_binary, is_event, is_json,
};
use dapr_cli::sidecar::trace::Context;
use serde_json::value::RawValue;

/// Wraps the payload in every way there is, and reads it as an event.
pub fn run(input: &[u8]) {
    let end = input.windows(2).position(|pair| pair == b"\n\n");
    let (head, data) = end.map_or((input, &[][..]), |end| (&input[..end], &input[end + 2..]));
    let Ok(head) = std::str::from_utf8(head) else { return };
    let mut lines = head.lines();
    let content_type = lines.next().unwrap_or_default();
    let metadata: Metadata = lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();

    if let Ok(peek) = Peek::of(data) {
        let _ = (peek.shown_id(), peek.has_expired());
    }
    let _ = Parts::of(data);
    published(content_type, data, &metadata);

    let raw = around_raw("bus", "orders", data, &metadata);
    assert_eq!(parts(&raw).data, data, "a raw payload");
    if has_attributes(&metadata) {
        attributes(&from_binary(content_type, data, &metadata));
    }
}

fn published(content_type: &str, data: &[u8], metadata: &Metadata) {
    let trace = Context::of_call(metadata.get("traceparent").map(String::as_str), None);
    let publication = Publication {
        pubsub: "bus",
        topic: "orders",
        app_id: "shop",
        content_type,
        data,
        metadata,
        trace: &trace,
    };
    let event = match publication.event() {
        Ok(event) => event,
        Err(reason) => {
            assert!(
                is_event(content_type),
                "{content_type}: only an event of the app's own can be wrong: {reason}"
            );
            return;
        }
    };
    let whole = attributes(&event);
    for name in ["specversion", "type", "source", "time", "topic", "pubsubname", "traceid", "traceparent"] {
        assert!(whole.contains_key(name), "{name} is missing in {whole:?}");
    }
    Peek::of(&event).expect("what was wrapped can be looked at");
    if is_event(content_type) {
        // Its data is the app's own affair.
        let _ = Parts::of(&event);
        return;
    }
    let held = parts(&event).data;
    if is_binary(content_type) {
        assert_eq!(held, data, "bytes as {content_type}");
    } else if is_json(content_type) && serde_json::from_slice::<&RawValue>(data).is_ok() {
        let text = std::str::from_utf8(data).expect("JSON is text");
        assert_eq!(held, text.trim_matches([' ', '\t', '\r', '\n']), "JSON as {content_type}");
    } else if !is_json(content_type) {
        assert_eq!(held, *String::from_utf8_lossy(data), "text as {content_type}");
    }
}

/// By name; however deep they are nested.
fn attributes(event: &[u8]) -> BTreeMap<String, &RawValue> {
    serde_json::from_slice(event).expect("an event is an object")
}

fn parts(event: &[u8]) -> Parts {
    Parts::of(event).expect("what was wrapped can be taken apart")
}
