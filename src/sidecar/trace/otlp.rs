//! Spans as OTLP: the message that tells of them, and who gets it by HTTP or gRPC (observability reference, section 1).

use std::time::{Duration, SystemTime};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};
use prost::Message;
use serde_json::Value;

use super::rpc;
use super::span::{Finished, Kind};
use super::zipkin::SCOPE;
use crate::components::properties::parse_duration;
use crate::env::{
    Env, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_INSECURE,
    OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_EXPORTER_OTLP_TIMEOUT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
    OTEL_EXPORTER_OTLP_TRACES_HEADERS, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL, OTEL_EXPORTER_OTLP_TRACES_TIMEOUT,
    OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME, is_true,
};
use crate::resources::Configuration;

/// A receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Where spans are posted to; for gRPC with its method.
    pub url: String,
    /// Whether it speaks gRPC.
    pub is_rpc: bool,
    /// Headers of each request.
    pub headers: Vec<(String, String)>,
    /// How long it may take, when somebody says so.
    pub timeout: Option<Duration>,
    /// What is told of the sidecar, beside its name.
    resource: Vec<(String, String)>,
}

/// What configuration or environment say.
struct Wanted {
    /// `host:port`.
    endpoint: String,
    protocol: String,
    secure: bool,
    headers: Vec<(String, String)>,
    timeout: Option<Duration>,
}

/// The receiver that the configuration names, or else the environment; the flag says that it was the environment.
/// The error is a protocol that nobody knows, in the stock words.
pub fn receiver(configuration: &Configuration, env: &Env) -> Result<Option<(Receiver, bool)>, String> {
    let configured = configured(configuration);
    let from_env = configured.is_none();
    let Some(wanted) = configured.or_else(|| of_environment(env)) else {
        return Ok(None);
    };
    let Wanted { endpoint, protocol, secure, headers, timeout } = wanted;
    let (is_rpc, path) = match protocol.as_str() {
        "http" => (false, "/v1/traces"),
        "grpc" => (true, rpc::METHOD),
        other => return Err(format!("invalid protocol {other} provided for Otel endpoint")),
    };
    let resource = pairs(env.get(OTEL_RESOURCE_ATTRIBUTES).unwrap_or_default().split(','));
    let named = env.get(OTEL_SERVICE_NAME).map(|name| ("service.name".to_owned(), name.to_owned()));
    let resource = resource.into_iter().chain(named).collect();
    let scheme = if secure { "https" } else { "http" };
    let url = format!("{scheme}://{}{path}", endpoint.trim_end_matches('/'));
    Ok(Some((Receiver { url, is_rpc, headers, timeout, resource }, from_env)))
}

/// `spec.tracing.otel`: address and protocol have to be there both.
fn configured(configuration: &Configuration) -> Option<Wanted> {
    let at = |name: &str| configuration.spec.pointer(&format!("/tracing/otel/{name}"));
    let text = |name: &str| at(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let (endpoint, secure) = address(text("endpointaddress")?);
    Some(Wanted {
        endpoint,
        protocol: text("protocol")?.to_owned(),
        secure: secure && at("issecure").is_none_or(|value| value.as_bool() != Some(false)),
        headers: match at("headers") {
            Some(Value::Array(list)) => pairs(list.iter().filter_map(Value::as_str)),
            Some(Value::String(text)) => pairs(text.split(',')),
            _ => Vec::new(),
        },
        timeout: text("timeout").and_then(parse_duration),
    })
}

fn of_environment(env: &Env) -> Option<Wanted> {
    let first = |names: [&str; 2]| names.into_iter().find_map(|name| env.get(name));
    let endpoint = first([OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT])?;
    let protocol = first([OTEL_EXPORTER_OTLP_TRACES_PROTOCOL, OTEL_EXPORTER_OTLP_PROTOCOL]);
    let is_http = protocol.is_some_and(|name| name.starts_with("http"));
    let millis = first([OTEL_EXPORTER_OTLP_TRACES_TIMEOUT, OTEL_EXPORTER_OTLP_TIMEOUT]);
    let millis = millis.and_then(|millis| millis.parse().ok());
    let headers = first([OTEL_EXPORTER_OTLP_TRACES_HEADERS, OTEL_EXPORTER_OTLP_HEADERS]);
    let (endpoint, secure) = address(endpoint);
    Some(Wanted {
        endpoint,
        protocol: if is_http { "http" } else { "grpc" }.to_owned(),
        secure: secure && !env.get(OTEL_EXPORTER_OTLP_INSECURE).is_some_and(is_true),
        headers: pairs(headers.unwrap_or_default().split(',')),
        timeout: millis.map(Duration::from_millis),
    })
}

/// An address without the scheme that it must not have, and whether that lets it be reached with TLS.
fn address(text: &str) -> (String, bool) {
    match text.strip_prefix("http://") {
        Some(plain) => (plain.to_owned(), false),
        None => (text.trim_start_matches("https://").to_owned(), true),
    }
}

/// `name=value` texts; others are left out.
fn pairs<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    let pair =
        |text: &str| text.split_once('=').map(|(name, value)| (name.trim().into(), value.trim().into()));
    texts.filter_map(pair).collect()
}

