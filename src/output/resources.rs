//! The tables of `components`, `configurations`, `subscriptions` and `mcpservers`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;

use super::{Format, table};
use crate::error::Failure;
use crate::self_hosted::resources::{
    Component, Document, Sidecar, Subscription, exporters, is_measured, is_traced,
};

/// How much a table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// The format.
    pub format: Format,
    /// All columns.
    pub wide: bool,
}

/// A resource as JSON or YAML: name, namespace and spec as the stock command line has them, then what else is known.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Resource<'a> {
    name: &'a str,
    namespace: &'a str,
    spec: Value,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    scopes: &'a [String],
    #[serde(skip_serializing_if = "String::is_empty")]
    created: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    file: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    loaded_by: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    not_loaded_by: &'a [String],
}

/// A time of day in a zone.
fn shown_time(time: Option<Timestamp>, zone: &TimeZone) -> String {
    time.map(|time| time.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}

fn modified(document: &Document) -> Option<Timestamp> {
    Timestamp::try_from(document.modified?).ok()
}

fn spec(document: &Document) -> Value {
    document.masked().get("spec").cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()))
}

fn of_document(document: &Document) -> Resource<'_> {
    Resource {
        name: &document.name,
        namespace: &document.namespace,
        spec: spec(document),
        scopes: &document.scopes,
        created: modified(document).map(|time| time.to_string()).unwrap_or_default(),
        file: document.file.display().to_string(),
        loaded_by: &[],
        not_loaded_by: &[],
    }
}

/// What `dapr components` prints.
pub fn components(found: &[Component], shown: Shown, zone: &TimeZone) -> Result<String, Failure> {
    let resource = |one: &'_ Component| -> Value {
        let loaded = serde_json::json!({"type": one.kind, "version": one.version});
        let mut resource = match &one.document {
            Some(document) => of_document(document),
            None => Resource {
                name: &one.name,
                namespace: "",
                spec: loaded,
                scopes: &[],
                created: String::new(),
                file: String::new(),
                loaded_by: &[],
                not_loaded_by: &[],
            },
        };
        resource.loaded_by = &one.loaded_by;
        resource.not_loaded_by = &one.missing_in;
        serde_json::to_value(resource).unwrap_or_default()
    };
    let all: Vec<Value> = found.iter().map(resource).collect();
    shown.format.render(&all, || {
        let mut headers = vec!["NAME", "TYPE", "VERSION", "SCOPES", "CREATED"];
        if shown.wide {
            headers.extend(["LOADED BY", "NOT LOADED BY", "FILE"]);
        }
        let rows = found.iter().map(|one| {
            let created = one.document.as_ref().and_then(modified);
            let mut row = vec![
                one.name.clone(),
                one.kind.clone(),
                one.version.clone(),
                one.scopes.join(","),
                shown_time(created, zone),
            ];
            if shown.wide {
                let file = one.document.as_ref().map(|document| document.file.display().to_string());
                row.extend([one.loaded_by.join(","), one.missing_in.join(","), file.unwrap_or_default()]);
            }
            row
        });
        table(&headers, &rows.collect::<Vec<_>>())
    })
}

/// What `dapr configurations` prints.
pub fn configurations(found: &[Document], shown: Shown, zone: &TimeZone) -> Result<String, Failure> {
    let all: Vec<Resource<'_>> = found.iter().map(of_document).collect();
    shown.format.render(&all, || {
        let mut headers = vec!["NAME", "TRACING-ENABLED", "METRICS-ENABLED", "CREATED"];
        if shown.wide {
            headers.extend(["TRACING-EXPORTER", "FILE"]);
        }
        let rows = found.iter().map(|one| {
            let mut row = vec![
                one.name.clone(),
                is_traced(one).to_string(),
                is_measured(one).to_string(),
                shown_time(modified(one), zone),
            ];
            if shown.wide {
                row.extend([exporters(one), one.file.display().to_string()]);
            }
            row
        });
        table(&headers, &rows.collect::<Vec<_>>())
    })
}

/// A subscription of a running app.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Subscribed<'a> {
    app_id: &'a str,
    #[serde(flatten)]
    subscription: &'a Subscription,
}

/// What `dapr subscriptions` prints: what running apps receive.
pub fn subscriptions(sidecars: &[Sidecar], shown: Shown) -> Result<String, Failure> {
    let all: Vec<Subscribed<'_>> = sidecars
        .iter()
        .filter_map(|sidecar| Some((sidecar, sidecar.told.as_ref()?)))
        .flat_map(|(sidecar, told)| {
            told.subscriptions.iter().map(|subscription| Subscribed { app_id: &sidecar.app_id, subscription })
        })
        .collect();
    shown.format.render(&all, || {
        let mut headers = vec!["APP ID", "PUBSUB", "TOPIC", "ROUTE"];
        if shown.wide {
            headers.extend(["DEAD LETTER TOPIC", "KIND"]);
        }
        let rows = all.iter().map(|one| {
            let told = one.subscription;
            let routes = told.rules.iter().map(|rule| {
                if rule.matches.is_empty() {
                    rule.path.clone()
                } else {
                    format!("{} if {}", rule.path, rule.matches)
                }
            });
            let mut row = vec![
                one.app_id.to_owned(),
                told.pubsub_name.clone(),
                told.topic.clone(),
                routes.collect::<Vec<_>>().join(", "),
            ];
            if shown.wide {
                row.extend([told.dead_letter_topic.clone(), told.kind.to_lowercase()]);
            }
            row
        });
        table(&headers, &rows.collect::<Vec<_>>())
    })
}

/// What `dapr mcpservers` prints (mcpservers reference, section C).
pub fn mcp_servers(
    found: &[Document],
    format: Format,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<String, Failure> {
    let all: Vec<Resource<'_>> = found.iter().map(of_document).collect();
    format.render(&all, || {
        let headers = ["NAMESPACE", "NAME", "TRANSPORT", "URL", "SCOPES", "CREATED", "AGE"];
        let rows = found.iter().map(|one| {
            let (transport, place) = transport(one);
            let created = modified(one);
            vec![
                one.namespace.clone(),
                one.name.clone(),
                transport.into(),
                place,
                one.scopes.join(","),
                shown_time(created, zone),
                created.map(|created| super::time::age(created, now)).unwrap_or_default(),
            ]
        });
        table(&headers, &rows.collect::<Vec<_>>())
    })
}

fn transport(document: &Document) -> (&'static str, String) {
    for (key, name, place) in
        [("streamableHTTP", "streamable_http", "url"), ("sse", "sse", "url"), ("stdio", "stdio", "command")]
    {
        if document.spec(&["endpoint", key]).is_some() {
            return (name, document.spec_text(&["endpoint", key, place]));
        }
    }
    ("", String::new())
}
