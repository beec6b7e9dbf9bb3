//! The limit on request bodies (`--max-body-size`). A body over it fails while it is read; each API reports
//! that in its own error.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

/// The body is larger than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stream too large")]
pub struct TooLarge;

/// A request's body that fails after `limit` bytes; `None` means no limit.
pub fn limited(body: Incoming, limit: Option<u64>) -> Body {
    if body.is_end_stream() {
        return Body::empty();
    }
    match limit {
        None => Body::new(body),
        // Its length is known and fine: nothing has to be counted.
        Some(limit) if body.size_hint().upper().is_some_and(|length| length <= limit) => Body::new(body),
        Some(limit) => Body::new(Limited { body, left: limit }),
    }
}

struct Limited<B> {
    body: B,
    left: u64,
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
        if self.body.size_hint().lower() > self.left {
            return Poll::Ready(Some(Err(TooLarge.into())));
        }
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        let Some(Ok(frame)) = frame else {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        };
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        match self.left.checked_sub(length) {
            Some(left) => {
                self.left = left;
                Poll::Ready(Some(Ok(frame)))
            }
            None => Poll::Ready(Some(Err(TooLarge.into()))),
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
        let body = Limited { body: Full::new(Bytes::from(vec![0; length])), left: limit };
        let whole = Body::new(body).collect().await.map_err(|error| error.to_string())?;
        Ok(whole.to_bytes().len())
    }

    #[tokio::test]
    async fn the_limit_itself_is_allowed() {
        assert_eq!(read(10, 10).await, Ok(10));
        assert_eq!(read(11, 10).await, Err("stream too large".into()));
    }
}
