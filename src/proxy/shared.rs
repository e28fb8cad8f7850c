//! What all connections of a running proxy share: the configuration in force, and whether it goes on.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use super::runtime::Runtime;
use super::snapshot::Snapshot;

#[derive(Debug)]
pub struct Shared {
    current: RwLock<Arc<Snapshot>>,
    generation: AtomicU64,
    connections: AtomicU64,
    open: Arc<AtomicUsize>,
    pub runtime: Arc<Runtime>,
    pub phase: watch::Sender<Phase>,
}

/// How a proxy goes on. It never goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Serving,
    /// Each connection ends after the request that it serves.
    Draining,
    /// Everything ends.
    Stopped,
}

impl Shared {
    pub fn new(snapshot: Snapshot, runtime: Arc<Runtime>) -> Self {
        Self {
            generation: AtomicU64::new(snapshot.generation),
            current: RwLock::new(Arc::new(snapshot)),
            connections: AtomicU64::new(0),
            open: Arc::default(),
            runtime,
            phase: watch::Sender::new(Phase::Serving),
        }
    }

    pub fn current(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The generation in force: cheaper to ask for than the snapshot.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub fn replace(&self, snapshot: Snapshot) {
        let generation = snapshot.generation;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
        self.generation.store(generation, Ordering::Release);
    }

    /// Goes on to a later phase.
    pub fn advance(&self, phase: Phase) {
        self.phase.send_if_modified(|own| {
            let later = *own < phase;
            *own = phase.max(*own);
            later
        });
    }

    /// Returns when the proxy has gone on to this phase.
    pub async fn reached(&self, wanted: Phase) {
        let mut phase = self.phase.subscribe();
        while *phase.borrow_and_update() < wanted && phase.changed().await.is_ok() {}
    }

    /// Counts a connection as open until the guard is dropped.
    pub fn open(&self) -> Open {
        self.open.fetch_add(1, Ordering::Relaxed);
        Open(Arc::clone(&self.open))
    }

    pub fn open_connections(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// The number of a new connection.
    pub fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed)
    }
}

/// A connection that is open.
#[derive(Debug)]
pub struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
