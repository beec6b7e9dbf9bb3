//! The token that clients of the API must show (`DAPR_API_TOKEN`).

use hyper::header::{HeaderMap, HeaderValue};

use crate::env::{DAPR_API_TOKEN, Env};
use crate::net::is_same_secret;

const HEADER: &str = "dapr-api-token";

/// The token of one sidecar.
pub struct Token(HeaderValue);

/// What a client has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// The token.
    Right,
    /// Something else.
    Wrong,
    /// Nothing.
    Missing,
}

impl Token {
    /// The token in the environment; `None` when clients need none.
    pub fn of(env: &Env) -> Option<Self> {
        env.get(DAPR_API_TOKEN).and_then(|token| HeaderValue::from_str(token).ok()).map(Self)
    }

    /// Looks at what the headers show, which is taken out of them.
    pub fn take(&self, headers: &mut HeaderMap) -> Given {
        match headers.remove(HEADER) {
            None => Given::Missing,
            Some(given) if is_same_secret(given.as_bytes(), self.0.as_bytes()) => Given::Right,
            Some(_) => Given::Wrong,
        }
    }
}
