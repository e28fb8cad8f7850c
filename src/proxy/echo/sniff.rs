//! Which protocol a client speaks, from its first bytes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    Http1,
    Http2,
    Bytes,
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const METHODS: [&[u8]; 9] =
    [b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"PATCH ", b"OPTIONS ", b"CONNECT ", b"TRACE "];

/// `None`: more bytes must tell.
fn spoken(bytes: &[u8]) -> Option<Spoken> {
    let is_cut = |whole: &[u8]| bytes.len() < whole.len() && whole.starts_with(bytes);
    if bytes.starts_with(PREFACE) {
        return Some(Spoken::Http2);
    }
    if METHODS.iter().any(|method| bytes.starts_with(method)) {
        return Some(Spoken::Http1);
    }
    if is_cut(PREFACE) || METHODS.iter().any(|method| is_cut(method)) {
        return None;
    }
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_request = line.windows(8).any(|part| part == b" HTTP/1.");
    Some(if is_request { Spoken::Http1 } else { Spoken::Bytes })
}

/// Reads until it is known. The stream that comes back has all bytes again; `None` if there are none.
pub(super) async fn sniff<S: AsyncRead + Unpin>(mut stream: S) -> io::Result<Option<(Spoken, Rewound<S>)>> {
    let mut head = Vec::with_capacity(1024);
    loop {
        let ended = stream.read_buf(&mut head).await? == 0;
        match spoken(&head) {
            _ if head.is_empty() => return Ok(None),
            Some(spoken) => return Ok(Some((spoken, Rewound { head, read: 0, stream }))),
            None if ended => return Ok(Some((Spoken::Bytes, Rewound { head, read: 0, stream }))),
            None => {}
        }
    }
}

/// A stream that begins with bytes that were read before.
#[derive(Debug)]
pub(super) struct Rewound<S> {
    head: Vec<u8>,
    read: usize,
    stream: S,
}

impl<S: AsyncRead + Unpin> AsyncRead for Rewound<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let rest = this.head.get(this.read..).unwrap_or_default();
        if rest.is_empty() {
            return Pin::new(&mut this.stream).poll_read(context, into);
        }
        let length = rest.len().min(into.remaining());
        into.put_slice(&rest[..length]);
        this.read += length;
        if this.read == this.head.len() {
            this.head = Vec::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Rewound<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_the_protocol() {
        let table: [(&[u8], Option<Spoken>); 9] = [
            (b"G", None),
            (b"GET / HTTP/1.1\r\n", Some(Spoken::Http1)),
            (b"PROPFIND /a HTTP/1.1\r\n", Some(Spoken::Http1)),
            (b"PR", None),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0", Some(Spoken::Http2)),
            (b"PRIVATE", Some(Spoken::Bytes)),
            (b"hello\n", Some(Spoken::Bytes)),
            (b"HELLO HTTP", Some(Spoken::Bytes)),
            (b"\0\0\0", Some(Spoken::Bytes)),
        ];
        for (bytes, expected) in table {
            assert_eq!(spoken(bytes), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[tokio::test]
    async fn nothing_is_lost() {
        let (_, mut stream) = sniff(&b"hello world"[..]).await.unwrap().unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "hello world");
        assert!(sniff(&b""[..]).await.unwrap().is_none());
    }
}
