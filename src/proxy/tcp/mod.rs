//! The filter `tcp_proxy`: passes the bytes of a connection on (`source/common/tcp_proxy/tcp_proxy.cc`).

mod buffer;
mod pump;
mod tunnel;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use twox_hash::XxHash64;

use crate::envoy::Object;
use crate::envoy::core::ConnectionHashPolicy;
use crate::envoy::network_filter::{TcpClusterSpecifier, TcpProxy};

use super::record::Record;
use super::runtime::Runtime;
use super::stats::{Counter, Gauge, Stats};
use super::upstream::{Clusters, Failure, Host, Origin, Outcome, Permit, Pick, Stream, UpstreamCluster};
use super::wire::Wire;
use pump::{Traffic, pump};
use tunnel::{Tunnel, Tunneling};

/// A filter, read once.
#[derive(Debug)]
pub struct Plan {
    /// With their weights.
    clusters: Vec<(String, u64)>,
    /// What hosts must have.
    subset: Option<Object>,
    by_source: bool,
    /// The port at hosts that SNI names, for clusters that forward by name: of `sni_dynamic_forward_proxy`.
    name_port: Option<u16>,
    tunneling: Option<Tunneling>,
    attempts: u32,
    idle_timeout: Option<Duration>,
    longest: Option<Duration>,
    /// What it does not do.
    pub notes: Vec<String>,
    stats: TcpStats,
}

/// `tcp.PREFIX.…`
#[derive(Debug)]
struct TcpStats {
    total: Counter,
    active: Gauge,
    no_route: Counter,
    received: Counter,
    sent: Counter,
    idle_timeout: Counter,
    longest: Counter,
}

const HOUR: Duration = Duration::from_secs(3600);

impl Plan {
    /// `name_port`: that of the filter `sni_dynamic_forward_proxy`, if that comes first.
    pub fn new(config: &TcpProxy, name_port: Option<u16>, stats: &Stats) -> Self {
        let clusters = match &config.cluster_specifier {
            Some(TcpClusterSpecifier::Cluster(name)) => vec![(name.clone(), 1)],
            Some(TcpClusterSpecifier::WeightedClusters(weighted)) => {
                weighted.clusters.iter().map(|cluster| (cluster.name.clone(), cluster.weight.into())).collect()
            }
            None => Vec::new(),
        };
        let subset = config.metadata_match.as_ref().and_then(|metadata| metadata.filter_metadata.get("envoy.lb"));
        let mut notes = Vec::new();
        let tunneling = config.tunneling_config.as_ref().and_then(Tunneling::new);
        if config.tunneling_config.is_some() && tunneling.is_none() {
            notes.push("connections are not tunneled by `POST`".to_owned());
        }
        Self {
            clusters,
            subset: subset.cloned(),
            by_source: config.hash_policy.iter().any(|policy| matches!(policy, ConnectionHashPolicy::SourceIp(_))),
            name_port,
            tunneling,
            attempts: config.max_connect_attempts.unwrap_or(1).max(1),
            idle_timeout: Some(config.idle_timeout.unwrap_or(HOUR)).filter(|timeout| !timeout.is_zero()),
            longest: config.max_downstream_connection_duration.filter(|longest| !longest.is_zero()),
            notes,
            stats: TcpStats::new(stats, &config.stat_prefix),
        }
    }

    /// Serves a connection to its end, and tells in the record how it went. `original`: where the client wanted to go.
    pub async fn pass(
        &self,
        client: impl Wire,
        original: SocketAddr,
        clusters: &Clusters,
        runtime: &Runtime,
        record: &mut Record,
    ) {
        self.stats.total.increment();
        let _active = self.stats.active.hold();
        let cluster = self.choose(runtime).and_then(|name| clusters.get(name));
        let Some(cluster) = cluster else {
            self.stats.no_route.increment();
            return fail(record, &Failure::NoCluster, 0);
        };
        record.name_cluster(&cluster.config);
        let connected = self.connect(clusters.serving(cluster), original, record).await;
        match connected {
            Ok(Upstream::Plain(stream, connection)) => {
                self.carry(client, stream, runtime, record).await;
                connection.end(record);
            }
            Ok(Upstream::Tunneled((stream, _held))) => self.carry(client, stream, runtime, record).await,
            Err(failure) => fail(record, &failure, record.attempts),
        }
        self.stats.received.add(record.received());
        self.stats.sent.add(record.sent());
    }

    /// Tells in the record where a connection would go that does not get so far: Envoy begins to connect before the
    /// client has finished its TLS.
    pub fn aim(&self, original: SocketAddr, clusters: &Clusters, runtime: &Runtime, record: &mut Record) {
        let Some(cluster) = self.choose(runtime).and_then(|name| clusters.get(name)) else { return };
        record.name_cluster(&cluster.config);
        let pick = Pick { subset: self.subset.as_ref(), original, ..Pick::default() };
        match clusters.serving(cluster).pick(&pick) {
            Ok(host) => record.upstream = host.socket(),
            Err(failure) => record.flags.raise(failure.flag()),
        }
    }

    /// A cluster by weight.
    fn choose(&self, runtime: &Runtime) -> Option<&str> {
        let total: u64 = self.clusters.iter().map(|(_, weight)| weight).sum();
        if total == 0 {
            return None;
        }
        let mut number = if self.clusters.len() == 1 { 0 } else { runtime.dice.below(total) };
        let chosen = self.clusters.iter().find(|(_, weight)| {
            let own = number < *weight;
            number = number.saturating_sub(*weight);
            own
        });
        chosen.map(|(name, _)| name.as_str())
    }

