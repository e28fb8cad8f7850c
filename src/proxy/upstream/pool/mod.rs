//! Connections to a host that are kept for further requests.
//!
//! As in Envoy, each worker has pools of its own, and a request that finds no connection waits for one: the connection
//! that was opened for it, or any that is free earlier (`source/common/conn_pool/conn_pool_base.cc`).

mod client;
mod lease;
mod open;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::envoy::core::RoutingPriority;
use crate::proxy::per_worker::{PerWorker, lock};

use super::breaker::{Breakers, Permit};
use super::cluster::Shared;
use super::failure::Failure;
use super::host::Host;
use super::proxy_protocol::Origin;

pub(super) use client::Kind;
use client::{Client, Connection};
pub(super) use lease::Lease;
pub use lease::UpstreamBody;

/// The pools of a host.
#[derive(Debug)]
pub(super) struct Pools(PerWorker<Vec<Arc<Pool>>>);

/// What connections of one pool have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub kind: Kind,
    /// What is offered by ALPN in place of what the TLS context says.
    pub offered: Option<Arc<[String]>>,
    pub sni: Option<Arc<str>>,
    /// The client that the upstream is told of, if it is told of one.
    pub origin: Option<Origin>,
    pub priority: RoutingPriority,
}

/// How a request looks for its pool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub kind: Kind,
    pub offered: Option<&'a [String]>,
    pub sni: Option<&'a str>,
    pub origin: Option<Origin>,
    pub priority: RoutingPriority,
}

#[derive(Debug)]
pub(super) struct Pool {
    pub key: Key,
    pub shared: Arc<Shared>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// HTTP/1.1 connections without a request, the latest used last.
    idle: Vec<(Client, Instant)>,
    /// HTTP/2 connections.
    multiplexed: Vec<(Client, Instant)>,
    waiting: VecDeque<oneshot::Sender<Result<Lease, Failure>>>,
    connecting: usize,
    /// Connections that are open, with and without requests.
    open: usize,
    /// Whether a task looks after idle connections.
    swept: bool,
}

/// More pools than this are looked through for unused ones.
const MANY: usize = 8;

impl Pools {
    pub fn new(workers: usize) -> Self {
        Self(PerWorker::new(workers, |_| Vec::new()))
    }

    pub fn of(&self, wanted: Wanted<'_>, shared: &Arc<Shared>) -> Arc<Pool> {
        let mut pools = self.0.own();
        if let Some(pool) = pools.iter().find(|pool| wanted.is(&pool.key)) {
            return Arc::clone(pool);
        }
        // Names and clients come and go without limit.
        if pools.len() >= MANY {
            pools.retain(|pool| !pool.is_unused());
        }
        let pool = Arc::new(Pool { key: wanted.to_key(), shared: Arc::clone(shared), state: Mutex::default() });
        pools.push(Arc::clone(&pool));
        pool
    }
}

impl Wanted<'_> {
    fn is(&self, key: &Key) -> bool {
        key.kind == self.kind
            && key.sni.as_deref() == self.sni
            && key.offered.as_deref() == self.offered
            && key.origin == self.origin
            && key.priority == self.priority
    }

    fn to_key(self) -> Key {
        let Self { kind, origin, priority, .. } = self;
        Key { kind, offered: self.offered.map(Arc::from), sni: self.sni.map(Arc::from), origin, priority }
    }
}

impl Pool {
    /// A place on a connection.
    pub async fn lease(self: &Arc<Self>, host: &Arc<Host>) -> Result<Lease, Failure> {
        let stats = &self.shared.stats;
        let (turn, _pending) = {
            let mut state = self.state();
            if let Some(client) = state.take(&self.shared) {
                return Ok(Lease::new(client, self, host));
            }
            let Some(pending) = self.breakers().pending.acquire() else {
                stats.upstream_rq_pending_overflow.increment();
                return Err(Failure::Overflow);
            };
            let (place, turn) = oneshot::channel();
            state.waiting.push_back(place);
            self.dial_if_needed(&mut state, host);
            (turn, pending)
        };
        stats.upstream_rq_pending_total.increment();
        let _active = stats.upstream_rq_pending_active.hold();
        let _waiting = host.stats.wait();
        turn.await.unwrap_or(Err(Failure::Terminated))
    }

