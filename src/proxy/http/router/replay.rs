//! A request's body that can be sent again, and sent to several at once.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body as _, Frame};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

use crate::proxy::per_worker::lock;
use crate::proxy::{Body, BodyError};

/// What is kept of a body to send it again, in Envoy by default (`per_connection_buffer_limit_bytes`).
pub const MOST_KEPT: usize = 1 << 20;

/// A body that comes from a client, of which each try reads from the beginning.
#[derive(Clone)]
pub struct Replay {
    kept: Arc<Mutex<Kept>>,
    /// Told when the body has ended.
    end: Arc<Notify>,
}

struct Kept {
    source: Body,
    /// What has come so far.
    frames: Vec<Part>,
    size: usize,
    /// Too much has come to be kept.
    is_full: bool,
    has_ended: bool,
    lost: Option<Lost>,
    limit: usize,
    mirrors: Vec<UnboundedSender<Frame<Bytes>>>,
}

/// Why the rest of a body does not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The client is gone.
    Gone,
    /// What it sends is no part of a message.
    Garbled,
}

#[derive(Clone)]
enum Part {
    Data(Bytes),
    Trailers(http::HeaderMap),
}

/// One try's reading of it.
pub struct Reading {
    replay: Replay,
    /// How many parts it has read.
    at: usize,
}

impl Replay {
    pub fn new(source: Body, limit: usize) -> Self {
        let has_ended = source.is_end_stream();
        let kept = Kept {
            source,
            frames: Vec::new(),
            size: 0,
            is_full: false,
            has_ended,
            lost: None,
            limit,
            mirrors: Vec::new(),
        };
        Self { kept: Arc::new(Mutex::new(kept)), end: Arc::default() }
    }

    pub fn read(&self) -> Body {
        if self.has_ended() && lock(&self.kept).frames.is_empty() {
            return Body::Empty;
        }
        Body::boxed(Reading { replay: self.clone(), at: 0 })
    }

    /// Whether another try could read all of it.
    pub fn can_repeat(&self) -> bool {
        !lock(&self.kept).is_full
    }

    pub fn has_ended(&self) -> bool {
        lock(&self.kept).has_ended
    }

    pub fn lost(&self) -> Option<Lost> {
        lock(&self.kept).lost
    }

    /// Returns when all of it has come.
    pub async fn ended(&self) {
        loop {
            let told = self.end.notified();
            if self.has_ended() {
                return;
            }
            told.await;
        }
    }

    /// How much has come so far.
    pub fn size(&self) -> usize {
        lock(&self.kept).size
    }

    /// Sends what comes to another receiver, too.
    pub fn copy_to(&self, mirror: UnboundedSender<Frame<Bytes>>) {
        lock(&self.kept).mirrors.push(mirror);
    }
}

impl Kept {
    fn end(&mut self) {
        self.has_ended = true;
        self.mirrors.clear();
    }

    fn keep(&mut self, part: Part) {
        let frame = || part.clone().frame();
        self.mirrors.retain(|mirror| mirror.send(frame()).is_ok());
        self.size += if let Part::Data(data) = &part { data.len() } else { 0 };
        if self.is_full {
            return;
        }
        if self.size > self.limit {
            self.is_full = true;
            self.frames.clear();
        } else {
            self.frames.push(part);
        }
    }
}

impl Lost {
    fn of(error: &BodyError) -> Self {
        let mut cause = error.source();
        while let Some(inner) = cause.filter(|cause| !cause.is::<io::Error>()) {
            cause = inner.source();
        }
        match cause.and_then(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind) {
            Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => Lost::Garbled,
            _ => Lost::Gone,
        }
    }
}

impl Part {
    fn frame(self) -> Frame<Bytes> {
        match self {
            Part::Data(data) => Frame::data(data),
            Part::Trailers(trailers) => Frame::trailers(trailers),
        }
    }
}

impl hyper::body::Body for Reading {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let replay = self.replay.clone();
        let mut kept = lock(&replay.kept);
        if let Some(part) = kept.frames.get(self.at) {
            self.at += 1;
            return Poll::Ready(Some(Ok(part.clone().frame())));
        }
        if kept.has_ended {
            return Poll::Ready(None);
        }
        let frame = match ready!(Pin::new(&mut kept.source).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            other => {
                kept.lost = other.as_ref().and_then(|result| result.as_ref().err()).map(Lost::of);
                kept.end();
                replay.end.notify_waiters();
                return Poll::Ready(other);
            }
        };
        let part = match frame.into_data() {
            Ok(data) => Part::Data(data),
            Err(frame) => Part::Trailers(frame.into_trailers().unwrap_or_default()),
        };
        kept.keep(part.clone());
        if kept.source.is_end_stream() {
            kept.end();
            replay.end.notify_waiters();
        }
        self.at += 1;
        Poll::Ready(Some(Ok(part.frame())))
    }

    fn is_end_stream(&self) -> bool {
        let kept = lock(&self.replay.kept);
        kept.has_ended && self.at >= kept.frames.len()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::Replay;
    use crate::proxy::Body;

    #[tokio::test]
    async fn each_try_reads_from_the_beginning() {
        let replay = Replay::new(Body::from("hello".to_owned()), 10);
        for _ in 0..2 {
            assert_eq!(replay.read().collect().await.unwrap().to_bytes(), "hello");
            assert!(replay.can_repeat());
        }
        let long = Replay::new(Body::from("hello".to_owned()), 4);
        assert_eq!(long.read().collect().await.unwrap().to_bytes(), "hello");
        assert!(!long.can_repeat());
    }
}
