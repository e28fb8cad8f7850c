use rustc_hash::FxHashMap;

use crate::mesh::Mesh;
use crate::model::Meta;
use crate::rules::Report;
use crate::source::Span;

/// Names and numbers that only one item of a list can have, where the API server does not see to it.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for rule in &mesh.resources.destination_rules {
        let subsets = rule.spec.subsets.iter().filter_map(|subset| subset.name);
        repeated(&rule.meta, "subset", subsets.map(|name| (name.value, name.at)), report);
        for balancer in rule.spec.levels().filter_map(|block| block.load_balancer) {
            let cookie = balancer.consistent_hash.as_ref().and_then(|hash| hash.http_cookie.as_deref());
            let names = cookie.iter().flat_map(|cookie| &cookie.attributes).filter_map(|attribute| attribute.name);
            repeated(&rule.meta, "attribute", names.map(|name| (name.value, name.at)), report);
        }
    }
    for gateway in &mesh.resources.gateways {
        let ports = gateway.spec.servers.iter().filter_map(|server| server.port.as_ref()?.name);
        repeated(&gateway.meta, "port name", ports.map(|name| (name.value, name.at)), report);
    }
    for sidecar in &mesh.resources.sidecars {
        let ingress = sidecar.spec.ingress.iter().filter_map(|listener| listener.port.as_ref()?.number);
        repeated(&sidecar.meta, "port", ingress.map(|number| (number.value, number.at)), report);
        let egress = sidecar.spec.egress.iter().filter_map(|listener| listener.port.as_ref()?.number);
        let egress = egress.filter(|number| number.value != 0);
        repeated(&sidecar.meta, "port", egress.map(|number| (number.value, number.at)), report);
        let sockets = sidecar.spec.egress.iter().filter(|listener| {
            listener.port.as_ref().and_then(|port| port.number).is_some_and(|number| number.value == 0)
        });
        let binds = sockets.filter_map(|listener| listener.bind);
        repeated(&sidecar.meta, "bind", binds.map(|bind| (bind.value, bind.at)), report);
    }
}

fn repeated<T: std::hash::Hash + Eq + Copy + ToString>(
    meta: &Meta<'_>,
    what: &str,
    items: impl Iterator<Item = (T, Span)>,
    report: &mut Report,
) {
    let mut seen: FxHashMap<T, Span> = FxHashMap::default();
    for (item, at) in items {
        let shown = item.to_string();
        if shown.is_empty() || crate::format::has_placeholder(&shown) {
            continue;
        }
        match seen.get(&item) {
            Some(first) => {
                report
                    .at(meta, at, format!("{what} `{shown}` is there twice"))
                    .related(*first, "first here")
                    .help("give it another one, or remove the item");
            }
            None => drop(seen.insert(item, at)),
        }
    }
}
