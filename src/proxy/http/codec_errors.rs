//! What is said to clients whose messages cannot be read.
//!
//! hyper answers them itself, before anything here hears of the request. Its answers are short; they are replaced by
//! Envoy's (`source/common/http/http1/codec_impl.cc`, `sendProtocolError`) on their way to the client. Where hyper would
//! take what Envoy refuses, it gets something to read that is in no message.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::proxy::clock::date_header;
use crate::proxy::record::Record;

use super::head::Wrong;
use super::manager::Manager;
use super::session::Session;

/// A connection of HTTP/1.1.
pub struct CodecErrors<S> {
    inner: S,
    session: Arc<Session>,
    manager: Arc<Manager>,
    /// A head that comes in several parts, and until when it may.
    begun: Vec<u8>,
    limit: Option<Pin<Box<Sleep>>>,
    /// What hyper is to say next.
    wrong: Option<Wrong>,
    /// What is being said in hyper's place.
    saying: Option<(Vec<u8>, usize)>,
}

/// What no message has, and the end of a head: hyper does not look at a part of one again before its end.
const IN_NO_MESSAGE: &[u8] = b"\0\r\n\r\n";

impl<S> CodecErrors<S> {
    pub fn new(inner: S, session: Arc<Session>, manager: Arc<Manager>) -> Self {
        Self { inner, session, manager, begun: Vec::new(), limit: None, wrong: None, saying: None }
    }

    /// Whether these bytes, which come while no request is served, make a head that is refused.
    fn refuses(&mut self, bytes: &[u8]) -> bool {
        let rules = &self.manager.heads;
        let judged = match self.begun.is_empty() {
            true => rules.judge(bytes),
            false => {
                self.begun.extend_from_slice(bytes);
                rules.judge(&self.begun)
            }
        };
        match judged {
            // Of one that is too long hyper hears enough.
            None if self.begun.len() > self.manager.most_header_bytes => {}
            None if self.begun.is_empty() && !bytes.is_empty() => self.begin(bytes),
            None => {}
            Some(judged) => {
                self.begun.clear();
                self.limit = None;
                self.wrong = judged.err();
            }
        }
        self.wrong.is_some()
    }

    fn begin(&mut self, bytes: &[u8]) {
        self.begun.extend_from_slice(bytes);
        let time = self.session.shared.runtime.time;
        self.limit = self.manager.head_limit.map(|(limit, _)| Box::pin(tokio::time::sleep(time.on_wall(limit))));
    }

    /// Whether the rest of a head has not come in time.
    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        let late = self.limit.as_mut().is_some_and(|limit| limit.as_mut().poll(context).is_ready());
        if late {
            self.limit = None;
            self.wrong = self.manager.head_limit.map(|(_, wrong)| wrong);
        }
        late
    }

    /// Envoy's words, if this is one of hyper's answers: all others tell the server and the date.
    fn in_place_of(&mut self, said: &[u8]) -> Option<Vec<u8>> {
        const LONGEST: usize = 128;
        if said.len() > LONGEST || !said.ends_with(b"\r\n\r\n") {
            return None;
        }
        let line = std::str::from_utf8(said).ok()?.strip_prefix("HTTP/1.1 ")?.split("\r\n").next()?;
        let wrong = match line.split_once(' ')?.0 {
            "400" => Wrong::REQUEST,
            "414" | "431" => Wrong::TOO_LARGE,
            _ => return None,
        };
        if said.windows(5).any(|part| part == b"date:") {
            return None;
        }
        let wrong = self.wrong.take().unwrap_or(wrong);
        self.log(wrong);
        let Wrong { status, reason, body, .. } = wrong;
        let (date, server) = (date_header(), &self.manager.server);
        let (date, server) = (date.to_str().unwrap_or_default(), server.to_str().unwrap_or_default());
        let length = body.len();
        let text = format!(
            "HTTP/1.1 {status} {reason}\r\ncontent-length: {length}\r\ncontent-type: text/plain\r\n\
             date: {date}\r\nserver: {server}\r\nconnection: close\r\n\r\n{body}"
        );
        Some(text.into_bytes())
    }

    fn log(&self, wrong: Wrong) {
        let mut record = Record::new(Arc::clone(&self.session.client), Some("HTTP/1.1"));
        record.status = wrong.status;
        wrong.flag.into_iter().for_each(|flag| record.flags.raise(flag));
        record.details = Some(wrong.details.into());
        record.sent.store(wrong.body.len() as u64, Ordering::Relaxed);
        // Of one that was too slow, all that is known is how long it took.
        let took = self.manager.head_limit.filter(|(_, slow)| *slow == wrong).map(|(limit, _)| limit);
        record.ended = Some(took.unwrap_or_default());
        self.manager.logs.write(&record);
    }
}

impl<S: AsyncWrite + Unpin> CodecErrors<S> {
    /// Goes on with what is being said; ready when all of it is out.
    fn poll_say(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((text, at)) = &mut self.saying {
            *at += ready!(Pin::new(&mut self.inner).poll_write(context, &text[*at..]))?;
            if *at >= text.len() {
                self.saying = None;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for CodecErrors<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if Pin::new(&mut self.inner).poll_read(context, buffer)?.is_pending() {
            if !self.is_late(context) {
                return Poll::Pending;
            }
            buffer.put_slice(IN_NO_MESSAGE);
            return Poll::Ready(Ok(()));
        }
        if !self.session.is_serving() && self.refuses(&buffer.filled()[before..]) {
            buffer.set_filled(before);
            buffer.put_slice(IN_NO_MESSAGE);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for CodecErrors<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_say(context))?;
        if let Some(text) = self.in_place_of(bytes) {
            self.saying = Some((text, 0));
            // The rest is said when more is written or flushed.
            let _ = self.poll_say(context)?;
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // One of hyper's answers is a single part.
        match parts {
            [only] => self.poll_write(context, only),
            _ => {
                ready!(self.poll_say(context))?;
                Pin::new(&mut self.inner).poll_write_vectored(context, parts)
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_say(context))?;
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_say(context))?;
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
