use std::collections::BTreeMap;

use crate::mesh::Mesh;
use crate::rules::Report;

/// Of several PeerAuthentications that select a workload only the oldest counts.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    // By place, so that each policy is reported once, in a stable order.
    let mut overlaps = BTreeMap::new();
    for workload in &mesh.workloads {
        let policies: Vec<_> = mesh.peer_authentications_selecting(workload).collect();
        let [first, second, ..] = policies[..] else { continue };
        for policy in &policies {
            let other = if policy.meta.at() == first.meta.at() { second } else { first };
            overlaps.entry(policy.meta.at()).or_insert((*policy, other, workload));
        }
    }
    for (policy, other, workload) in overlaps.into_values() {
        let at = policy.spec.node.key_at("selector").unwrap_or(policy.meta.at());
        let message = format!("`{}` and `{}` select the same workload", policy.meta.name.value, other.meta.name.value);
        report
            .at(&policy.meta, at, message)
            .label("only the older of them counts")
            .related(other.meta.at(), "the other one")
            .related(workload.meta.at(), format!("both select `{}`", workload.title()))
            .help("let the selectors exclude each other, or join the two");
    }
}
