use crate::mesh::Mesh;
use crate::rules::Report;

use super::layer7::policies;

/// Policies about requests have to name the waypoint's services, for a selector is ztunnel's.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for policy in policies(mesh) {
        if !mesh.is_ambient(policy.meta.namespace) || !policy.targets.is_empty() {
            continue;
        }
        let selected = policy.selector.map(|selector| mesh.select(policy.meta.namespace, selector));
        let outside = selected.is_some_and(|selection| {
            !selection.is_empty() && selection.iter().all(|workload| !mesh.is_ambient_workload(workload))
        });
        if outside {
            continue;
        }
        let at = policy.selector_at.unwrap_or(policy.meta.at());
        report
            .at(policy.meta, at, "no waypoint enforces this policy")
            .label(format!("{} take a waypoint, and waypoints go by `targetRefs`", policy.what))
            .help("name the Services, or the waypoint, with `targetRefs`");
    }
}
