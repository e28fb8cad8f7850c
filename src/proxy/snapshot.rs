//! A configuration in force: what it says, made ready to be executed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::envoy::Any;
use crate::envoy::Config;
use crate::envoy::bootstrap::Bootstrap;
use crate::envoy::listener::{FilterChain, Listener};
use crate::trace::{Chain, Inspected, Tracer};

use super::access_log::Logs;
use super::http::Manager;
use super::listen::{ConnectionLimit, ServerTls, SocketFilters};
use super::note::Note;
use super::runtime::Runtime;
use super::stats::{Counter, Gauge, Stats};
use super::tls::Secrets;
use super::unread::{told, unread};
use super::upstream::{Clusters, is_by_dns};
use super::{keys, tcp};

#[derive(Debug)]
pub struct Snapshot {
    /// Counts configurations.
    pub generation: u64,
    pub bootstrap: Arc<Bootstrap>,
    pub tracer: Tracer,
    pub clusters: Clusters,
    /// In the order of the configuration, as those of the tracer.
    pub listeners: Vec<ListenerPlan>,
    pub notes: Vec<Note>,
}

#[derive(Debug)]
pub struct ListenerPlan {
    pub name: Arc<str>,
    pub address: SocketAddr,
    /// What is found out of a connection before its chain is chosen.
    pub filters: SocketFilters,
    pub filters_timeout: Option<Duration>,
    pub continues_on_timeout: bool,
    /// Of connections that no chain takes.
    pub logs: Logs,
    pub chains: Vec<ChainPlan>,
    pub stats: ListenerStats,
}

#[derive(Debug)]
pub struct ChainPlan {
    pub name: Arc<str>,
    pub tls: Option<ServerTls>,
    pub tls_timeout: Duration,
    pub manager: Option<Arc<Manager>>,
    pub tcp: Option<tcp::Plan>,
    /// Of the filter that passes bytes on.
    pub logs: Arc<Logs>,
    /// With the positions of their filters.
    pub limits: Vec<(usize, ConnectionLimit)>,
}

/// `listener.ADDRESS.…`
#[derive(Debug)]
pub struct ListenerStats {
    pub total: Counter,
    pub active: Gauge,
    pub no_chain: Counter,
    pub handshake_failed: Counter,
}

/// Where in the configuration a connection is served.
#[derive(Clone, Debug)]
pub struct Place {
    pub snapshot: Arc<Snapshot>,
    pub listener: usize,
    pub chain: usize,
}

/// How long Envoy waits for the first bytes of a connection.
const FILTERS_TIMEOUT: Duration = Duration::from_secs(15);

/// Envoy's own default is no limit.
const TLS_TIMEOUT: Duration = Duration::from_secs(15);

impl Snapshot {
    /// What of `before` has not changed goes on: connections, health, counters.
    pub fn new(bootstrap: Bootstrap, runtime: &Arc<Runtime>, before: Option<&Snapshot>) -> Result<Self, Note> {
        let bootstrap = Arc::new(bootstrap);
        let resources = bootstrap.static_resources.clone().unwrap_or_default();
        let mut notes = Vec::new();
        let secrets = Secrets::new(&resources.secrets);
        let clusters: Vec<_> = resources.clusters.into_iter().map(Arc::new).collect();
        if clusters.iter().any(|cluster| cluster.respect_dns_ttl && is_by_dns(cluster)) {
            let text = "names are asked for at the interval of `dns_refresh_rate`";
            notes.push(Note::new("clusters with `respect_dns_ttl`", text));
        }
        let itself = Bootstrap {
            static_resources: None,
            node: None,
            layered_runtime: None,
            admin: bootstrap.admin.clone(),
            untyped: bootstrap.untyped.clone(),
        };
        notes.extend(unread(&itself).map(|(message, field)| Note::new("bootstrap", told(message, &field))));
        let node = bootstrap.node.clone();
        let service_cluster = node.as_ref().map_or(String::new(), |node| node.cluster.clone());
        let plan = |listener| ListenerPlan::new(listener, &secrets, &service_cluster, runtime, &mut notes);
        let listeners = resources.listeners.iter().map(plan).collect::<Result<_, _>>()?;
        let (made, more) = Clusters::new(&clusters, &secrets, runtime, before.map(|before| &before.clusters))?;
        notes.extend(more);
        let tracer = Tracer::new(Config { node, listeners: resources.listeners, clusters, ..Default::default() });
        notes.extend(keys::read_files(&tracer));
        notes.sort();
        notes.dedup();
        Ok(Self {
            generation: before.map_or(0, |before| before.generation + 1),
            bootstrap,
            tracer,
            clusters: made,
            listeners,
            notes,
        })
    }

    pub fn listener(&self, name: &str) -> Option<usize> {
        self.listeners.iter().position(|listener| *listener.name == *name)
    }
}

