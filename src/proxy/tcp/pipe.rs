//! A pipe of the kernel between two sockets: `splice(2)` moves bytes through it that nobody copies.

use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, ready};

use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// How many bytes it may hold. With the 64 KiB that a pipe has by default they cost a quarter more.
const SIZE: usize = 256 * 1024;

#[derive(Debug)]
pub struct Pipe {
    output: OwnedFd,
    input: OwnedFd,
    held: usize,
}

impl Pipe {
    pub fn new() -> io::Result<Self> {
        let (output, input) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        // A user who has many pipes is not given larger ones.
        let _ = fcntl_setpipe_size(&input, SIZE);
        Ok(Self { output, input, held: 0 })
    }

    pub fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// Takes what a socket has, and returns how much that is: nothing at its end. Must be empty, as a full pipe would be
    /// taken for a socket that has nothing yet.
    pub fn poll_fill(&mut self, context: &mut Context<'_>, from: &TcpStream) -> Poll<io::Result<usize>> {
        loop {
            ready!(from.poll_read_ready(context))?;
            let moved = from
                .try_io(Interest::READABLE, || Ok(splice(from, None, &self.input, None, SIZE, SpliceFlags::NONBLOCK)?));
            if !would_block(&moved) {
                self.held = *moved.as_ref().unwrap_or(&0);
                return Poll::Ready(moved);
            }
        }
    }

    /// Gives a socket as much as it takes.
    pub fn poll_drain(&mut self, context: &mut Context<'_>, to: &TcpStream) -> Poll<io::Result<usize>> {
        loop {
            ready!(to.poll_write_ready(context))?;
            let moved = to.try_io(Interest::WRITABLE, || {
                Ok(splice(&self.output, None, to, None, self.held, SpliceFlags::NONBLOCK)?)
            });
            if !would_block(&moved) {
                self.held -= *moved.as_ref().unwrap_or(&0);
                return Poll::Ready(moved);
            }
        }
    }
}

fn would_block(moved: &io::Result<usize>) -> bool {
    moved.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use crate::proxy::tcp::connection;

    use super::Pipe;

    #[tokio::test]
    async fn bytes_go_from_socket_to_socket_until_the_end() {
        let ((mut client, near), (far, mut upstream)) = (connection().await, connection().await);
        let mut pipe = Pipe::new().unwrap();
        client.write_all(b"hello").await.unwrap();
        assert_eq!(poll_fn(|context| pipe.poll_fill(context, &near)).await.unwrap(), 5);
        assert!(!pipe.is_empty());
        assert_eq!(poll_fn(|context| pipe.poll_drain(context, &far)).await.unwrap(), 5);
        assert!(pipe.is_empty());
        let mut bytes = [0; 5];
        upstream.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"hello");
        client.shutdown().await.unwrap();
        assert_eq!(poll_fn(|context| pipe.poll_fill(context, &near)).await.unwrap(), 0);
        assert!(pipe.is_empty());
    }

    #[tokio::test]
    async fn a_socket_that_was_closed_is_an_error() {
        let ((mut client, near), (far, upstream)) = (connection().await, connection().await);
        drop(upstream);
        let mut pipe = Pipe::new().unwrap();
        // The first bytes are answered with a reset, which the next are told of.
        let failed = async {
            loop {
                client.write_all(b"hello").await.unwrap();
                poll_fn(|context| pipe.poll_fill(context, &near)).await.unwrap();
                if let Err(error) = poll_fn(|context| pipe.poll_drain(context, &far)).await {
                    return error.kind();
                }
            }
        };
        let expected = [std::io::ErrorKind::ConnectionReset, std::io::ErrorKind::BrokenPipe];
        assert!(expected.contains(&failed.await));
    }
}
