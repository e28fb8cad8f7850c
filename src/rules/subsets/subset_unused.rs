use crate::mesh::{Mesh, has_wildcard};
use crate::rules::Report;

use super::routed_subsets;

/// Some route should lead to every subset of a host that is routed by subsets.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let routed = routed_subsets(mesh);
    for rule in &mesh.resources.destination_rules {
        let Some(host) = rule.spec.host else { continue };
        let full = mesh.full_name(host.value, rule.meta.namespace);
        if has_wildcard(&full) || !routed.has_host(&full) {
            continue;
        }
        for name in rule.spec.subsets.iter().filter_map(|subset| subset.name) {
            if !routed.contains(&full, name.value) {
                let text = format!("no route leads to subset `{}` of `{}`", name.value, host.value);
                report.at(&rule.meta, name.at, text).help("remove the subset, or add the route");
            }
        }
    }
}
