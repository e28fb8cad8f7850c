//! Connections, whatever carries them.

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::server;

/// A connection of bytes.
pub trait Wire: AsyncRead + AsyncWrite + Unpin {
    /// The socket, while what it carries is what is read and written.
    fn socket(&self) -> Option<&TcpStream> {
        None
    }
}

impl Wire for TcpStream {
    fn socket(&self) -> Option<&TcpStream> {
        Some(self)
    }
}

impl<S: Wire> Wire for server::TlsStream<S> {}

/// A stream within a connection of HTTP.
impl Wire for TokioIo<Upgraded> {}

#[cfg(test)]
impl Wire for tokio::io::DuplexStream {}
