use crate::model::networking::Sidecar;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::mesh::Mesh;
use crate::model::{Meta, Object, Str};
use crate::rules::Report;

/// Hosts that others of the same listener cover.
pub fn check<'m>(_: &Mesh<'m>, sidecar: &'m Object<'m, Sidecar<'m>>, report: &mut Report) {
    sidecar.spec.egress.iter().for_each(|listener| hosts(&sidecar.meta, &listener.hosts, report));
}

fn hosts(meta: &Meta<'_>, hosts: &[Str<'_>], report: &mut Report) {
    let known = hosts.iter().filter(|host| !host.starts_with('~') && !host.is_placeholder());
    let mut namespaces: FxHashMap<&str, FxHashMap<&str, &Str<'_>>> = FxHashMap::default();
    for host in known {
        let Some((namespace, name)) = host.value.split_once('/') else { continue };
        let namespace = if namespace == "." { meta.namespace } else { namespace };
        let before = namespaces.entry(namespace).or_default();
        let covering = before.get(name).or_else(|| before.get("*"));
        let covered = || before.values().min_by_key(|other| other.at).filter(|_| name == "*");
        match covering.or_else(covered) {
            Some(other) => redundant(meta, host, other, report),
            None => drop(before.insert(name, host)),
        }
    }
    let all = namespaces.get("*").and_then(|names| names.get("*").copied());
    let others: FxHashSet<_> = namespaces.keys().filter(|namespace| **namespace != "*").collect();
    if let (Some(all), false) = (all, others.is_empty()) {
        report
            .at(meta, all.at, "`*/*` beside hosts of single namespaces")
            .label("it imports everything, so that the others have no effect")
            .help("remove `*/*`, or all others");
    }
}

fn redundant(meta: &Meta<'_>, host: &Str<'_>, other: &Str<'_>, report: &mut Report) {
    report
        .at(meta, host.at, format!("`{}` and `{}` overlap", host.value, other.value))
        .related(other.at, "before here")
        .help("remove one of them");
}
