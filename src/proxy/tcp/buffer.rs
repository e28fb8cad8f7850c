//! Bytes between a reader and a writer.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a connection has for itself. One that is idle, or says little, costs no more.
const SMALL: usize = 2 * 1024;
/// What one that says much reads at once. Fewer calls for more bytes are most of its speed: with 128 KiB they cost twice as much.
const LARGE: usize = 1024 * 1024;
/// Of a large buffer so little that waiting for the writer is no reason to keep all of it.
const LITTLE: usize = LARGE / 16;

thread_local! {
    /// A large buffer that no connection needs now: most write all that they have read at once.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Whether the last that was read was much.
    busy: bool,
}

impl Buffer {
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Reads once, and returns how much: nothing at the end. Must be empty.
    pub fn poll_fill<R>(&mut self, context: &mut Context<'_>, reader: &mut R) -> Poll<io::Result<usize>>
    where
        R: AsyncRead + Unpin,
    {
        let size = if self.busy { LARGE } else { SMALL };
        if self.bytes.len() < size {
            self.bytes = if self.busy { SPARE.take() } else { Vec::new() };
            self.bytes.resize(size, 0);
        }
        let mut buffer = ReadBuf::new(&mut self.bytes);
        let read = Pin::new(reader).poll_read(context, &mut buffer).map_ok(|()| buffer.filled().len());
        let Poll::Ready(Ok(read)) = read else {
            self.give_back();
            return read;
        };
        (self.start, self.end) = (0, read);
        self.busy = read == self.bytes.len() || read > SMALL;
        Poll::Ready(Ok(read))
    }

    /// Writes once, and returns how much.
    pub fn poll_drain<W>(&mut self, context: &mut Context<'_>, writer: &mut W) -> Poll<io::Result<usize>>
    where
        W: AsyncWrite + Unpin,
    {
        let part = &self.bytes[self.start..self.end];
        let written = Pin::new(writer).poll_write(context, part);
        if written.is_pending() && part.len() <= LITTLE {
            let rest = part.to_vec();
            self.give_back();
            (self.start, self.end) = (0, rest.len());
            self.bytes = rest;
        }
        let written = ready!(written)?;
        self.start += written;
        Poll::Ready(Ok(written))
    }

    /// Leaves a large buffer to another connection.
    fn give_back(&mut self) {
        if self.bytes.len() == LARGE {
            SPARE.set(std::mem::take(&mut self.bytes));
        }
    }
}
