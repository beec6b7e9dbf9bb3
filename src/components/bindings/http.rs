//! `bindings.http`: requests to one HTTP service (components reference, section 8).

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};

use super::{Error, Output, Request, Response};
use crate::components::{Init, InitError, Metadata, Properties};
use crate::env::is_true;
use crate::net::{self, ClientTls};

const KIND: &str = "bindings.http";
/// How long a connection may take, TLS included.
const DIAL: Duration = Duration::from_secs(15);
/// Largest answer that is read when the metadata says nothing else, in bytes.
const LARGEST: i64 = 100 << 20;
const JSON: &str = "application/json; charset=utf-8";
/// Request metadata that is passed on though it begins with a small letter.
const TRACE: [&str; 3] = ["traceparent", "tracestate", "baggage"];
const STRICT: &str = "errorIfNot2XX";

/// Prepares a client for the service at property `url`.
pub fn make(init: &Init) -> Result<Arc<dyn Output>, InitError> {
    let properties = &init.properties;
    let url = properties.get("url").unwrap_or_default().trim().to_owned();
    let timeout = properties.duration(&["responseTimeout"], Duration::ZERO)?;
    let largest = properties.bytes("maxResponseBodySize", LARGEST)?;
    Ok(Arc::new(Http {
        client: client(init, &url)?,
        token: token(properties)?,
        timeout: Some(timeout).filter(|timeout| !timeout.is_zero()),
        largest: usize::try_from(largest).ok().filter(|largest| *largest > 0).unwrap_or(usize::MAX),
        strict: properties.any(&[STRICT]).is_none_or(is_true),
        label: init.label(KIND),
        url,
    }))
}

fn client(init: &Init, url: &str) -> Result<reqwest::Client, InitError> {
    let properties = &init.properties;
    let mut builder = net::http_client_builder().connect_timeout(DIAL);
    if net::is_local(url) {
        builder = builder.no_proxy();
    }
    match properties.any(&["mtlsRenegotiation"]) {
        None => {}
        Some(value) if value == net::RENEGOTIATION[0] => {}
        Some(value) if net::RENEGOTIATION.contains(&value) => tracing::warn!(
            target: "dapr.contrib",
            component = init.label(KIND),
            "the embedded runtime never renegotiates TLS, mtlsRenegotiation {value} has no effect"
        ),
        Some(other) => return Err(InitError(format!("invalid renegotiation value: {other}"))),
    }
    let tls = ClientTls {
        root_ca: pem(properties, "MTLSRootCA")?,
        certificate: pem(properties, "MTLSClientCert")?,
        private_key: pem(properties, "MTLSClientKey")?,
    };
    tls.build(builder, ["mtlsRootCA", "mtlsClientCert", "mtlsClientKey"]).map_err(InitError)
}

/// A property that holds PEM text or names a file that does.
fn pem(properties: &Properties, name: &str) -> Result<Option<Vec<u8>>, InitError> {
    let Some(value) = properties.any(&[name]) else { return Ok(None) };
    net::pem(value).map(Some).map_err(|error| {
        InitError(format!(
            "provided {name:?} value is neither a valid file path or nor a valid pem encoded string: {error}"
        ))
    })
}

/// The security token and the header that carries it; both or nothing.
fn token(properties: &Properties) -> Result<Option<(HeaderName, HeaderValue)>, InitError> {
    let (Some(name), Some(token)) =
        (properties.any(&["securityTokenHeader"]), properties.any(&["securityToken"]))
    else {
        return Ok(None);
    };
    let name =
        name.parse().map_err(|_| InitError(format!("securityTokenHeader: {name:?} is no header's name")))?;
    let mut token: HeaderValue =
        token.parse().map_err(|_| InitError::new("securityToken can't be the value of a header"))?;
    token.set_sensitive(true);
    Ok(Some((name, token)))
}

struct Http {
    client: reqwest::Client,
    url: String,
    token: Option<(HeaderName, HeaderValue)>,
    timeout: Option<Duration>,
    largest: usize,
    strict: bool,
    label: String,
}

#[async_trait]
impl Output for Http {
    fn operations(&self) -> &'static [&'static str] {
        &["create", "get", "head", "post", "put", "patch", "delete", "options", "trace"]
    }

    async fn invoke(&self, request: Request) -> Result<Response, Error> {
        let exchange = self.exchange(request);
        match self.timeout {
            None => exchange.await,
            Some(limit) => tokio::time::timeout(limit, exchange).await.unwrap_or_else(|_| {
                Err(Error::new(format_args!("{}: no answer within {limit:?}", self.url)))
            }),
        }
    }
}