impl ListenerPlan {
    fn new(
        listener: &Listener,
        secrets: &Secrets,
        service_cluster: &str,
        runtime: &Arc<Runtime>,
        notes: &mut Vec<Note>,
    ) -> Result<Self, Note> {
        let place = format!("listener `{}`", listener.name);
        notes.extend(unread(listener).map(|(message, field)| Note::new(&place, told(message, &field))));
        let chain = |chain| ChainPlan::new(chain, secrets, service_cluster, &place, runtime, notes);
        Ok(Self {
            name: listener.name.as_str().into(),
            address: listener.socket_address().ok_or_else(|| Note::new(&place, "has no address to listen at"))?,
            chains: listener.chains().map(chain).collect::<Result<_, _>>()?,
            filters: SocketFilters::new(listener, &place, notes),
            filters_timeout: Some(listener.listener_filters_timeout.unwrap_or(FILTERS_TIMEOUT))
                .filter(|timeout| !timeout.is_zero()),
            continues_on_timeout: listener.continue_on_listener_filters_timeout,
            logs: Logs::new(&listener.access_log, &place, notes),
            stats: ListenerStats::new(&runtime.stats, listener),
        })
    }
}

impl ListenerStats {
    /// The name is the `stat_prefix`, else the address with its port.
    fn new(stats: &Stats, listener: &Listener) -> Self {
        let name = match listener.stat_prefix.as_str() {
            "" => listener.socket_address().map_or_else(|| listener.name.clone(), |address| address.to_string()),
            prefix => prefix.to_owned(),
        };
        let scope = stats.listener(&name);
        Self {
            total: scope.counter("downstream_cx_total"),
            active: scope.gauge("downstream_cx_active"),
            no_chain: scope.counter("no_filter_chain_match"),
            handshake_failed: scope.counter("ssl.connection_error"),
        }
    }

    pub fn begin(&self) {
        self.total.increment();
    }
}

impl ChainPlan {
    fn new(
        chain: &FilterChain,
        secrets: &Secrets,
        service_cluster: &str,
        place: &str,
        runtime: &Arc<Runtime>,
        notes: &mut Vec<Note>,
    ) -> Result<Self, Note> {
        let mut plan = Self {
            name: chain.name.as_str().into(),
            tls: ServerTls::of(chain, secrets, place, notes)?,
            tls_timeout: chain.transport_socket_connect_timeout.filter(|own| !own.is_zero()).unwrap_or(TLS_TIMEOUT),
            manager: None,
            tcp: None,
            logs: Arc::default(),
            limits: Vec::new(),
        };
        let mut name_port = None;
        for (position, filter) in chain.filters.iter().enumerate() {
            match &filter.typed_config {
                Some(Any::SniDynamicForwardProxy(config)) => name_port = Some(config.port_value.unwrap_or(443)),
                Some(Any::HttpConnectionManager(config)) => {
                    plan.manager = Some(Arc::new(Manager::new(config, service_cluster, place, runtime, notes)));
                }
                Some(Any::TcpProxy(proxy)) => {
                    let name_port = name_port.and_then(|port| u16::try_from(port).ok());
                    let tcp = tcp::Plan::new(proxy, name_port, &runtime.stats);
                    notes.extend(tcp.notes.iter().map(|text| Note::new(place, text)));
                    plan.tcp = Some(tcp);
                    plan.logs = Arc::new(Logs::new(&proxy.access_log, place, notes));
                }
                Some(Any::NetworkRbac(_) | Any::NetworkExtAuthz(_) | Any::IstioStats(_)) => {}
                Some(Any::MongoProxy(_)) => {
                    notes.push(Note::new(place, "what is said to MongoDB is passed on, and not counted"));
                }
                Some(Any::Other(other)) if other.type_url.ends_with("connection_limit.v3.ConnectionLimit") => {
                    let limit = ConnectionLimit::new(&other.fields, &runtime.stats);
                    plan.limits.extend(limit.map(|limit| (position, limit)));
                }
                Some(other) if other.type_name().to_ascii_lowercase().contains("metadata") => {}
                _ => notes.push(Note::new(place, format!("the filter `{}` is not executed", filter.name))),
            }
        }
        Ok(plan)
    }
}

impl Place {
    /// Where a connection to the listener of this position belongs.
    pub fn choose(snapshot: &Arc<Snapshot>, listener: usize, inspected: &Inspected) -> Option<Self> {
        let (chain, _) = snapshot.tracer.chain(listener, inspected)?;
        Some(Self { snapshot: Arc::clone(snapshot), listener, chain })
    }

    pub fn listener(&self) -> &ListenerPlan {
        &self.snapshot.listeners[self.listener]
    }

    pub fn plan(&self) -> &ChainPlan {
        &self.listener().chains[self.chain]
    }

    /// `None` never happens: a place is made of a chain.
    pub fn chain(&self) -> Option<&Chain> {
        self.snapshot.tracer.listener(self.listener)?.1.get(self.chain)
    }
}