/// The body of a request that tells of these spans.
pub fn body(app_id: &str, receiver: &Receiver, spans: &[Finished]) -> Vec<u8> {
    let mut attributes = vec![attribute("service.name", app_id)];
    for (name, value) in &receiver.resource {
        attributes.retain(|known| known.key != *name);
        attributes.push(attribute(name, value));
    }
    let scope = InstrumentationScope { name: SCOPE.into(), ..InstrumentationScope::default() };
    let spans = spans.iter().map(of).collect();
    let scopes = ScopeSpans { scope: Some(scope), spans, ..ScopeSpans::default() };
    let resource = Resource { attributes, ..Resource::default() };
    let spans =
        ResourceSpans { resource: Some(resource), scope_spans: vec![scopes], ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![spans] }.encode_to_vec()
}

fn of(finished: &Finished) -> Span {
    let start = finished.started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let kind = match finished.kind {
        Kind::Client => span::SpanKind::Client,
        Kind::Server => span::SpanKind::Server,
        Kind::Producer => span::SpanKind::Producer,
    };
    Span {
        trace_id: bytes(&finished.trace),
        span_id: bytes(&finished.id),
        parent_span_id: bytes(&finished.parent),
        flags: 1,
        name: finished.name.clone(),
        kind: kind.into(),
        start_time_unix_nano: nanos(start),
        end_time_unix_nano: nanos(start + finished.took),
        attributes: finished.attributes.iter().map(|(name, value)| attribute(name, value)).collect(),
        status: finished
            .error
            .as_ref()
            .map(|reason| Status { code: StatusCode::Error.into(), message: reason.clone() }),
        ..Span::default()
    }
}

fn attribute(name: &str, value: &str) -> KeyValue {
    let value = AnyValue { value: Some(any_value::Value::StringValue(value.to_owned())) };
    KeyValue { key: name.to_owned(), value: Some(value), ..KeyValue::default() }
}