impl Http {
    async fn exchange(&self, request: Request) -> Result<Response, Error> {
        let Request { operation, data, metadata } = request;
        let strict = metadata.get(STRICT).map_or(self.strict, |value| is_true(value));
        let (method, has_body) = method(&operation);
        let url = joined(&self.url, metadata.get("path").map_or("", String::as_str));
        let mut headers = headers(&metadata);
        if let Some((name, token)) = &self.token {
            headers.insert(name, token.clone());
        }
        let mut call = self.client.request(method.clone(), url.as_ref()).headers(headers);
        if has_body {
            call = call.body(data);
        }
        let mut answer = call.send().await.map_err(|error| failed(&method, &url, &error))?;
        let status = answer.status();
        let metadata = described(status, answer.headers());
        let mut body = BytesMut::new();
        while let Some(part) = answer.chunk().await.map_err(|error| failed(&method, &url, &error))? {
            let room = self.largest - body.len();
            body.extend_from_slice(&part[..part.len().min(room)]);
            if part.len() > room {
                tracing::warn!(
                    target: "dapr.contrib",
                    component = self.label.as_str(),
                    "the answer of {url} is longer than maxResponseBodySize and was cut off after {} bytes", self.largest
                );
                break;
            }
        }
        if strict && !status.is_success() {
            let message = format!("received status code {}", status.as_u16());
            return Err(Error { message, metadata });
        }
        Ok(Response { data: Some(body.freeze()), metadata })
    }
}

/// The method of an operation, and whether it has a body.
fn method(operation: &str) -> (Method, bool) {
    match operation {
        "get" => (Method::GET, false),
        "head" => (Method::HEAD, false),
        "put" => (Method::PUT, true),
        "patch" => (Method::PATCH, true),
        "delete" => (Method::DELETE, false),
        "options" => (Method::OPTIONS, false),
        "trace" => (Method::TRACE, false),
        _ => (Method::POST, true),
    }
}

/// URL and path with one slash between.
fn joined<'a>(url: &'a str, path: &str) -> Cow<'a, str> {
    match path.trim_start_matches('/') {
        "" => url.into(),
        path => format!("{}/{path}", url.trim_end_matches('/')).into(),
    }
}

/// Request metadata whose names begin with a capital letter are headers.
fn headers(metadata: &Metadata) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(metadata.len() + 2);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    headers.insert(ACCEPT, HeaderValue::from_static(JSON));
    for (name, value) in metadata {
        let wanted = name.starts_with(char::is_uppercase) || TRACE.contains(&name.as_str());
        if let (true, Ok(name), Ok(value)) =
            (wanted, name.parse::<HeaderName>(), HeaderValue::from_str(value))
        {
            headers.insert(name, value);
        }
    }
    headers
}

/// What is told of an answer beside its body.
fn described(status: StatusCode, headers: &HeaderMap) -> Metadata {
    let mut metadata = Metadata::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        metadata
            .entry(canonical(name.as_str()))
            .and_modify(|all| {
                all.push_str(", ");
                all.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    metadata.insert("statusCode".into(), status.as_str().to_owned());
    let reason = status.canonical_reason().unwrap_or_default();
    metadata.insert("status".into(), format!("{} {reason}", status.as_str()).trim_end().to_owned());
    metadata
}

/// A header's name as it is written elsewhere: `Content-Type`.
fn canonical(name: &str) -> String {
    let mut after_dash = true;
    let letter = |letter: char| {
        let written = if after_dash { letter.to_ascii_uppercase() } else { letter };
        after_dash = letter == '-';
        written
    };
    name.chars().map(letter).collect()
}

fn failed(method: &Method, url: &str, error: &reqwest::Error) -> Error {
    if url.is_empty() {
        return Error::new("property url is empty");
    }
    Error::new(net::failure(method, url, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_with_one_slash() {
        for (url, path, whole) in [
            ("http://h/a", "", "http://h/a"),
            ("http://h/a/", "", "http://h/a/"),
            ("http://h/a/", "/b", "http://h/a/b"),
            ("http://h", "b?c=d", "http://h/b?c=d"),
        ] {
            assert_eq!(joined(url, path), whole);
        }
    }

    #[test]
    fn names_are_told_in_their_usual_form() {
        assert_eq!(canonical("content-type"), "Content-Type");
        assert_eq!(canonical("etag"), "Etag");
    }

    #[test]
    fn only_capitalised_metadata_are_headers() {
        let metadata =
            [("X-One", "1"), ("path", "/x"), ("traceparent", "t"), ("Accept", "text/plain"), ("X two", "2")];
        let metadata =
            metadata.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let headers = headers(&metadata);
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "content-type", "traceparent", "x-one"]);
        assert_eq!(headers[ACCEPT], "text/plain");
    }
}
