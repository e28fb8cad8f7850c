//! Connections, whatever carries them.

use tokio::io::{AsyncRead, AsyncWrite};

/// A connection of bytes.
pub trait Wire: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire for T {}
