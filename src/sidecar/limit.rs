//! The limit on request bodies (`--max-body-size`). A body over it fails while it is read; each API reports
//! that in its own error.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

/// The body is larger than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stream too large")]
pub struct TooLarge;

/// So much of a body that is too large is still read, in bytes, before it fails: a client that is cut off while
/// it sends would see a broken connection instead of the answer.
const DISCARDED: u64 = 64 << 20;

/// A request's body: from a connection, or from within the process.
pub trait Received: HttpBody<Data = Bytes, Error: Into<axum::BoxError>> + Send + Unpin + 'static {}

impl<B: HttpBody<Data = Bytes, Error: Into<axum::BoxError>> + Send + Unpin + 'static> Received for B {}

/// A request's body that fails after `limit` bytes; `None` means no limit.
pub fn limited(body: impl Received, limit: Option<u64>) -> Body {
    if body.is_end_stream() {
        return Body::empty();
    }
    match limit {
        None => Body::new(body),
        // Its length is known and fine: nothing has to be counted.
        Some(limit) if body.size_hint().upper().is_some_and(|length| length <= limit) => Body::new(body),
        Some(limit) => Body::new(Limited::new(body, limit)),
    }
}

struct Limited<B> {
    body: B,
    left: u64,
    /// Bytes that may still be thrown away once the body is known to be too large.
    discard: Option<u64>,
}

impl<B> Limited<B> {
    fn new(body: B, limit: u64) -> Self {
        Self { body, left: limit, discard: None }
    }
}

impl<B> HttpBody for Limited<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let known = self.body.size_hint().lower();
        if self.discard.is_none() && known > self.left {
            // What is sure to be more than this is not waited for.
            self.discard = Some(if known > DISCARDED { 0 } else { DISCARDED });
        }
        loop {
            if self.discard == Some(0) {
                return Poll::Ready(Some(Err(TooLarge.into())));
            }
            let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
            let length = match &frame {
                Some(Ok(frame)) => frame.data_ref().map_or(0, |data| data.len() as u64),
                _ => 0,
            };
            match (self.discard, &frame) {
                (None, _) if length <= self.left => {
                    self.left -= length;
                    return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
                }
                (None, _) => self.discard = Some(DISCARDED),
                (Some(left), Some(Ok(_))) => self.discard = Some(left.saturating_sub(length)),
                // All of it was read, or the client is gone.
                (Some(_), _) => self.discard = Some(0),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Full};

    use super::*;

    async fn read(length: usize, limit: u64) -> Result<usize, String> {
        let body = Limited::new(Full::new(Bytes::from(vec![0; length])), limit);
        let whole = Body::new(body).collect().await.map_err(|error| error.to_string())?;
        Ok(whole.to_bytes().len())
    }

    #[tokio::test]
    async fn the_limit_itself_is_allowed() {
        assert_eq!(read(10, 10).await, Ok(10));
        assert_eq!(read(11, 10).await, Err("stream too large".into()));
    }

    #[tokio::test]
    async fn what_is_too_large_is_read_to_its_end_within_reason() {
        const CHUNK: usize = 1 << 20;
        let chunk = Bytes::from(vec![0; CHUNK]);
        for (chunks, expected) in [(3, 3), (1000, 65)] {
            let read = std::sync::atomic::AtomicUsize::new(0);
            let frames = (0..chunks).map(|_| {
                read.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                Ok::<_, axum::BoxError>(Frame::data(chunk.clone()))
            });
            let body = http_body_util::StreamBody::new(futures_util::stream::iter(frames));
            let error = Limited::new(body, 10).collect().await.map(drop).unwrap_err();
            assert_eq!(error.to_string(), "stream too large");
            assert_eq!(read.load(std::sync::atomic::Ordering::Relaxed), expected);
        }
    }
}
