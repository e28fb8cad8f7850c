//! Bytes between a reader and a writer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection that is idle costs little memory; one that always fills its buffer gets a larger one.
const SMALL: usize = 2 * 1024;
const LARGE: usize = 128 * 1024;

#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether the last that was read filled a buffer that does not grow any more.
    pub fn is_too_small(&self) -> bool {
        self.end == LARGE
    }

    /// Reads once, and returns how much: nothing at the end. Must be empty.
    pub fn poll_fill<R>(&mut self, context: &mut Context<'_>, reader: &mut R) -> Poll<io::Result<usize>>
    where
        R: AsyncRead + Unpin,
    {
        if self.end == self.bytes.len() && self.bytes.len() < LARGE {
            let size = (self.bytes.len() * 8).clamp(SMALL, LARGE);
            self.bytes = vec![0; size];
        }
        let mut buffer = ReadBuf::new(&mut self.bytes);
        ready!(Pin::new(reader).poll_read(context, &mut buffer))?;
        let read = buffer.filled().len();
        (self.start, self.end) = (0, read);
        Poll::Ready(Ok(read))
    }

    /// Writes once, and returns how much.
    pub fn poll_drain<W>(&mut self, context: &mut Context<'_>, writer: &mut W) -> Poll<io::Result<usize>>
    where
        W: AsyncWrite + Unpin,
    {
        let part = &self.bytes[self.start..self.end];
        let written = ready!(Pin::new(writer).poll_write(context, part))?;
        self.start += written;
        Poll::Ready(Ok(written))
    }
}
