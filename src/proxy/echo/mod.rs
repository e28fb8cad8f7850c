//! Servers that stand in for the workloads of a mesh. Each tells who it is and what it received: over HTTP/1.1 and
//! HTTP/2 as JSON or text, over gRPC, WebSocket and plain TCP by sending back what comes; in plain text and TLS.

mod answer;
mod behaviour;
mod serve;
mod sniff;
mod tls;
mod websocket;

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::HeaderValue;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

use crate::envoy::bootstrap::TestAuthority;
use crate::proxy::runtime::Runtime;
use crate::translate::Backend;

pub use answer::Identity;
pub use behaviour::{Behaviour, Failure, Rule, Unreadable};
pub use serve::{VERSION_HEADER, WORKLOAD_HEADER};

/// What all echoes share.
pub struct Setting {
    pub runtime: Arc<Runtime>,
    /// Signs their certificates.
    pub authority: Arc<TestAuthority>,
    pub behaviour: Behaviour,
}

/// A server that stands in for one endpoint. Dropping it stops it; connections that are open stay.
#[derive(Debug)]
pub struct Echo {
    address: SocketAddr,
    site: Arc<Site>,
    accepting: AbortHandle,
}

/// What the connections of an echo share.
struct Site {
    identity: Identity,
    workload: Option<HeaderValue>,
    version: Option<HeaderValue>,
    account: Option<String>,
    behaviour: Behaviour,
    setting: Arc<Setting>,
    tls: OnceLock<TlsAcceptor>,
    /// Requests, and connections of other protocols.
    received: AtomicU64,
}

impl Echo {
    /// Serves on a port that the operating system chooses. `address` is the one that clusters have for it.
    pub async fn start(
        at: IpAddr,
        address: &str,
        backend: &Backend,
        subsets: impl IntoIterator<Item = String>,
        setting: &Arc<Setting>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((at, 0)).await?;
        let address = Identity::new(address, backend, subsets);
        let site = Arc::new(Site::new(address, backend, Arc::clone(setting)));
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, Arc::clone(&site))).abort_handle();
        Ok(Self { address, site, accepting })
    }

    /// As answers and reports name it: `shop/web version=v2`.
    pub fn name(&self) -> String {
        self.site.identity.short()
    }

    /// How many requests have come, also those whose answers nobody waits for.
    pub fn received(&self) -> u64 {
        self.site.received.load(Ordering::Relaxed)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// When no more connections can be taken, others must end first.
const PAUSE: Duration = Duration::from_millis(10);

async fn accept(listener: TcpListener, site: Arc<Site>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let site = Arc::clone(&site);
                // A connection that breaks is the client's concern, who sees it.
                tokio::spawn(async move { drop(serve::connection(site, stream).await) });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

impl Site {
    fn new(identity: Identity, backend: &Backend, setting: Arc<Setting>) -> Self {
        let full = match &*identity.workload {
            "" => identity.address.clone(),
            workload => format!("{}/{workload}", identity.namespace),
        };
        let value = |text: &str| HeaderValue::from_str(text).ok();
        Self {
            workload: value(&full),
            version: identity.version.as_deref().and_then(value),
            identity,
            account: backend.account.clone(),
            behaviour: setting.behaviour.of(backend),
            setting,
            tls: OnceLock::new(),
            received: AtomicU64::new(0),
        }
    }

    /// Made when the first client wants it: keys take time.
    fn tls(&self) -> &TlsAcceptor {
        self.tls.get_or_init(|| tls::acceptor(Arc::clone(&self.setting.authority), self.account.clone()))
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting").field("behaviour", &self.behaviour).finish_non_exhaustive()
    }
}
