//! What a running proxy tells of itself.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::envoy::bootstrap::Bootstrap;

use super::admin::Facts;
use super::listen::Listening;
use super::shared::{Phase, Shared};
use super::stats::Stats;
use super::upstream::UpstreamCluster;

#[derive(Debug)]
pub struct About {
    shared: Arc<Shared>,
    listening: Arc<Listening>,
    since: Instant,
}

impl About {
    pub fn new(shared: &Arc<Shared>, listening: &Arc<Listening>) -> Self {
        Self { shared: Arc::clone(shared), listening: Arc::clone(listening), since: Instant::now() }
    }
}

impl Facts for About {
    fn bootstrap(&self) -> Arc<Bootstrap> {
        Arc::clone(&self.shared.current().bootstrap)
    }

    fn clusters(&self) -> Vec<Arc<UpstreamCluster>> {
        self.shared.current().clusters.all().into_iter().cloned().collect()
    }

    fn listeners(&self) -> Vec<(String, SocketAddr)> {
        let bound = self.listening.bound(&self.shared.current().listeners);
        bound.into_iter().map(|own| (own.name, own.address)).collect()
    }

    fn stats(&self) -> &Stats {
        &self.shared.runtime.stats
    }

    fn is_draining(&self) -> bool {
        *self.shared.phase.borrow() != Phase::Serving
    }

    fn uptime(&self) -> Duration {
        self.since.elapsed()
    }
}
