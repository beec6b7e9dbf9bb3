//! A request that can be sent more than once, if its body can be kept.

use axum::body::Body;
use bytes::Bytes;
use hyper::body::Body as _;
use hyper::http::request::Parts;
use hyper::{Request, Version};

/// A request, kept.
pub enum Replay {
    /// All of it is here.
    Whole(Box<Parts>, Bytes),
    /// Its body comes from elsewhere, once.
    Once(Option<Request<Body>>),
}

impl Replay {
    /// Keeps a request; its body is read if that is wanted and its length is known, as it is for every request that
    /// isn't chunked. The error is that of the body.
    pub async fn of(request: Request<Body>, wanted: bool) -> Result<Self, String> {
        let Some(length) = request.body().size_hint().exact().filter(|_| wanted) else {
            return Ok(Self::Once(Some(request)));
        };
        let (head, body) = request.into_parts();
        let limit = usize::try_from(length).unwrap_or(usize::MAX);
        let body = axum::body::to_bytes(body, limit).await.map_err(|error| error.to_string())?;
        Ok(Self::Whole(Box::new(head), body))
    }

    /// Whether it can be sent again.
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Whole(..))
    }

    /// The request. One that isn't whole is there the first time only.
    pub fn next(&mut self) -> Request<Body> {
        match self {
            Self::Once(request) => request.take().unwrap_or_default(),
            Self::Whole(head, body) => {
                let mut request = Request::new(Body::from(body.clone()));
                *request.method_mut() = head.method.clone();
                *request.uri_mut() = head.uri.clone();
                *request.version_mut() = Version::HTTP_11;
                *request.headers_mut() = head.headers.clone();
                *request.extensions_mut() = head.extensions.clone();
                request
            }
        }
    }
}
