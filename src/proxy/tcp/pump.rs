//! Bytes in both directions between two connections.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::time::Instant;

use crate::proxy::wire::Wire;

use super::buffer::Buffer;

/// What has been passed on, and when last.
#[derive(Debug)]
pub struct Traffic<'a> {
    /// From the client.
    pub received: &'a AtomicU64,
    /// To the client.
    pub sent: &'a AtomicU64,
    begun: Instant,
    /// In milliseconds after the beginning.
    last: AtomicU64,
}

impl<'a> Traffic<'a> {
    pub fn new(received: &'a AtomicU64, sent: &'a AtomicU64) -> Self {
        Self { received, sent, begun: Instant::now(), last: AtomicU64::new(0) }
    }

    /// When bytes were last passed on.
    pub fn last(&self) -> Instant {
        self.begun + std::time::Duration::from_millis(self.last.load(Ordering::Relaxed))
    }

    fn count(&self, counter: &AtomicU64, bytes: usize) {
        counter.fetch_add(bytes as u64, Ordering::Relaxed);
        self.last.store(self.begun.elapsed().as_millis() as u64, Ordering::Relaxed);
    }
}

/// Returns when both sides have sent all they had. The end of one direction is passed on, the other goes on.
pub async fn pump<C, U>(client: &mut C, upstream: &mut U, traffic: &Traffic<'_>) -> io::Result<()>
where
    C: Wire,
    U: Wire,
{
    let mut up = Direction::default();
    let mut down = Direction::default();
    poll_fn(|context| {
        let sent = up.poll(context, client, upstream, |bytes| traffic.count(traffic.received, bytes))?;
        let answered = down.poll(context, upstream, client, |bytes| traffic.count(traffic.sent, bytes))?;
        if sent.is_ready() && answered.is_ready() { Poll::Ready(Ok(())) } else { Poll::Pending }
    })
    .await
}

#[derive(Debug, Default)]
struct Direction {
    buffer: Buffer,
    unflushed: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    /// All has been read.
    Ended,
    /// And written.
    Done,
}

impl Direction {
    fn poll<R, W>(
        &mut self,
        context: &mut Context<'_>,
        reader: &mut R,
        writer: &mut W,
        mut count: impl FnMut(usize),
    ) -> Poll<io::Result<()>>
    where
        R: Wire,
        W: Wire,
    {
        loop {
            while !self.buffer.is_empty() {
                let written = ready!(self.buffer.poll_drain(context, writer))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.unflushed = true;
            }
            match self.state {
                State::Open => {
                    let Poll::Ready(read) = self.buffer.poll_fill(context, reader)? else {
                        // Nobody waits for what is written only when more comes.
                        if self.unflushed {
                            ready!(Pin::new(&mut *writer).poll_flush(context))?;
                            self.unflushed = false;
                        }
                        return Poll::Pending;
                    };
                    if read == 0 {
                        self.state = State::Ended;
                    }
                    count(read);
                }
                State::Ended => {
                    ready!(Pin::new(&mut *writer).poll_shutdown(context))?;
                    *self = Self { state: State::Done, ..Self::default() };
                }
                State::Done => return Poll::Ready(Ok(())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use crate::proxy::tcp::connection;
    use crate::proxy::wire::Wire;

    use super::{Traffic, pump};

    /// Asks, ends its side, and is answered at length.
    async fn talk(client: impl Wire, mut near: impl Wire, mut far: impl Wire, mut upstream: impl Wire) {
        const LENGTH: usize = 1 << 23;
        let (received, sent) = (AtomicU64::new(0), AtomicU64::new(0));
        let traffic = Traffic::new(&received, &sent);
        let bytes: Vec<_> = (0..LENGTH).map(|number| (number % 251) as u8).collect();
        let (mut client_reads, mut client_writes) = tokio::io::split(client);
        let ask = async {
            client_writes.write_all(b"question").await.unwrap();
            client_writes.shutdown().await.unwrap();
            let mut answer = Vec::new();
            client_reads.read_to_end(&mut answer).await.unwrap();
            answer
        };
        let answer = async {
            let mut question = String::new();
            upstream.read_to_string(&mut question).await.unwrap();
            // The client has ended, and can still be answered.
            upstream.write_all(&bytes).await.unwrap();
            upstream.shutdown().await.unwrap();
            question
        };
        let (pumped, answer, question) = tokio::join!(pump(&mut near, &mut far, &traffic), ask, answer);
        assert!(pumped.is_ok());
        assert_eq!(question, "question");
        assert!(answer == bytes);
        assert_eq!((received.load(Ordering::Relaxed), sent.load(Ordering::Relaxed)), (8, LENGTH as u64));
    }

    #[tokio::test]
    async fn each_direction_ends_on_its_own() {
        let ((client, near), (far, upstream)) = (duplex(1024), duplex(1024));
        talk(client, near, far, upstream).await;
    }

    #[tokio::test]
    async fn sockets_too() {
        let ((client, near), (far, upstream)) = (connection().await, connection().await);
        talk(client, near, far, upstream).await;
    }
}
