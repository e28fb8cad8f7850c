//! The VirtualServices of a gateway, to be found by host.

use rustc_hash::FxHashMap;

use crate::format::Host;
use crate::translate::push::VirtualService;

use super::servers::Server;

/// In the order in which they take precedence.
#[derive(Debug, Default)]
pub(super) struct Bound<'t> {
    all: Vec<&'t VirtualService<'t>>,
    by_host: FxHashMap<&'t str, Vec<usize>>,
    /// Those that have a wildcard among their hosts.
    with_wildcard: Vec<usize>,
}

impl<'t> Bound<'t> {
    pub fn new(all: Vec<&'t VirtualService<'t>>) -> Self {
        let mut bound = Self { all, ..Self::default() };
        for (at, virtual_service) in bound.all.iter().enumerate() {
            for host in &virtual_service.hosts {
                bound.by_host.entry(host).or_default().push(at);
            }
            if virtual_service.hosts.iter().any(|host| Host::new(host).is_wildcard()) {
                bound.with_wildcard.push(at);
            }
        }
        bound
    }

    /// Those that may use the server, for they have a host that is one of its own.
    pub fn usable(&self, server: &Server<'t>) -> Vec<&'t VirtualService<'t>> {
        let candidates = self.candidates(server).into_iter();
        candidates.filter(|virtual_service| server.accepts(virtual_service)).collect()
    }

    fn candidates(&self, server: &Server<'t>) -> Vec<&'t VirtualService<'t>> {
        if server.hosts().iter().any(|own| Host::new(own.host).is_wildcard()) {
            return self.all.clone();
        }
        let exact = server.hosts().iter().filter_map(|own| self.by_host.get(own.host)).flatten();
        let mut found: Vec<_> = exact.chain(&self.with_wildcard).copied().collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|at| self.all[at]).collect()
    }
}