/// The bytes that hexadecimal digits stand for.
fn bytes(digits: &str) -> Vec<u8> {
    (0..digits.len() / 2).filter_map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(otel: &str, env: &Env) -> Result<Option<(Receiver, bool)>, String> {
        let spec = serde_json::from_str(&format!("{{\"tracing\": {{\"otel\": {otel}}}}}")).unwrap();
        receiver(&Configuration { spec, ..Configuration::default() }, env)
    }

    #[test]
    fn the_configuration_wins_over_the_environment() {
        let env = Env::of([
            (OTEL_EXPORTER_OTLP_ENDPOINT, "http://box:4318"),
            (OTEL_EXPORTER_OTLP_PROTOCOL, "http/protobuf"),
            (OTEL_EXPORTER_OTLP_INSECURE, "true"),
            (OTEL_EXPORTER_OTLP_HEADERS, "a=b, c=d=e"),
            (OTEL_EXPORTER_OTLP_TIMEOUT, "1500"),
        ]);
        let otel =
            r#"{"endpointaddress": "here:1", "protocol": "http", "issecure": false, "headers": ["x=y"]}"#;
        let (receiver, from_env) = wanted(otel, &env).unwrap().unwrap();
        assert_eq!((receiver.url.as_str(), from_env), ("http://here:1/v1/traces", false));
        assert_eq!(receiver.headers, [("x".to_owned(), "y".to_owned())]);
        let (receiver, from_env) = wanted("{}", &env).unwrap().unwrap();
        assert_eq!((receiver.url.as_str(), from_env), ("http://box:4318/v1/traces", true));
        assert_eq!(receiver.headers[1], ("c".to_owned(), "d=e".to_owned()));
        assert_eq!(receiver.timeout, Some(Duration::from_millis(1500)));
    }

    #[test]
    fn half_an_address_is_none_and_an_unknown_protocol_an_error() {
        let none = Env::of([]);
        assert_eq!(wanted(r#"{"endpointaddress": "here:1"}"#, &none), Ok(None));
        let error = wanted(r#"{"endpointaddress": "here:1", "protocol": "smoke"}"#, &none).unwrap_err();
        assert_eq!(error, "invalid protocol smoke provided for Otel endpoint");
        let secure = wanted(r#"{"endpointaddress": "here:1", "protocol": "http"}"#, &none).unwrap().unwrap();
        assert_eq!(secure.0.url, "https://here:1/v1/traces");
    }

    #[test]
    fn grpc_is_what_the_environment_means_unless_it_says_otherwise() {
        let env = Env::of([
            (OTEL_EXPORTER_OTLP_ENDPOINT, "https://box:4317/"),
            (OTEL_EXPORTER_OTLP_HEADERS, "a=all"),
            (OTEL_EXPORTER_OTLP_TRACES_HEADERS, "a=traces"),
            (OTEL_EXPORTER_OTLP_TIMEOUT, "1"),
            (OTEL_EXPORTER_OTLP_TRACES_TIMEOUT, "2"),
        ]);
        let method = "opentelemetry.proto.collector.trace.v1.TraceService/Export";
        let (receiver, _) = wanted("{}", &env).unwrap().unwrap();
        assert_eq!((receiver.url, receiver.is_rpc), (format!("https://box:4317/{method}"), true));
        assert_eq!(receiver.headers, [("a".to_owned(), "traces".to_owned())]);
        assert_eq!(receiver.timeout, Some(Duration::from_millis(2)));
        // No server speaks TLS where this scheme leads.
        let otel = r#"{"endpointaddress": "http://here:1", "protocol": "grpc"}"#;
        assert_eq!(wanted(otel, &env).unwrap().unwrap().0.url, format!("http://here:1/{method}"));
    }

    #[test]
    fn a_span_survives_the_way_there() {
        let span = Finished {
            trace: "0af7651916cd43dd8448eb211c80319c".into(),
            id: "b7ad6b7169203331".into(),
            parent: String::new(),
            name: "CallLocal/b/m".into(),
            kind: Kind::Server,
            started: SystemTime::UNIX_EPOCH + Duration::from_secs(1),
            took: Duration::from_millis(2),
            attributes: vec![("rpc.service".into(), "ServiceInvocation".into())],
            error: Some("Code(404): Not Found".into()),
        };
        let env = Env::of([
            (OTEL_EXPORTER_OTLP_ENDPOINT, "x"),
            (OTEL_EXPORTER_OTLP_PROTOCOL, "http"),
            (OTEL_RESOURCE_ATTRIBUTES, "team=blue"),
            (OTEL_SERVICE_NAME, "other"),
        ]);
        let (receiver, _) = wanted("{}", &env).unwrap().unwrap();
        let request = ExportTraceServiceRequest::decode(body("a", &receiver, &[span]).as_slice()).unwrap();
        let [spans] = request.resource_spans.try_into().unwrap();
        let of_sidecar = spans.resource.unwrap().attributes;
        assert_eq!(of_sidecar, [attribute("team", "blue"), attribute("service.name", "other")]);
        let [scope] = spans.scope_spans.try_into().unwrap();
        let [span] = scope.spans.try_into().unwrap();
        assert_eq!((span.trace_id.len(), span.span_id.len(), span.parent_span_id.len()), (16, 8, 0));
        assert_eq!(span.kind(), span::SpanKind::Server);
        assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), (1_000_000_000, 1_002_000_000));
        assert_eq!(span.status.unwrap().message, "Code(404): Not Found");
    }
}
