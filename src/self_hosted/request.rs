//! What `invoke` and `publish` have in common: which sidecar to talk to, and what may stand in a URL.

use std::io;
use std::path::PathBuf;

use bytes::Bytes;
use hyper::ext::ReasonPhrase;
use hyper::{Request, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::instances;
use crate::client::http::Cause;
use crate::client::{self, Endpoint, metadata};
use crate::env::Env;
use crate::net::NOT_IN_A_URL;
use crate::paths::InstallDir;
use crate::suggest;

/// What RFC 3986 allows in a part of a path stays as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');
/// The same with the slash: several parts.
const PATH: &AsciiSet = &SEGMENT.remove(b'/');
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One part of a path.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// A path of several parts.
pub fn path(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

/// A path with a query, as a user writes it.
pub fn verbatim(text: &str) -> String {
    utf8_percent_encode(text, NOT_IN_A_URL).to_string()
}

/// A name or a value in a query.
pub fn query(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No sidecar of this app runs; holds a question that names similar apps.
    #[error("no sidecar of this app runs")]
    NotFound(Option<String>),
    /// What the user gave makes no HTTP request.
    #[error("{0}")]
    Request(#[from] hyper::http::Error),
    /// The sidecar can't be talked to.
    #[error("{0}")]
    Client(#[from] client::Error),
    /// The system gives no means to talk to it.
    #[error("{0}")]
    System(#[from] io::Error),
}

/// Sends a request to a sidecar of an app. Several instances are taken in random order, so that calls spread
/// over them, and one that can't be reached is passed over. A socket directory that the user names is believed.
pub fn call(
    app_id: &str,
    socket: Option<&PathBuf>,
    (install, env): (&InstallDir, &Env),
    request: impl Fn(&Endpoint) -> Result<Request<Bytes>, hyper::http::Error>,
) -> Result<Response<Bytes>, Error> {
    let endpoints = endpoints(app_id, socket, install)?;
    client::runtime()?.block_on(async {
        let mut result = Err(Error::NotFound(None));
        for endpoint in &endpoints {
            let mut request = request(endpoint)?;
            metadata::authorise(&mut request, env);
            result = client::send(endpoint, request, None).await.map_err(Error::Client);
            match &result {
                Err(Error::Client(error)) if matches!(error.cause, Cause::Connect { .. }) => {}
                _ => break,
            }
        }
        result
    })
}

fn endpoints(app_id: &str, socket: Option<&PathBuf>, install: &InstallDir) -> Result<Vec<Endpoint>, Error> {
    if let Some(directory) = socket {
        let endpoint = Endpoint::socket(directory, app_id);
        if matches!(&endpoint, Endpoint::Unix(path) if path.exists()) {
            return Ok(vec![endpoint]);
        }
    }
    let running = instances::known(install);
    let mut found: Vec<Endpoint> = running
        .iter()
        .filter(|instance| instance.app_id == app_id)
        .map(|instance| match socket {
            Some(directory) => Endpoint::socket(directory, app_id),
            None => instance.endpoint(),
        })
        .collect();
    if found.is_empty() {
        let ids = running.iter().map(|instance| instance.app_id.as_str());
        return Err(Error::NotFound(suggest::question(app_id, ids)));
    }
    fastrand::shuffle(&mut found);
    Ok(found)
}

/// `500 Internal Server Error`: number and words of a status line.
pub fn status_text(answer: &Response<Bytes>) -> String {
    let status = answer.status();
    let words = match answer.extensions().get::<ReasonPhrase>() {
        Some(words) => String::from_utf8_lossy(words.as_bytes()).into_owned(),
        None => status.canonical_reason().unwrap_or_default().to_owned(),
    };
    format!("{} {words}", status.as_u16()).trim_end().to_owned()
}

/// What the body of a refused request says; `None` when it is empty.
pub fn body_text(answer: &Response<Bytes>) -> Option<String> {
    let text = String::from_utf8_lossy(answer.body()).trim_end().to_owned();
    (!text.is_empty()).then(|| format!("the answer was: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_url_are_escaped_as_far_as_needed() {
        assert_eq!(segment("a/b c?"), "a%2Fb%20c%3F");
        assert_eq!(path("orders/new#1"), "orders/new%231");
        assert_eq!(verbatim("m/1?a=b%20c&d=\u{e9} #"), "m/1?a=b%20c&d=%C3%A9%20%23");
        assert_eq!(query("a&b=c d"), "a%26b%3Dc%20d");
    }
}
