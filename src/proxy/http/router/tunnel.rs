//! Connections that have changed their protocol: bytes go through as they come.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};

use crate::proxy::http::response::Ending;
use crate::proxy::upstream::UpstreamBody;

/// Two connections that are about to change their protocol.
pub struct Tunnel {
    downstream: OnUpgrade,
    upstream: OnUpgrade,
    /// The upstream's connection is in use as long as this is.
    held: UpstreamBody,
}

impl Tunnel {
    pub fn new(downstream: OnUpgrade, upstream: OnUpgrade, held: UpstreamBody) -> Self {
        Self { downstream, upstream, held }
    }

    /// Passes bytes both ways until one side ends. The exchange ends then, too. `idle`: for how long nothing may come.
    pub async fn run(self, mut ending: Ending, idle: Option<Duration>) {
        let Self { downstream, upstream, held } = self;
        let Some((received, sent)) = ending.record().map(|record| (record.received.clone(), record.sent.clone()))
        else {
            return;
        };
        let is_http2 = ending.record().is_some_and(|record| record.protocol == Some("HTTP/2"));
        let Ok((client, server)) = tokio::try_join!(downstream, upstream) else { return };
        let (mut from_client, mut to_client) = split(TokioIo::new(client));
        let (mut from_server, mut to_server) = split(TokioIo::new(server));
        tokio::select! {
            biased;
            // The server has said all that it had to say.
            _ = pass(&mut from_server, &mut to_client, &sent) => {
                // A client that is gone does not care.
                let _ = to_client.shutdown().await;
                ending.end();
            }
            ended = pass(&mut from_client, &mut to_server, &received) => match ended {
                // A stream that is cancelled reads as one that has ended.
                Ok(()) if is_http2 => ending.give_up("DR", "http2.remote_reset"),
                _ => ending.abandon(),
            },
            () = silence(idle, [&received, &sent]) => ending.give_up("SI", "stream_idle_timeout"),
        }
        drop(held);
    }
}

/// Passes bytes on as they come, until there are no more.
async fn pass(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    count: &AtomicU64,
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        count.fetch_add(length as u64, Ordering::Relaxed);
        to.write_all(&buffer[..length]).await?;
        to.flush().await?;
    }
}

const CHUNK: usize = 16 * 1024;

/// Returns when nothing has been counted for so long, or up to twice as long.
async fn silence(limit: Option<Duration>, counts: [&AtomicU64; 2]) {
    let Some(limit) = limit else { return std::future::pending().await };
    let total = || counts.iter().map(|count| count.load(Ordering::Relaxed)).sum::<u64>();
    let mut before = total();
    loop {
        tokio::time::sleep(limit).await;
        let now = total();
        if now == before {
            return;
        }
        before = now;
    }
}
