//! Services outside that apps call by their sidecar: by URL, or by the name of an HTTPEndpoint (http-api reference, 2.1).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Body as _;
use hyper::header::{HOST, HeaderMap};
use hyper::{Request, Response};

use crate::net::{self, ClientTls};

/// A connection that was idle for longer is not used again: servers close idle ones, and a request must not meet that
/// moment.
const IDLE: Duration = Duration::from_secs(2);

/// The services that are known by name, and the clients for all others.
#[derive(Default)]
pub struct Outside {
    endpoints: OnceLock<BTreeMap<String, Endpoint>>,
    direct: OnceLock<reqwest::Client>,
    proxied: OnceLock<reqwest::Client>,
}

/// A service with a name.
pub struct Endpoint {
    url: String,
    headers: HeaderMap,
    client: reqwest::Client,
}

impl Endpoint {
    /// A service at this URL that gets these headers. The error is a setting that can't be used.
    pub fn new(url: &str, headers: HeaderMap, tls: &ClientTls) -> Result<Self, String> {
        let url = url.trim().trim_end_matches('/');
        let host = reqwest::Url::parse(url).map_err(|error| format!("baseUrl {url:?}: {error}"))?;
        if !matches!(host.scheme(), "http" | "https") {
            return Err(format!("baseUrl {url:?} is neither http nor https"));
        }
        let names = ["clientTLS.rootCA", "clientTLS.certificate", "clientTLS.privateKey"];
        Ok(Self { client: tls.build(builder(url), names)?, url: url.to_owned(), headers })
    }
}

fn builder(url: &str) -> reqwest::ClientBuilder {
    // A redirect is the service's answer, like any other.
    let builder =
        net::http_client_builder().redirect(reqwest::redirect::Policy::none()).pool_idle_timeout(IDLE);
    if net::is_local(url) { builder.no_proxy() } else { builder }
}

/// Where a call goes.
pub struct Place<'a> {
    url: Cow<'a, str>,
    headers: Option<&'a HeaderMap>,
    client: &'a reqwest::Client,
}

impl Outside {
    /// The services with names; set once, while the sidecar starts.
    pub fn set(&self, endpoints: BTreeMap<String, Endpoint>) {
        let _ = self.endpoints.set(endpoints);
    }

    /// Their names, sorted.
    pub fn names(&self) -> Vec<String> {
        self.endpoints.get().map(|all| all.keys().cloned().collect()).unwrap_or_default()
    }

    /// The place that the target of a call names; `None` when it is an app. The error is what is wrong with the URL.
    pub fn find<'a>(&'a self, target: &'a str) -> Result<Option<Place<'a>>, String> {
        if let Some(endpoint) = self.endpoints.get().and_then(|all| all.get(target)) {
            let Endpoint { url, headers, client } = endpoint;
            return Ok(Some(Place { url: url.into(), headers: Some(headers), client }));
        }
        let Some(url) = url(target) else { return Ok(None) };
        let local = net::is_local(&url);
        let clients = if local { &self.direct } else { &self.proxied };
        let client = if let Some(client) = clients.get() {
            client
        } else {
            let client = builder(&url).build().map_err(|error| net::cause(&error))?;
            clients.get_or_init(|| client)
        };
        Ok(Some(Place { url, headers: None, client }))
    }

    /// Whether the target of a call is a service outside.
    pub fn has(&self, target: &str) -> bool {
        url(target).is_some() || self.endpoints.get().is_some_and(|all| all.contains_key(target))
    }
}

/// A target as a URL; `None` when it isn't one. One slash after the scheme will do, because that is what is left of two
/// when a path is cleaned.
fn url(target: &str) -> Option<Cow<'_, str>> {
    let scheme = target
        .get(..5)
        .filter(|start| start.eq_ignore_ascii_case("http:"))
        .or_else(|| target.get(..6).filter(|start| start.eq_ignore_ascii_case("https:")))?;
    let rest = &target[scheme.len()..];
    if rest.starts_with("//") {
        return Some(target.trim_end_matches('/').into());
    }
    let rest = rest.strip_prefix('/')?;
    Some(format!("{scheme}//{}", rest.trim_end_matches('/')).into())
}

impl Place<'_> {
    /// Sends a request there: `path` is path and query, starting with a slash. The error is the stock HTTP client's
    /// text.
    pub async fn send(&self, path: &str, request: Request<Body>) -> Result<Response<Body>, String> {
        let url = format!("{}{path}", self.url);
        let (head, body) = request.into_parts();
        let mut headers = head.headers;
        headers.remove(HOST);
        if let Some(own) = self.headers {
            for (name, value) in own {
                headers.insert(name, value.clone());
            }
        }
        let mut call = self.client.request(head.method.clone(), &url).headers(headers);
        if !body.is_end_stream() {
            call = call.body(reqwest::Body::wrap_stream(body.into_data_stream()));
        }
        let answer = call.send().await.map_err(|error| net::failure(&head.method, &url, &error))?;
        Ok(Response::from(answer).map(Body::new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_that_are_urls() {
        for (target, expected) in [
            ("http://h:80", Some("http://h:80")),
            ("https:/h/base/", Some("https://h/base")),
            ("HTTP://h", Some("HTTP://h")),
            ("http", None),
            ("httpapp", None),
            ("http:h", None),
            ("app", None),
        ] {
            assert_eq!(url(target).as_deref(), expected, "{target}");
        }
    }

    #[test]
    fn endpoints_that_cannot_be_used() {
        let new = |url: &str, tls: &ClientTls| Endpoint::new(url, HeaderMap::new(), tls).err();
        let none = ClientTls::default();
        assert_eq!(new("http://h/", &none), None);
        assert!(new("", &none).is_some_and(|text| text.contains("baseUrl")));
        assert!(new("ftp://h", &none).is_some_and(|text| text.contains("neither http nor https")));
        let half = ClientTls { certificate: Some(b"x".to_vec()), ..none };
        assert_eq!(
            new("https://h", &half).unwrap(),
            "clientTLS.certificate needs clientTLS.privateKey, which is missing"
        );
    }
}
