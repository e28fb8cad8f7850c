use crate::model::virtual_service::VirtualService;
use rustc_hash::FxHashMap;

use crate::mesh::{Mesh, has_wildcard, host_matches};
use crate::model::{Meta, Object, Str};
use crate::rules::Report;

/// Hosts of a VirtualService that have names in common.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    let mut names: FxHashMap<&str, &Str<'_>> = FxHashMap::default();
    let mut wildcards: Vec<&Str<'_>> = Vec::new();
    for host in service.spec.hosts.iter().filter(|host| !host.is_empty() && !host.is_placeholder()) {
        let wildcard = has_wildcard(host.value);
        let same = names.get(host.value).copied();
        let covering = || wildcards.iter().copied().find(|other| host_matches(host.value, other.value));
        // Names rarely stand beside wildcards.
        let covered = || names.values().copied().find(|other| wildcard && host_matches(host.value, other.value));
        match same.or_else(covering).or_else(covered) {
            Some(other) => overlap(&service.meta, host, other, report),
            None if wildcard => wildcards.push(host),
            None => drop(names.insert(host.value, host)),
        }
    }
}

fn overlap(meta: &Meta<'_>, host: &Str<'_>, other: &Str<'_>, report: &mut Report) {
    let message = match host.value == other.value {
        true => format!("host `{}` is there twice", host.value),
        false => format!("hosts `{}` and `{}` overlap", host.value, other.value),
    };
    report
        .at(meta, host.at, message)
        .related(other.at, "first here")
        .help("remove one of them, or split the VirtualService");
}
