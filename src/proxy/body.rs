//! Bodies of messages on their way through the proxy: passed on piece by piece, never collected unless a filter asks.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};

/// Why a body ended early.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request or response.
#[derive(Default)]
pub enum Body {
    #[default]
    Empty,
    /// Made here.
    Full(Bytes),
    /// As it comes from a connection.
    Incoming(Incoming),
    /// One of these with something around it: counting, limits, copies.
    Boxed(Pin<Box<dyn hyper::body::Body<Data = Bytes, Error = BodyError> + Send>>),
}

impl Body {
    pub fn boxed(body: impl hyper::body::Body<Data = Bytes, Error = BodyError> + Send + 'static) -> Self {
        Body::Boxed(Box::pin(body))
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        if bytes.is_empty() { Body::Empty } else { Body::Full(bytes) }
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<Incoming> for Body {
    fn from(incoming: Incoming) -> Self {
        // What has ended already needs no connection.
        if hyper::body::Body::is_end_stream(&incoming) { Body::Empty } else { Body::Incoming(incoming) }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Body::Empty => Poll::Ready(None),
            Body::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Body::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Body::Incoming(incoming) => {
                Pin::new(incoming).poll_frame(context).map(|frame| frame.map(|result| result.map_err(BodyError::from)))
            }
            Body::Boxed(body) => body.as_mut().poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Body::Empty => true,
            Body::Full(_) => false,
            Body::Incoming(incoming) => incoming.is_end_stream(),
            Body::Boxed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Empty => SizeHint::with_exact(0),
            Body::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Body::Incoming(incoming) => incoming.size_hint(),
            Body::Boxed(body) => body.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::Body;

    #[tokio::test]
    async fn what_is_made_here_is_sent_once() {
        let body = Body::from("hello".to_owned());
        assert_eq!(hyper::body::Body::size_hint(&body).exact(), Some(5));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "hello");
        assert!(hyper::body::Body::is_end_stream(&Body::from(String::new())));
    }
}