    /// Each attempt may go to another host.
    async fn connect(
        &self,
        cluster: &Arc<UpstreamCluster>,
        original: SocketAddr,
        record: &mut Record,
    ) -> Result<Upstream, Failure> {
        let source = record.client.peer;
        let hash = self.by_source.then(|| XxHash64::oneshot(0, source.ip().to_string().as_bytes()));
        let origin = Origin { source, destination: record.client.local };
        let server = record.client.server_name.as_deref();
        let name = self.name_port.and_then(|port| Some(format!("{}:{port}", server?)));
        if let Some(name) = &name {
            cluster.load(name).await?;
        }
        let mut last = Failure::NoHealthyHost;
        while record.attempts < self.attempts {
            let pick = Pick { hash, subset: self.subset.as_ref(), original, name: name.as_deref(), ..Pick::default() };
            // Connections of HTTP have permits of their own.
            let permit = match &self.tunneling {
                None => Some(cluster.connection_permit().ok_or(Failure::Overflow)?),
                Some(_) => None,
            };
            let host = cluster.pick(&pick)?;
            record.attempts += 1;
            record.upstream = host.socket();
            let opened = match &self.tunneling {
                Some(tunneling) => tunneling.open(cluster, &host, record).await.map(Upstream::Tunneled),
                None => cluster
                    .connect_for(&host, Some(origin))
                    .await
                    .map(|stream| Upstream::Plain(stream, Connection::begin(cluster, Arc::clone(&host), permit))),
            };
            match opened {
                Ok(upstream) => {
                    cluster.record(&host, Outcome::ConnectedFinally);
                    return Ok(upstream);
                }
                Err(failure) => {
                    cluster.record(&host, Outcome::NotConnected);
                    last = failure;
                }
            }
        }
        Err(last)
    }

    async fn carry(&self, mut client: impl Wire, mut upstream: impl Wire, runtime: &Runtime, record: &mut Record) {
        let (received, sent) = (Arc::clone(&record.received), Arc::clone(&record.sent));
        let traffic = Traffic::new(&received, &sent);
        let idle = async {
            let Some(timeout) = self.idle_timeout else { return std::future::pending().await };
            let timeout = runtime.time.on_wall(timeout);
            while traffic.last().elapsed() < timeout {
                tokio::time::sleep_until(traffic.last() + timeout).await;
            }
        };
        let too_long = async {
            let Some(longest) = self.longest else { return std::future::pending().await };
            runtime.time.sleep(longest).await;
        };
        tokio::select! {
            biased;
            // Who broke it is not told.
            _ = pump(&mut client, &mut upstream, &traffic) => {}
            () = idle => self.stats.idle_timeout.increment(),
            () = too_long => {
                self.stats.longest.increment();
                record.flags.raise("DT");
            }
        }
    }
}

impl TcpStats {
    fn new(stats: &Stats, prefix: &str) -> Self {
        let scope = stats.tcp(prefix);
        Self {
            total: scope.counter("downstream_cx_total"),
            active: scope.gauge("downstream_cx_active"),
            no_route: scope.counter("downstream_cx_no_route"),
            received: scope.counter("downstream_cx_rx_bytes_total"),
            sent: scope.counter("downstream_cx_tx_bytes_total"),
            idle_timeout: scope.counter("idle_timeout"),
            longest: scope.counter("max_downstream_connection_duration"),
        }
    }
}

/// Where the bytes go.
enum Upstream {
    Plain(Stream, Connection),
    Tunneled(Tunnel),
}

/// A connection to an upstream, counted while it is open.
#[derive(Debug)]
struct Connection {
    cluster: Arc<UpstreamCluster>,
    host: Arc<Host>,
    _permit: Option<Permit>,
}

impl Connection {
    fn begin(cluster: &Arc<UpstreamCluster>, host: Arc<Host>, permit: Option<Permit>) -> Self {
        cluster.stats().upstream_cx_active.increment();
        // As Envoy counts it: a connection is a request, too.
        cluster.stats().upstream_rq_total.increment();
        host.stats.cx_active.fetch_add(1, Ordering::Relaxed);
        host.stats.rq_active.fetch_add(1, Ordering::Relaxed);
        host.stats.rq_total.fetch_add(1, Ordering::Relaxed);
        Self { cluster: Arc::clone(cluster), host, _permit: permit }
    }

    fn end(self, record: &Record) {
        self.cluster.stats().upstream_cx_tx_bytes_total.add(record.received());
        self.cluster.stats().upstream_cx_rx_bytes_total.add(record.sent());
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.cluster.stats().upstream_cx_active.decrement();
        self.host.stats.cx_active.fetch_sub(1, Ordering::Relaxed);
        self.host.stats.rq_active.fetch_sub(1, Ordering::Relaxed);
    }
}

fn fail(record: &mut Record, failure: &Failure, attempts: u32) {
    record.flags.raise(failure.flag());
    if attempts > 0 && matches!(failure, Failure::Connect(_) | Failure::ConnectTimeout) {
        record.flags.raise("URX");
    }
    if let Failure::Connect(cause) = failure {
        record.upstream_failure = cause.clone();
    }
}

/// Both ends of a connection.
#[cfg(test)]
async fn connection() -> (tokio::net::TcpStream, tokio::net::TcpStream) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}