    fn breakers(&self) -> &Breakers {
        self.shared.breakers(self.key.priority)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Opens a connection unless those on their way are enough. A host without any gets one even when the circuit breaker
    /// is open: otherwise nothing would ever wake who waits (`ConnPoolImplBase::tryCreateNewConnection`).
    fn dial_if_needed(self: &Arc<Self>, state: &mut State, host: &Arc<Host>) {
        let capacity = state.connecting.saturating_mul(self.streams_per_connection());
        if state.waiting.len() <= capacity {
            return;
        }
        let connections = &self.breakers().connections;
        let permit = match connections.acquire() {
            Some(permit) => permit,
            None => {
                self.shared.stats.upstream_cx_overflow.increment();
                if state.open + state.connecting > 0 {
                    return;
                }
                connections.force()
            }
        };
        state.connecting += 1;
        tokio::spawn(dial(Arc::clone(self), Arc::clone(host), permit));
    }

    fn streams_per_connection(&self) -> usize {
        match self.key.kind {
            Kind::Http1 => 1,
            Kind::Http2 => self.shared.settings.max_streams(),
            // It is taken for what is more likely until it is known.
            Kind::Negotiated => 1,
        }
    }

    /// Takes a connection back after a request, or a new one.
    fn offer(self: &Arc<Self>, client: Client, host: &Arc<Host>) {
        let mut state = self.state();
        if client.is_closed() {
            self.dial_if_needed(&mut state, host);
            return;
        }
        if client.is_multiplexed() {
            state.multiplexed.push((client, Instant::now()));
            self.serve_waiting(&mut state, host);
        } else {
            self.serve_one(&mut state, client, host);
        }
    }

    fn serve_one(self: &Arc<Self>, state: &mut State, mut client: Client, host: &Arc<Host>) {
        while let Some(place) = state.waiting.pop_front() {
            if place.is_closed() {
                continue;
            }
            client.connection.begin();
            match place.send(Ok(Lease::new(client, self, host))) {
                Ok(()) => return,
                Err(returned) => match returned.ok().and_then(Lease::into_client) {
                    Some(unused) => client = unused,
                    None => return,
                },
            }
        }
        state.idle.push((client, Instant::now()));
        self.sweep(state);
    }

    /// Lets those who wait have the streams that are free.
    fn serve_waiting(self: &Arc<Self>, state: &mut State, host: &Arc<Host>) {
        while !state.waiting.is_empty() {
            let Some(client) = state.take(&self.shared) else { break };
            let Some(place) = state.waiting.pop_front() else { break };
            if let Err(returned) = place.send(Ok(Lease::new(client, self, host))) {
                returned.ok().and_then(Lease::into_client).inspect(|client| client.connection.end());
            }
        }
        self.dial_if_needed(state, host);
        self.sweep(state);
    }

    /// Ends the stream of a lease that is done.
    fn release(self: &Arc<Self>, client: Client, host: &Arc<Host>) {
        if !client.is_multiplexed() {
            let limits = &self.shared.settings;
            if client.connection.is_spent(limits.max_requests_per_connection) {
                self.shared.stats.upstream_cx_max_requests.increment();
                return;
            }
            return self.offer(client, host);
        }
        client.connection.end();
        let mut state = self.state();
        if let Some((_, used)) = state.multiplexed.iter_mut().find(|(own, _)| own.same(&client)) {
            *used = Instant::now();
        }
        self.serve_waiting(&mut state, host);
    }

    fn opened(&self) {
        self.state().open += 1;
    }

    /// A connection has ended. Those who waited for it need another.
    fn closed(self: &Arc<Self>, host: Option<&Arc<Host>>) {
        let mut state = self.state();
        state.open = state.open.saturating_sub(1);
        state.multiplexed.retain(|(client, _)| !client.is_closed());
        state.idle.retain(|(client, _)| !client.is_closed());
        // While everything is shut down, nothing can be begun.
        if let Some(host) = host.filter(|_| tokio::runtime::Handle::try_current().is_ok()) {
            self.dial_if_needed(&mut state, host);
        }
    }

    /// Whether it could as well not be there.
    fn is_unused(self: &Arc<Self>) -> bool {
        let state = self.state();
        Arc::strong_count(self) == 1 && state.open + state.connecting == 0 && state.waiting.is_empty()
    }

    /// Starts to look after connections that have no requests, if nothing does yet.
    fn sweep(self: &Arc<Self>, state: &mut State) {
        let Some(timeout) = self.shared.settings.shortest_life() else { return };
        if std::mem::replace(&mut state.swept, true) {
            return;
        }
        let (pool, time) = (Arc::downgrade(self), self.shared.runtime.time);
        tokio::spawn(async move {
            loop {
                time.sleep(timeout / 4).await;
                let Some(pool) = pool.upgrade() else { return };
                let mut state = pool.state();
                state.drop_old(&pool.shared);
                if state.idle.is_empty() && state.multiplexed.is_empty() {
                    state.swept = false;
                    return;
                }
            }
        });
    }
}

impl State {
    /// A connection with a free stream, which is counted as used then.
    fn take(&mut self, shared: &Shared) -> Option<Client> {
        while let Some((client, _)) = self.idle.pop() {
            if !client.is_closed() && !client.connection.is_expired() {
                client.connection.begin();
                return Some(client);
            }
        }
        let limit = shared.settings.max_requests_per_connection;
        self.multiplexed.retain(|(client, _)| {
            !client.is_closed() && !client.connection.is_expired() && !client.connection.is_spent(limit)
        });
        let most = shared.settings.max_streams();
        let free = |client: &Client| client.connection.streams() < most.min(client.peer_limit());
        let (client, _) = self.multiplexed.iter().find(|(client, _)| free(client))?;
        client.connection.begin();
        client.share()
    }

