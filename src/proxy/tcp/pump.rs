//! Bytes in both directions between two connections.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// A connection that is idle costs little memory; one that always fills its buffer gets a larger one.
const SMALL: usize = 2 * 1024;
const LARGE: usize = 256 * 1024;

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

/// Which side broke a connection.
#[derive(Debug)]
pub enum Broken {
    Client,
    Upstream,
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
pub async fn pump<C, U>(client: &mut C, upstream: &mut U, traffic: &Traffic<'_>) -> Result<(), Broken>
where
    C: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
{
    let mut up = Direction::default();
    let mut down = Direction::default();
    poll_fn(|context| {
        let sent = up.poll(context, client, upstream, |bytes| traffic.count(traffic.received, bytes));
        if let Poll::Ready(Err(end)) = sent {
            return Poll::Ready(Err(end.between(Broken::Client, Broken::Upstream)));
        }
        let answered = down.poll(context, upstream, client, |bytes| traffic.count(traffic.sent, bytes));
        match (sent, answered) {
            (_, Poll::Ready(Err(end))) => Poll::Ready(Err(end.between(Broken::Upstream, Broken::Client))),
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    })
    .await
}

#[derive(Debug, Default)]
struct Direction {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
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

enum End {
    OfReader,
    OfWriter,
}

impl End {
    fn between(self, reader: Broken, writer: Broken) -> Broken {
        match self {
            End::OfReader => reader,
            End::OfWriter => writer,
        }
    }
}

impl Direction {
    fn poll<R, W>(
        &mut self,
        context: &mut Context<'_>,
        reader: &mut R,
        writer: &mut W,
        mut count: impl FnMut(usize),
    ) -> Poll<Result<(), End>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        loop {
            while self.start < self.end {
                let part = &self.buffer[self.start..self.end];
                let written = ready!(Pin::new(&mut *writer).poll_write(context, part)).map_err(|_| End::OfWriter)?;
                if written == 0 {
                    return Poll::Ready(Err(End::OfWriter));
                }
                self.start += written;
                self.unflushed = true;
            }
            match self.state {
                State::Open => {
                    let Poll::Ready(read) = self.read(context, reader).map_err(|_| End::OfReader)? else {
                        // Nobody waits for what is written only when more comes.
                        if self.unflushed {
                            ready!(Pin::new(&mut *writer).poll_flush(context)).map_err(|_| End::OfWriter)?;
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
                    ready!(Pin::new(&mut *writer).poll_shutdown(context)).map_err(|_| End::OfWriter)?;
                    self.state = State::Done;
                    self.buffer = Vec::new();
                }
                State::Done => return Poll::Ready(Ok(())),
            }
        }
    }

    fn read<R: AsyncRead + Unpin>(&mut self, context: &mut Context<'_>, reader: &mut R) -> Poll<io::Result<usize>> {
        let filled = self.end == self.buffer.len();
        if filled && self.buffer.len() < LARGE {
            let size = (self.buffer.len() * 8).clamp(SMALL, LARGE);
            self.buffer = vec![0; size];
        }
        let mut buffer = ReadBuf::new(&mut self.buffer);
        ready!(Pin::new(reader).poll_read(context, &mut buffer))?;
        let read = buffer.filled().len();
        (self.start, self.end) = (0, read);
        Poll::Ready(Ok(read))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::{Traffic, pump};

    #[tokio::test]
    async fn each_direction_ends_on_its_own() {
        const LENGTH: usize = 1 << 20;
        let (client, mut near) = duplex(1024);
        let (mut far, mut upstream) = duplex(1024);
        let (received, sent) = (AtomicU64::new(0), AtomicU64::new(0));
        let traffic = Traffic::new(&received, &sent);
        let (mut client_reads, mut client_writes) = tokio::io::split(client);
        let ask = async {
            client_writes.write_all(b"question").await.unwrap();
            client_writes.shutdown().await.unwrap();
            let mut answer = Vec::new();
            client_reads.read_to_end(&mut answer).await.unwrap();
            answer.len()
        };
        let answer = async {
            let mut question = String::new();
            upstream.read_to_string(&mut question).await.unwrap();
            // The client has ended, and can still be answered.
            upstream.write_all(&vec![b'a'; LENGTH]).await.unwrap();
            upstream.shutdown().await.unwrap();
            question
        };
        let (pumped, length, question) = tokio::join!(pump(&mut near, &mut far, &traffic), ask, answer);
        assert!(pumped.is_ok());
        assert_eq!((question.as_str(), length), ("question", LENGTH));
        assert_eq!((received.load(Ordering::Relaxed), sent.load(Ordering::Relaxed)), (8, LENGTH as u64));
    }
}
