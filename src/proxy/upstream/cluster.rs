//! A cluster: chooses hosts and sends to them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use http::{Request, Response};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::envoy::cluster::{Cluster, Discovery, DiscoveryType};
use crate::envoy::core::RoutingPriority;
use crate::proxy::Body;
use crate::proxy::per_worker::lock;
use crate::proxy::runtime::Runtime;
use crate::proxy::stats::ClusterStats;
use crate::proxy::tls::{Invalid, Secrets};
use crate::trace::Version;

use super::balance::{Balancer, Choice, Counts, Policy, SubsetConfig, Subsets, counts};
use super::breaker::{Breakers, Permit};
use super::connect::{Dial, connect};
use super::dns;
use super::failure::Failure;
use super::form::in_form_of;
use super::health::{Checks, keep_checking};
use super::host::{Address, Host};
use super::members::{Place, Resolved, members, names};
use super::named::NamedHosts;
use super::not_done::not_done;
use super::original::Originals;
use super::outlier::{Detector, Means, Outcome};
use super::pool::{Kind, UpstreamBody, Wanted};
use super::proxy_protocol::Origin;
use super::request::{Pick, Terms};
use super::settings::{Protocol, Settings};
use super::stream::Stream;
use super::transport::Transports;

/// May retry once, until it is dropped.
#[derive(Debug)]
pub struct RetryPermit(#[expect(dead_code, reason = "held, not read")] Permit);

#[derive(Debug)]
pub struct UpstreamCluster {
    pub config: Arc<Cluster>,
    pub(super) shared: Arc<Shared>,
    policy: Policy,
    subsets: Option<SubsetConfig>,
    transports: Transports,
    detector: Option<Detector>,
    checks: Option<Checks>,
    /// For `ORIGINAL_DST`.
    originals: Option<Originals>,
    /// For clusters that forward by name.
    named: Option<NamedHosts>,
    view: RwLock<View>,
    /// Held by who changes the view.
    changing: Mutex<Resolved>,
    started: Instant,
    /// Whether the hosts are known.
    warm: watch::Sender<bool>,
}

/// The hosts as they are now.
#[derive(Debug)]
struct View {
    places: Vec<Place>,
    balancing: Balancing,
}

#[derive(Debug)]
enum Balancing {
    Whole(Balancer),
    Subsets(Box<Subsets>),
}

/// What connections need of their cluster.
#[derive(Debug)]
pub(super) struct Shared {
    pub settings: Settings,
    breakers: [Breakers; 2],
    pub stats: ClusterStats,
    pub runtime: Arc<Runtime>,
}

impl Shared {
    /// The limits of requests of a priority.
    pub fn breakers(&self, priority: RoutingPriority) -> &Breakers {
        &self.breakers[usize::from(priority == RoutingPriority::High)]
    }
}

impl UpstreamCluster {
    pub(super) fn new(config: Arc<Cluster>, secrets: &Secrets, runtime: &Arc<Runtime>) -> Result<Arc<Self>, Invalid> {
        let stats_name = stats_name(&config);
        let settings = Settings::new(&config);
        let transports = Transports::new(&config, secrets, settings.sni.verified)?;
        let scope = runtime.stats.cluster(stats_name);
        let detector = config.outlier_detection.as_ref().map(|detection| Detector::new(detection, &scope));
        let checks = config.health_checks.first().and_then(|check| Checks::new(check, &scope));
        let shared = Arc::new(Shared {
            settings,
            breakers: [RoutingPriority::Default, RoutingPriority::High]
                .map(|priority| Breakers::new(&config, priority, &scope)),
            stats: ClusterStats::new(&runtime.stats, stats_name),
            runtime: Arc::clone(runtime),
        });
        let policy = Policy::new(&config, runtime.time);
        let subsets = SubsetConfig::new(&config);
        let by_dns = dns::is_by_dns(&config);
        let original = config.discovery == Some(Discovery::Type(DiscoveryType::OriginalDst));
        let places = members(&config, &Resolved::default(), &transports, runtime.workers, &[]);
        let view = View::new(places, &policy, subsets.as_ref(), &shared);
        let cluster = Arc::new(Self {
            originals: original.then(|| Originals::new(&config)),
            named: NamedHosts::new(&config, &transports, runtime),
            shared,
            policy,
            subsets,
            transports,
            detector,
            warm: watch::Sender::new(!by_dns && checks.is_none()),
            checks,
            view: RwLock::new(view),
            changing: Mutex::default(),
            started: Instant::now(),
            config,
        });
        cluster.look_after();
        Ok(cluster)
    }

    pub fn stats(&self) -> &ClusterStats {
        &self.shared.stats
    }

    pub fn stats_name(&self) -> &str {
        stats_name(&self.config)
    }

    /// What the configuration asks for that is not done.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        let own = self.policy.notes.iter().chain(&self.transports.notes).cloned();
        own.chain(not_done(&self.config))
    }

    /// What outlier detection compares rates of success with: of what upstreams answer, and of what is seen here.
    pub fn means(&self) -> [Option<Means>; 2] {
        self.detector.as_ref().map_or([None; 2], Detector::means)
    }

    /// All hosts, in the order of the configuration.
    pub fn hosts(&self) -> Vec<Arc<Host>> {
        match (&self.originals, &self.named) {
            (Some(originals), _) => originals.all(),
            (None, Some(named)) => named.all(),
            (None, None) => self.read(|view| view.hosts()),
        }
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// How many hosts each priority has.
    pub(super) fn counts(&self) -> Vec<Counts> {
        self.read(|view| counts(&view.places))
    }

    /// Whether it forwards by name.
    pub fn is_named(&self) -> bool {
        self.named.is_some()
    }

    /// Finds the host of a name, if the cluster forwards by name.
    pub async fn load(&self, name: &str) -> Result<(), Failure> {
        match &self.named {
            Some(named) => named.load(name).await,
            None => Ok(()),
        }
    }

    /// Returns when the hosts are known: Envoy does not serve before its clusters are.
    pub async fn warm(&self) {
        let mut known = self.warm.subscribe();
        // The sender lives as long as this cluster.
        let _ = known.wait_for(|known| *known).await;
    }

    /// The host that the next request of this kind goes to.
    pub fn pick(&self, pick: &Pick<'_>) -> Result<Arc<Host>, Failure> {
        if let Some(originals) = &self.originals {
            return originals.host(pick.original, &self.transports, self.shared.runtime.workers);
        }
        let choice = Choice {
            hash: pick.hash,
            avoid: pick.avoid,
            attempts: pick.attempts,
            left_out: pick.left_out,
            dice: &self.shared.runtime.dice,
            stats: &self.shared.stats,
        };
        let picked = match &self.named {
            Some(named) => pick.name.and_then(|name| named.host(name)),
            None => self.read(|view| {
                pick.pinned.and_then(|address| view.pinned(address)).or_else(|| match &view.balancing {
                    Balancing::Whole(balancer) => balancer.pick(&choice),
                    Balancing::Subsets(subsets) => subsets.pick(pick.subset, &choice),
                })
            }),
        };
        picked.ok_or_else(|| {
            self.shared.stats.upstream_cx_none_healthy.increment();
            Failure::NoHealthyHost
        })
    }

    /// Whether a priority is well that is none of these.
    pub fn has_another_priority(&self, left_out: &[u32]) -> bool {
        self.read(|view| match &view.balancing {
            Balancing::Whole(balancer) => balancer.has_another(left_out),
            Balancing::Subsets(_) => true,
        })
    }

    /// Sends a request in the version that the cluster speaks for such a client. An [`Origin`] in the request's
    /// extensions is told to upstreams that speak the PROXY protocol.
    pub async fn send(
        self: &Arc<Self>,
        host: &Arc<Host>,
        mut request: Request<Body>,
        terms: Terms<'_>,
    ) -> Result<Response<UpstreamBody>, Failure> {
        let shared = &self.shared;
        let sni = shared.settings.sni.of(&request).map(str::to_owned);
        let origin = host.transport.proxy_protocol.and_then(|_| request.extensions().get::<Origin>().copied());
        let Terms { version, offered, priority } = terms;
        let wanted = Wanted { kind: self.kind(version), offered, sni: sni.as_deref(), origin, priority };
        let pool = host.pools.of(wanted, shared);
        loop {
            let mut lease = pool.lease(host).await?;
            if lease.admit().is_none() {
                shared.stats.upstream_rq_pending_overflow.increment();
                return Err(Failure::Overflow);
            }
            self.record(host, Outcome::Connected);
            let reused = lease.is_reused();
            in_form_of(&mut request, lease.is_multiplexed(), host.transport.is_secure());
            match lease.send(request).await {
                Ok(response) => {
                    shared.stats.upstream_rq_total.increment();
                    host.stats.count_request();
                    return Ok(response.map(|incoming| UpstreamBody::new(incoming, lease)));
                }
                // The upstream had closed the connection while nothing was on it.
                Err(unsent) => match unsent.request.filter(|_| reused) {
                    Some(again) => request = again,
                    None => {
                        shared.stats.upstream_rq_total.increment();
                        host.stats.count_request();
                        return Err(unsent.failure);
                    }
                },
            }
        }
    }

    /// A connection for bytes of any kind. Upstreams that speak the PROXY protocol are told of the client.
    pub async fn connect_for(self: &Arc<Self>, host: &Arc<Host>, origin: Option<Origin>) -> Result<Stream, Failure> {
        connect(&self.shared, host, Dial { origin, ..Dial::default() }).await
    }

    /// A place among the connections of TCP proxies, which pools do not count.
    pub(in crate::proxy) fn connection_permit(&self) -> Option<Permit> {
        let permit = self.shared.breakers(RoutingPriority::Default).connections.acquire();
        if permit.is_none() {
            self.shared.stats.upstream_cx_overflow.increment();
        }
        permit
    }

    /// Whether one more retry may be under way.
    pub fn retry_permit(&self, priority: RoutingPriority) -> Option<RetryPermit> {
        let permit = self.shared.breakers(priority).retry();
        if permit.is_none() {
            self.shared.stats.upstream_rq_retry_overflow.increment();
        }
        permit.map(RetryPermit)
    }

    /// Tells how an attempt on a host ended. Each attempt is told once. What a circuit breaker stopped is not told.
    pub fn record(&self, host: &Host, outcome: Outcome) {
        host.stats.count(outcome);
        let Some(detector) = &self.detector else { return };
        for kind in detector.count(&host.monitor, outcome) {
            let resolved = lock(&self.changing);
            let now = self.shared.runtime.time.since(self.started);
            if detector.eject_consecutive(host, kind, &self.hosts(), now, &self.shared.runtime.dice) {
                self.rebalance();
            }
            drop(resolved);
        }
    }

    fn kind(&self, downstream: Version) -> Kind {
        match (self.shared.settings.protocol, downstream) {
            (Protocol::Http1, _) | (Protocol::Downstream, Version::Http1) => Kind::Http1,
            (Protocol::Http2, _) | (Protocol::Downstream, Version::Http2) => Kind::Http2,
            (Protocol::Negotiated, _) => Kind::Negotiated,
        }
    }

    fn read<T>(&self, of: impl FnOnce(&View) -> T) -> T {
        of(&self.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes the view anew, since hosts have changed their health. The caller holds `changing`.
    fn rebalance(&self) {
        let places = self.read(|view| view.places.clone());
        self.replace(places);
    }

    fn replace(&self, places: Vec<Place>) {
        let view = View::new(places, &self.policy, self.subsets.as_ref(), &self.shared);
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = view;
    }

    /// What DNS answers now. Names without an answer keep their addresses.
    fn take(&self, answers: Resolved) {
        let mut resolved = lock(&self.changing);
        let before = resolved.clone();
        resolved.extend(answers);
        if *resolved != before {
            let old = self.read(|view| view.places.clone());
            self.replace(members(&self.config, &resolved, &self.transports, self.shared.runtime.workers, &old));
        }
        self.warm_up();
    }

    /// Hosts are known when there are some and all have been asked how they are.
    fn warm_up(&self) {
        let is_warm = self.checks.is_none() || self.hosts().iter().all(|host| host.was_asked());
        if is_warm {
            self.warm.send_replace(true);
        }
    }

    pub(super) fn checks(&self) -> Option<&Checks> {
        self.checks.as_ref()
    }

    /// What a host has answered.
    pub(super) fn tell_health(&self, host: &Host, is_well: bool) {
        let resolved = lock(&self.changing);
        if host.take_check(is_well) {
            self.rebalance();
        }
        drop(resolved);
        self.warm_up();
    }

    fn sweep(&self) {
        let Some(detector) = &self.detector else { return };
        let _resolved = lock(&self.changing);
        let now = self.shared.runtime.time.since(self.started);
        if detector.sweep(&self.hosts(), now, &self.shared.runtime.dice) {
            self.rebalance();
        }
    }

    /// Starts what goes on in the background, until the cluster is dropped. Outside of an event loop there is none.
    fn look_after(self: &Arc<Self>) {
        let Ok(events) = tokio::runtime::Handle::try_current() else { return };
        if dns::is_by_dns(&self.config) {
            events.spawn(keep_resolving(Arc::downgrade(self)));
        }
        if self.detector.is_some() {
            events.spawn(keep_sweeping(Arc::downgrade(self)));
        }
        if self.checks.is_some() {
            events.spawn(keep_checking(Arc::downgrade(self)));
        }
        if let Some(originals) = &self.originals {
            events.spawn(originals.keep_cleaning(Arc::downgrade(self), self.shared.runtime.time));
        }
    }

    pub(super) fn originals(&self) -> Option<&Originals> {
        self.originals.as_ref()
    }
}

fn stats_name(config: &Cluster) -> &str {
    if config.alt_stat_name.is_empty() { &config.name } else { &config.alt_stat_name }
}

impl View {
    fn new(places: Vec<Place>, policy: &Policy, subsets: Option<&SubsetConfig>, shared: &Shared) -> Self {
        let (workers, dice) = (shared.runtime.workers, &shared.runtime.dice);
        let balancing = match subsets {
            Some(config) => Balancing::Subsets(Box::new(Subsets::new(config.clone(), &places, policy, workers, dice))),
            None => Balancing::Whole(Balancer::new(&places, policy, workers, dice)),
        };
        let view = Self { places, balancing };
        let hosts = view.hosts();
        shared.stats.membership_total.set(hosts.len() as i64);
        shared.stats.membership_healthy.set(hosts.iter().filter(|host| host.is_healthy()).count() as i64);
        view
    }

    fn hosts(&self) -> Vec<Arc<Host>> {
        self.places.iter().flat_map(|place| &place.hosts).cloned().collect()
    }

    fn pinned(&self, address: SocketAddr) -> Option<Arc<Host>> {
        let mut hosts = self.places.iter().flat_map(|place| &place.hosts);
        hosts.find(|host| host.address == Address::Socket(address) && host.is_healthy()).cloned()
    }
}

async fn keep_resolving(cluster: Weak<UpstreamCluster>) {
    let Some((config, time)) = cluster.upgrade().map(|own| (Arc::clone(&own.config), own.shared.runtime.time)) else {
        return;
    };
    let names = names(&config);
    loop {
        let answers = dns::resolve(&config, &names).await;
        let Some(own) = cluster.upgrade() else { return };
        own.take(answers);
        drop(own);
        dns::pause(&config, time).await;
    }
}

async fn keep_sweeping(cluster: Weak<UpstreamCluster>) {
    loop {
        let Some(own) = cluster.upgrade() else { return };
        let time = own.shared.runtime.time;
        let interval = own.detector.as_ref().map(Detector::interval).unwrap_or_default();
        drop(own);
        time.sleep(interval).await;
        let Some(own) = cluster.upgrade() else { return };
        own.sweep();
    }
}