    fn drop_old(&mut self, shared: &Shared) {
        let time = shared.runtime.time;
        let old = |used: &Instant| shared.settings.idle_timeout.is_some_and(|timeout| time.since(*used) >= timeout);
        let stats = &shared.stats;
        let keep = |client: &Client, used: &Instant| {
            if client.is_closed() {
                return false;
            }
            if client.connection.is_expired() {
                stats.upstream_cx_max_duration_reached.increment();
                return false;
            }
            let idle = old(used) && client.connection.streams() == 0;
            if idle {
                stats.upstream_cx_idle_timeout.increment();
            }
            !idle
        };
        self.idle.retain(|(client, used)| keep(client, used));
        self.multiplexed.retain(|(client, used)| keep(client, used));
    }
}

/// Opens a connection for a pool. If that fails, it fails all who wait, as in Envoy.
async fn dial(pool: Arc<Pool>, host: Arc<Host>, permit: Permit) {
    let opened = open::open(&pool, &host, permit).await;
    let failed = {
        let mut state = pool.state();
        state.connecting -= 1;
        match opened {
            Ok(client) => {
                drop(state);
                return pool.offer(client, &host);
            }
            Err(failure) => std::mem::take(&mut state.waiting).into_iter().map(move |place| (place, failure.clone())),
        }
    };
    for (place, failure) in failed {
        pool.shared.stats.upstream_rq_pending_failure_eject.increment();
        // Who does not wait any more does not need to know.
        let _ = place.send(Err(failure));
    }
}

impl Connection {
    fn is_spent(&self, limit: Option<u32>) -> bool {
        limit.is_some_and(|limit| self.served() >= limit)
    }
}
