//! Connections that have changed their protocol: bytes go through as they come.

use std::io;
use std::sync::atomic::Ordering;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

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

    /// Passes bytes both ways until one side ends. The exchange ends then, too.
    pub async fn run(self, mut ending: Ending) {
        let Self { downstream, upstream, held } = self;
        let passed = async {
            let (downstream, upstream) = tokio::try_join!(downstream, upstream).map_err(io::Error::other)?;
            copy_bidirectional(&mut TokioIo::new(downstream), &mut TokioIo::new(upstream)).await
        };
        if let (Ok((received, sent)), Some(record)) = (passed.await, ending.record()) {
            record.received.fetch_add(received, Ordering::Relaxed);
            record.sent.fetch_add(sent, Ordering::Relaxed);
        }
        ending.end();
        drop(held);
    }
}
