//! A cluster: chooses hosts and sends to them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use http::{Request, Response, StatusCode};

use crate::envoy::Object;
use crate::envoy::cluster::{Cluster, Discovery, DiscoveryType};
use crate::envoy::core::RoutingPriority;
use crate::proxy::Body;
use crate::proxy::runtime::Runtime;
use crate::proxy::stats::ClusterStats;
use crate::trace::Version;

use super::breaker::{Breakers, Permit};
use super::connect::{Dial, connect};
use super::failure::Failure;
use super::form::in_form_of;
use super::host::Host;
use super::members::static_hosts;
use super::pool::{Kind, UpstreamBody, Wanted};
use super::settings::{Protocol, Settings};
use super::stream::Stream;

/// What is asked of a cluster when a request needs a host.
#[derive(Clone, Copy, Debug)]
pub struct Pick<'a> {
    /// For ring hash and Maglev; without one they choose at random.
    pub hash: Option<u64>,
    /// The metadata of `envoy.lb` that hosts must have.
    pub subset: Option<&'a Object>,
    /// Hosts that earlier attempts of the request used.
    pub avoid: &'a [SocketAddr],
    /// The host that a session belongs to.
    pub pinned: Option<SocketAddr>,
    /// What the client connected to, for `ORIGINAL_DST`.
    pub original: SocketAddr,
}

impl Default for Pick<'_> {
    fn default() -> Self {
        let original = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        Self { hash: None, subset: None, avoid: &[], pinned: None, original }
    }
}

/// How an attempt on a host ended, for outlier detection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Response(StatusCode),
    /// No connection could be made.
    NotConnected,
    /// It took too long.
    TimedOut,
    /// The connection or stream broke.
    Reset,
}

/// May retry once, until it is dropped.
#[derive(Debug)]
pub struct RetryPermit(#[expect(dead_code, reason = "held, not read")] Permit);

#[derive(Debug)]
pub struct UpstreamCluster {
    pub config: Arc<Cluster>,
    pub(super) shared: Arc<Shared>,
    hosts: RwLock<Vec<Arc<Host>>>,
    next: AtomicUsize,
}

/// What connections need of their cluster.
#[derive(Debug)]
pub(super) struct Shared {
    pub settings: Settings,
    pub breakers: Breakers,
    pub stats: ClusterStats,
    pub runtime: Arc<Runtime>,
}

impl UpstreamCluster {
    pub(super) fn new(config: Arc<Cluster>, runtime: &Arc<Runtime>) -> Self {
        let stats_name = if config.alt_stat_name.is_empty() { &config.name } else { &config.alt_stat_name };
        let shared = Arc::new(Shared {
            settings: Settings::new(&config),
            breakers: Breakers::new(&config, RoutingPriority::Default),
            stats: ClusterStats::new(&runtime.stats, stats_name),
            runtime: Arc::clone(runtime),
        });
        let hosts = RwLock::new(static_hosts(&config, runtime.workers));
        Self { config, shared, hosts, next: AtomicUsize::new(0) }
    }

    pub fn stats(&self) -> &ClusterStats {
        &self.shared.stats
    }

    /// The host that the next request of this kind goes to.
    pub fn pick(&self, pick: &Pick<'_>) -> Result<Arc<Host>, Failure> {
        if self.config.discovery == Some(Discovery::Type(DiscoveryType::OriginalDst)) {
            return Ok(Arc::new(Host::at(pick.original, self.shared.runtime.workers)));
        }
        let hosts = self.hosts.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let healthy: Vec<_> = hosts.iter().filter(|host| host.is_healthy()).collect();
        if healthy.is_empty() {
            self.shared.stats.upstream_cx_none_healthy.increment();
            return Err(Failure::NoHealthyHost);
        }
        Ok(Arc::clone(healthy[self.next.fetch_add(1, Ordering::Relaxed) % healthy.len()]))
    }

    /// Sends a request in the version that the cluster speaks for a client of `downstream`. `offered`: what is offered by
    /// ALPN in place of what the cluster says.
    pub async fn send(
        self: &Arc<Self>,
        host: &Arc<Host>,
        mut request: Request<Body>,
        downstream: Version,
        offered: Option<&[String]>,
    ) -> Result<Response<UpstreamBody>, Failure> {
        let shared = &self.shared;
        let sni = shared.settings.sni.of(&request).map(str::to_owned);
        let wanted = Wanted { kind: self.kind(downstream), offered, sni: sni.as_deref() };
        let pool = host.pools.of(wanted, shared);
        loop {
            let mut lease = pool.lease(host).await?;
            if lease.admit().is_none() {
                shared.stats.upstream_rq_pending_overflow.increment();
                return Err(Failure::Overflow);
            }
            let reused = lease.is_reused();
            in_form_of(&mut request, lease.is_multiplexed(), host.transport.is_secure());
            match lease.send(request).await {
                Ok(response) => {
                    shared.stats.upstream_rq_total.increment();
                    host.stats.rq_total.fetch_add(1, Ordering::Relaxed);
                    return Ok(response.map(|incoming| UpstreamBody::new(incoming, lease)));
                }
                // The upstream had closed the connection while nothing was on it.
                Err(unsent) => match unsent.request.filter(|_| reused) {
                    Some(again) => request = again,
                    None => {
                        shared.stats.upstream_rq_total.increment();
                        return Err(unsent.failure);
                    }
                },
            }
        }
    }

    /// A connection for bytes of any kind.
    pub async fn connect(self: &Arc<Self>, host: &Arc<Host>) -> Result<Stream, Failure> {
        connect(&self.shared, host, Dial::default()).await
    }

    /// Whether one more retry may be under way.
    pub fn retry_permit(self: &Arc<Self>) -> Option<RetryPermit> {
        let permit = self.shared.breakers.retries.acquire();
        if permit.is_none() {
            self.shared.stats.upstream_rq_retry_overflow.increment();
        }
        permit.map(RetryPermit)
    }

    /// Tells how an attempt on a host ended. Each attempt is told once.
    pub fn record(&self, host: &Host, outcome: Outcome) {
        let stats = &host.stats;
        match outcome {
            Outcome::Response(status) if status.is_server_error() => stats.rq_error.fetch_add(1, Ordering::Relaxed),
            Outcome::Response(_) => stats.rq_success.fetch_add(1, Ordering::Relaxed),
            Outcome::TimedOut => stats.rq_timeout.fetch_add(1, Ordering::Relaxed),
            Outcome::NotConnected | Outcome::Reset => stats.rq_error.fetch_add(1, Ordering::Relaxed),
        };
    }

    fn kind(&self, downstream: Version) -> Kind {
        match (self.shared.settings.protocol, downstream) {
            (Protocol::Http1, _) | (Protocol::Downstream, Version::Http1) => Kind::Http1,
            (Protocol::Http2, _) | (Protocol::Downstream, Version::Http2) => Kind::Http2,
            (Protocol::Negotiated, _) => Kind::Negotiated,
        }
    }
}
