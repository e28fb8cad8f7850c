//! What is said to clients whose messages cannot be read.
//!
//! hyper answers them itself, before anything here hears of the request. Its answers are short; they are replaced by
//! Envoy's (`source/common/http/http1/codec_impl.cc`, `sendProtocolError`) on their way to the client.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::proxy::clock::date_header;
use crate::proxy::record::Record;

use super::manager::Manager;
use super::session::Session;

/// A connection of HTTP/1.1.
pub struct CodecErrors<S> {
    inner: S,
    session: Arc<Session>,
    manager: Arc<Manager>,
    /// What is being said in hyper's place.
    saying: Option<(Vec<u8>, usize)>,
}

impl<S> CodecErrors<S> {
    pub fn new(inner: S, session: Arc<Session>, manager: Arc<Manager>) -> Self {
        Self { inner, session, manager, saying: None }
    }

    /// Envoy's words, if this is one of hyper's answers: all others tell the server and the date.
    fn in_place_of(&self, said: &[u8]) -> Option<Vec<u8>> {
        const LONGEST: usize = 128;
        if said.len() > LONGEST || !said.ends_with(b"\r\n\r\n") {
            return None;
        }
        let line = std::str::from_utf8(said).ok()?.strip_prefix("HTTP/1.1 ")?.split("\r\n").next()?;
        let (code, reason) = match line.split_once(' ')? {
            ("400", _) => (400, "Bad Request"),
            ("431", _) => (431, "Request Header Fields Too Large"),
            ("414", _) => (431, "Request Header Fields Too Large"),
            _ => return None,
        };
        if said.windows(5).any(|part| part == b"date:") {
            return None;
        }
        let mut record = Record::new(Arc::clone(&self.session.client), Some("HTTP/1.1"));
        record.status = code;
        record.flags.raise("DPE");
        record.details = Some("http1.codec_error".into());
        record.sent.store(reason.len() as u64, std::sync::atomic::Ordering::Relaxed);
        self.manager.logs.write(&record);
        let (date, server) = (date_header(), &self.manager.server);
        let mut text =
            format!("HTTP/1.1 {code} {reason}\r\ncontent-length: {}\r\ncontent-type: text/plain\r\n", reason.len());
        text += &format!(
            "date: {}\r\nserver: {}\r\n",
            date.to_str().unwrap_or_default(),
            server.to_str().unwrap_or_default()
        );
        text += &format!("connection: close\r\n\r\n{reason}");
        Some(text.into_bytes())
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
        Pin::new(&mut self.inner).poll_read(context, buffer)
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
