//! Service invocation of the app. A call has the form of HTTP, whatever app and caller speak; what HTTP has no place
//! for goes beside it, and between sidecars into headers.

use axum::body::Body;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response};
use tonic::Status;

use super::grpc::Grpc;
use super::{CallError, Channel};

const MESSAGE: HeaderName = HeaderName::from_static("dapr-invoke-message");

/// Beside a request: it was a message of the gRPC API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Type of the data; empty for plain bytes.
    pub type_url: String,
    /// Whether the caller has chosen a verb. Only apps that speak gRPC can do without.
    pub has_verb: bool,
}

impl Message {
    /// Puts it into the headers of a call to another sidecar.
    pub fn put(&self, headers: &mut HeaderMap) {
        let text = format!("{};{}", if self.has_verb { "verb" } else { "" }, self.type_url);
        if let Ok(text) = HeaderValue::from_str(&text) {
            headers.insert(MESSAGE, text);
        }
    }

    /// Takes it out of the headers.
    pub fn take(headers: &mut HeaderMap) -> Option<Self> {
        let text = headers.remove(MESSAGE)?;
        let (verb, type_url) = text.to_str().ok()?.split_once(';')?;
        Some(Self { type_url: type_url.to_owned(), has_verb: !verb.is_empty() })
    }
}

/// Beside a response: the app speaks gRPC.
#[derive(Debug, Clone)]
pub enum Said {
    /// It has answered; the type of the data.
    Data(String),
    /// It has failed. To those who don't know this the response shows an HTTP status.
    Failure(Status),
}

impl Said {
    /// Puts data into the headers of an answer to another sidecar.
    pub fn put_data(type_url: &str, headers: &mut HeaderMap) {
        if let Ok(type_url) = HeaderValue::from_str(type_url) {
            headers.insert(MESSAGE, type_url);
        }
    }

    /// Takes data out of the headers.
    pub fn take_data(headers: &mut HeaderMap) -> Option<Self> {
        let type_url = headers.remove(MESSAGE)?;
        Some(Self::Data(type_url.to_str().ok()?.to_owned()))
    }

    /// Puts a failure into the headers.
    pub fn put_failure(status: &Status, headers: &mut HeaderMap) {
        let mut own = HeaderMap::new();
        // What can't be a header can't have been one in the app's answer.
        let _ = Status::with_details(status.code(), status.message(), status.details().to_vec().into())
            .add_header(&mut own);
        headers.extend(own);
    }

    /// Takes a failure out of the headers.
    pub fn take_failure(headers: &mut HeaderMap) -> Option<Self> {
        let status = Status::from_header_map(headers)?;
        let status = Status::with_details(status.code(), status.message(), status.details().to_vec().into());
        for name in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
            headers.remove(name);
        }
        Some(Self::Failure(status))
    }
}

impl Channel {
    /// Calls a method of the app: `path` is path and query, starting with a slash.
    pub async fn invoke(&self, request: Request<Body>, path: &str) -> Result<Response<Body>, CallError> {
        if let Some(grpc) = Grpc::of(self) {
            return Box::pin(grpc.invoke(request, path)).await;
        }
        if request.extensions().get::<Message>().is_some_and(|message| !message.has_verb) {
            return Err(CallError::Refused("missing HTTP extension field".into()));
        }
        self.call(request, path).await
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    #[test]
    fn headers_between_sidecars_keep_what_is_beside() {
        let mut headers = HeaderMap::new();
        for message in [
            Message { type_url: "type.googleapis.com/x".into(), has_verb: true },
            Message { type_url: String::new(), has_verb: false },
        ] {
            message.put(&mut headers);
            assert_eq!(Message::take(&mut headers), Some(message));
        }
        assert_eq!(Message::take(&mut headers), None);
        let status = Status::with_details(Code::NotFound, "gone\nfor good", vec![1, 255].into());
        Said::put_failure(&status, &mut headers);
        let Some(Said::Failure(back)) = Said::take_failure(&mut headers) else { panic!("no failure") };
        assert_eq!(
            (back.code(), back.message(), back.details()),
            (status.code(), status.message(), &[1, 255][..])
        );
        assert!(headers.is_empty());
    }
}
