//! Calling a method of an app through its own sidecar.

use std::path::PathBuf;

use bytes::Bytes;
use hyper::Request;
use hyper::header::{CONTENT_TYPE, LOCATION};

use super::request::{self, body_text, segment, status_text, verbatim};
use crate::env::Env;
use crate::paths::InstallDir;

/// What is called, and with what.
#[derive(Debug)]
pub struct Call<'a> {
    /// The app.
    pub app_id: &'a str,
    /// Path of the method, with a query if it has one.
    pub method: &'a str,
    /// HTTP method; the standard ones in any case.
    pub verb: &'a str,
    /// The body.
    pub body: Bytes,
    /// Directory of the sidecar's sockets, when the user names one.
    pub socket: Option<PathBuf>,
}

/// Why a call fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The app doesn't run.
    #[error("app ID {app_id} not found")]
    NotFound {
        /// What was asked for.
        app_id: String,
        /// A question that names similar ids.
        question: Option<String>,
    },
    /// The call was answered with something other than 2xx.
    #[error("{status}")]
    Status {
        /// Number and words.
        status: String,
        /// What the answer says.
        details: Vec<String>,
    },
    /// No request, or no answer.
    #[error("{0}")]
    Request(#[source] request::Error),
}

impl Error {
    /// What to try next, and what the answer says.
    pub fn hints(self) -> Vec<String> {
        match self {
            Self::NotFound { question, .. } => question.into_iter().collect(),
            Self::Status { details, .. } => details,
            Self::Request(_) => Vec::new(),
        }
    }
}

/// Calls a method and returns the body of its answer.
pub fn invoke(call: &Call<'_>, install: &InstallDir, env: &Env) -> Result<Bytes, Error> {
    let path = format!("/v1.0/invoke/{}/method/{}", segment(call.app_id), verbatim(call.method));
    let verb = standard(call.verb);
    let answer = request::call(call.app_id, call.socket.as_ref(), (install, env), |_| {
        Request::builder()
            .method(verb.as_str())
            .uri(&path)
            .header(CONTENT_TYPE, "application/json")
            .body(call.body.clone())
    });
    let answer = answer.map_err(|error| match error {
        request::Error::NotFound(question) => Error::NotFound { app_id: call.app_id.to_owned(), question },
        other => Error::Request(other),
    })?;
    if answer.status().is_success() {
        return Ok(answer.into_body());
    }
    let location = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let redirect = location.map(|location| format!("the app redirects to {location}"));
    let details = redirect.into_iter().chain(body_text(&answer)).collect();
    Err(Error::Status { status: status_text(&answer), details })
}

/// The standard methods in capitals, which is how they are defined; others stay as they are.
fn standard(verb: &str) -> String {
    let capitals = verb.to_ascii_uppercase();
    match capitals.as_str() {
        "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" | "TRACE" | "CONNECT" => capitals,
        _ => verb.to_owned(),
    }
}
