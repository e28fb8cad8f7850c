//! A connection of which some bytes have been looked at before.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use crate::proxy::wire::Wire;

/// How much is read at a time. Who says nothing has a buffer of that size, too.
const PART: usize = 1024;

/// Reads again what was read ahead.
#[derive(Debug)]
pub struct Rewind<S> {
    ahead: BytesMut,
    inner: S,
}

impl<S: Wire> Rewind<S> {
    pub fn new(inner: S) -> Self {
        Self { ahead: BytesMut::new(), inner }
    }

    pub fn ahead(&self) -> &[u8] {
        &self.ahead
    }

    /// Reads more ahead; `false` if there is no more.
    pub async fn look(&mut self) -> io::Result<bool> {
        self.ahead.reserve(PART);
        Ok(self.inner.read_buf(&mut self.ahead).await? > 0)
    }

    /// Forgets bytes that were read ahead: they are not part of what comes next.
    pub fn skip(&mut self, count: usize) {
        self.ahead.advance(count.min(self.ahead.len()));
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Rewind<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.inner).poll_read(context, buffer);
        }
        let count = self.ahead.len().min(buffer.remaining());
        buffer.put_slice(&self.ahead[..count]);
        self.ahead.advance(count);
        if self.ahead.is_empty() {
            self.ahead = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Rewind<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::Rewind;

    #[tokio::test]
    async fn what_was_looked_at_is_read_again() {
        let (mut client, server) = duplex(64);
        client.write_all(b"PROXY hello").await.unwrap();
        let mut stream = Rewind::new(server);
        assert!(stream.look().await.unwrap());
        assert_eq!(stream.ahead(), b"PROXY hello");
        stream.skip(6);
        client.write_all(b" again").await.unwrap();
        drop(client);
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "hello again");
        assert!(!stream.look().await.unwrap());
    }
}
