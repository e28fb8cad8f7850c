//! Gateways that configure the same proxies: istiod merges their servers into one set of listeners (istio 1.31
//! `pilot/pkg/model/gateway.go`, `mergeGateways`).

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::model::networking::Gateway;
use crate::model::{Labels, Object};
use crate::source::Span;

use super::{Mesh, ServerRef, Workload, by_age};

type GatewayObject<'m> = Object<'m, Gateway<'m>>;

/// Proxies that the same Gateways configure.
#[derive(Clone, Debug)]
pub struct GatewayProxy<'m> {
    /// Oldest first.
    pub gateways: Vec<&'m GatewayObject<'m>>,
    /// Where the proxies listen for a port of their Services.
    target_ports: FxHashMap<i64, i64>,
}

impl<'m> GatewayProxy<'m> {
    /// All servers in the order in which istiod takes them.
    pub fn servers(&self) -> impl Iterator<Item = ServerRef<'m>> {
        self.gateways.iter().flat_map(|gateway| gateway.spec.servers.iter().map(|server| ServerRef { gateway, server }))
    }

    /// The port that the proxies open for a server: the target port of the Service port of its number, else that number.
    pub fn listening_port(&self, server: &ServerRef<'m>) -> Option<i64> {
        let number = server.port()?;
        Some(self.target_ports.get(&number).copied().unwrap_or(number))
    }
}

impl<'m> Mesh<'m> {
    /// The proxies that Gateways configure, each with all its Gateways: those of the workloads that the selectors select,
    /// and, where they select none of the input, those that must exist for the selector to have a purpose. Gateways
    /// without selector are left out.
    pub fn gateway_proxies(&self) -> Vec<GatewayProxy<'m>> {
        let mut of_workload: BTreeMap<Span, (&Workload<'m>, Vec<&'m GatewayObject<'m>>)> = BTreeMap::new();
        let mut without_workload = Vec::new();
        for gateway in by_age(&self.resources.gateways).into_iter().filter(|gateway| !gateway.spec.selector.is_empty())
        {
            let selected = self.gateway_workloads(gateway);
            if selected.is_empty() {
                without_workload.push(gateway);
            }
            for workload in selected.iter() {
                of_workload.entry(workload.meta.at()).or_insert_with(|| (workload, Vec::new())).1.push(gateway);
            }
        }
        let known = of_workload.into_values().map(|(workload, gateways)| {
            let target_ports = self.target_ports(workload);
            GatewayProxy { gateways, target_ports }
        });
        let assumed = by_selector(without_workload).into_iter();
        let assumed = assumed.map(|gateways| GatewayProxy { gateways, target_ports: FxHashMap::default() });
        let mut proxies = BTreeMap::new();
        for proxy in known.chain(assumed) {
            let names: Vec<_> = proxy.gateways.iter().map(|gateway| gateway.meta.at()).collect();
            proxies.entry(names).or_insert(proxy);
        }
        proxies.into_values().collect()
    }

    /// By the number of a Service port, the port of the workload that it leads to. The first Service counts.
    fn target_ports(&self, workload: &Workload<'m>) -> FxHashMap<i64, i64> {
        let mut targets = FxHashMap::default();
        for port in self.services_of(workload).flat_map(|service| &service.ports) {
            if let Some(target) = workload.port_number(port.target) {
                targets.entry(port.number).or_insert(target);
            }
        }
        targets
    }
}

/// Gateways with the same selector, together with those that ask for more labels than it: what these select, it selects, too.
fn by_selector<'m>(gateways: Vec<&'m GatewayObject<'m>>) -> Vec<Vec<&'m GatewayObject<'m>>> {
    let mut groups: BTreeMap<_, Vec<_>> =
        gateways.iter().map(|gateway| (pairs(&gateway.spec.selector), Vec::new())).collect();
    for gateway in gateways {
        for broader in subsets(&pairs(&gateway.spec.selector)) {
            if let Some(group) = groups.get_mut(&broader) {
                group.push(gateway);
            }
        }
    }
    groups.into_values().collect()
}

fn pairs<'m>(selector: &Labels<'m>) -> Vec<(&'m str, &'m str)> {
    let mut pairs: Vec<_> = selector.iter().map(|(key, value)| (key.value, value.value)).collect();
    pairs.sort_unstable();
    pairs
}

/// The non-empty subsets; of a long list only itself.
fn subsets<T: Copy>(list: &[T]) -> Vec<Vec<T>> {
    const LONG: usize = 8;
    if list.len() > LONG {
        return vec![list.to_vec()];
    }
    let chosen = |mask: u32| list.iter().zip(0..).filter(move |(_, bit)| mask >> bit & 1 == 1).map(|(item, _)| *item);
    (1..1 << list.len()).map(|mask| chosen(mask).collect()).collect()
}
