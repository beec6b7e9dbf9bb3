//! The ports on which apps and sidecars tell of their work. Any process of this machine may; pages in a browser may
//! not: they can't send these media types elsewhere without being asked for permission, which nobody gives here.

use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::otlp::{self, Format};
use super::{Store, model::Batch, zipkin};
use crate::error::system_text;

/// Largest request in bytes, packed or unpacked.
const LARGEST: usize = 32 << 20;

/// A port on which is received, or why it isn't.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receiving {
    /// `Zipkin` or `OTLP/HTTP`.
    pub protocol: &'static str,
    /// The usual port of the protocol.
    pub port: u16,
    /// Why nothing is received there; nothing when it is.
    pub trouble: Option<String>,
}

/// The bound ports.
pub struct Receivers {
    zipkin: Option<TcpListener>,
    otlp: Option<TcpListener>,
    state: [Receiving; 2],
}

impl Receivers {
    /// Takes the ports that nobody has: a Zipkin that runs keeps its own. 0 for any free port.
    pub async fn bind(zipkin: u16, otlp: u16) -> Self {
        let (zipkin, first) = listen("Zipkin", zipkin).await;
        let (otlp, second) = listen("OTLP/HTTP", otlp).await;
        Self { zipkin, otlp, state: [first, second] }
    }

    /// What is received where.
    pub fn state(&self) -> &[Receiving; 2] {
        &self.state
    }

    /// Receives until the token is cancelled.
    pub async fn run(self, store: Arc<Store>, stop: CancellationToken) {
        let zipkin = Router::new()
            .route("/api/v2/spans", post(zipkin_spans))
            .route("/health", get(async || "{\"status\":\"UP\"}"));
        let otlp = Router::new()
            .route(
                "/v1/traces",
                post(async |store, headers: HeaderMap, body: Bytes| {
                    otlp_signal(store, &headers, &body, otlp::traces)
                }),
            )
            .route(
                "/v1/logs",
                post(async |store, headers: HeaderMap, body: Bytes| {
                    otlp_signal(store, &headers, &body, otlp::logs)
                }),
            )
            .route(
                "/v1/metrics",
                post(async |store, headers: HeaderMap, body: Bytes| {
                    otlp_signal(store, &headers, &body, otlp::metrics)
                }),
            );
        let serve = |listener: Option<TcpListener>, router: Router<Arc<Store>>| {
            let router = router.layer(DefaultBodyLimit::max(LARGEST)).with_state(Arc::clone(&store));
            let stop = stop.clone();
            async move {
                if let Some(listener) = listener {
                    let served = axum::serve(listener, router);
                    if let Err(error) =
                        served.with_graceful_shutdown(async move { stop.cancelled().await }).await
                    {
                        tracing::warn!("telemetry is not received any more: {error}");
                    }
                }
            }
        };
        tokio::join!(serve(self.zipkin, zipkin), serve(self.otlp, otlp));
    }
}

async fn listen(protocol: &'static str, port: u16) -> (Option<TcpListener>, Receiving) {
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    match TcpListener::bind(address).await {
        Ok(listener) => {
            let port = listener.local_addr().map_or(port, |address| address.port());
            (Some(listener), Receiving { protocol, port, trouble: None })
        }
        Err(error) => (None, Receiving { protocol, port, trouble: Some(system_text(&error)) }),
    }
}

async fn zipkin_spans(State(store): State<Arc<Store>>, headers: HeaderMap, body: Bytes) -> Response {
    match unpacked(&headers, &body).and_then(|(body, format)| match format {
        Format::Json => zipkin::read(&body),
        Format::Protobuf => Err("Zipkin spans are read as application/json only".into()),
    }) {
        Ok(batch) => {
            keep(&store, batch);
            StatusCode::ACCEPTED.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error).into_response(),
    }
}

fn otlp_signal(
    State(store): State<Arc<Store>>,
    headers: &HeaderMap,
    body: &Bytes,
    read: fn(&[u8], Format) -> Result<Batch, String>,
) -> Response {
    let answer = unpacked(headers, body).and_then(|(body, format)| Ok((read(&body, format)?, format)));
    match answer {
        Ok((batch, format)) => {
            keep(&store, batch);
            // The empty answer of the protocol, in the form of the request.
            match format {
                Format::Protobuf => ([(CONTENT_TYPE, "application/x-protobuf")], "").into_response(),
                Format::Json => ([(CONTENT_TYPE, "application/json")], "{}").into_response(),
            }
        }
        Err(error) => (StatusCode::BAD_REQUEST, error).into_response(),
    }
}

fn keep(store: &Store, batch: Batch) {
    if !batch.is_empty() {
        tokio::task::block_in_place(|| store.add(batch));
    }
}

/// The body as it was before it was packed, and how it is written. Refused are foreign names of this machine and the
/// media types that pages may send anywhere.
fn unpacked(headers: &HeaderMap, body: &Bytes) -> Result<(Bytes, Format), String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let host = text(HOST);
    let name =
        host.rsplit_once(':').map_or(host, |(name, port)| if port.contains(']') { host } else { name });
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    // From a container this machine has names such as host.docker.internal; a browser has no reason to use those.
    if !(bare.is_empty()
        || bare == "localhost"
        || bare.ends_with(".internal")
        || bare.parse::<IpAddr>().is_ok())
    {
        return Err(format!("this host name is not known here: {name}"));
    }
    let format = match text(CONTENT_TYPE).split(';').next().unwrap_or_default().trim() {
        "application/json" => Format::Json,
        "application/x-protobuf" => Format::Protobuf,
        other => {
            return Err(format!(
                "content type {other:?} is neither application/json nor application/x-protobuf"
            ));
        }
    };
    match text(CONTENT_ENCODING) {
        "" | "identity" => Ok((body.clone(), format)),
        "gzip" => {
            let mut unpacked = Vec::new();
            let limit = u64::try_from(LARGEST).unwrap_or(u64::MAX);
            let mut reader = flate2::read::GzDecoder::new(body.as_ref()).take(limit + 1);
            reader.read_to_end(&mut unpacked).map_err(|error| format!("gzip: {error}"))?;
            if unpacked.len() > LARGEST {
                return Err(format!("more than {LARGEST} bytes"));
            }
            Ok((unpacked.into(), format))
        }
        other => Err(format!("content encoding {other:?} is not known here; gzip is")),
    }
}
