//! Hosts of `ORIGINAL_DST` clusters: wherever clients wanted to go.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::envoy::cluster::{Cluster, LbConfig};
use crate::proxy::per_worker::lock;
use crate::proxy::time::Time;

use super::cluster::UpstreamCluster;
use super::failure::Failure;
use super::host::Host;
use super::transport::Transports;

/// The hosts that were used, by address.
#[derive(Debug)]
pub(super) struct Originals {
    hosts: Mutex<FxHashMap<SocketAddr, Arc<Host>>>,
    port: Option<u16>,
    cleanup: Duration,
}

impl Originals {
    pub fn new(cluster: &Cluster) -> Self {
        let port = match &cluster.lb_config {
            Some(LbConfig::OriginalDstLbConfig(config)) => config.upstream_port_override,
            _ => None,
        };
        Self {
            hosts: Mutex::default(),
            port: port.and_then(|port| u16::try_from(port).ok()),
            cleanup: cluster.cleanup_interval.unwrap_or(Duration::from_secs(5)),
        }
    }

    /// An address that nothing can listen at means that the destination is not known.
    pub fn host(&self, mut address: SocketAddr, transports: &Transports, workers: usize) -> Result<Arc<Host>, Failure> {
        if let Some(port) = self.port {
            address.set_port(port);
        }
        if address.ip().is_unspecified() || address.port() == 0 {
            return Err(Failure::NoHealthyHost);
        }
        let mut hosts = lock(&self.hosts);
        let new = || {
            let mut host = Host::at(address, workers);
            host.transport = transports.of(None);
            Arc::new(host)
        };
        Ok(Arc::clone(hosts.entry(address).or_insert_with(new)))
    }

    pub fn all(&self) -> Vec<Arc<Host>> {
        let mut all: Vec<_> = lock(&self.hosts).values().cloned().collect();
        all.sort_by(|one, other| one.address.cmp(&other.address));
        all
    }

    /// Forgets hosts without connections (`source/extensions/clusters/original_dst/original_dst_cluster.cc`, `cleanup`).
    fn clean(&self) {
        lock(&self.hosts).retain(|_, host| Arc::strong_count(host) > 1 || host.stats.is_connected());
    }

    pub fn keep_cleaning(&self, cluster: Weak<UpstreamCluster>, time: Time) -> impl Future<Output = ()> + use<> {
        let interval = self.cleanup;
        async move {
            loop {
                time.sleep(interval).await;
                let Some(own) = cluster.upgrade() else { return };
                own.originals().into_iter().for_each(Originals::clean);
            }
        }
    }
}
