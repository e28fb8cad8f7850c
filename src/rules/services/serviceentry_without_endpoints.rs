use crate::mesh::Mesh;
use crate::rules::Report;

/// A ServiceEntry with static resolution needs endpoints, written or selected.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for entry in &mesh.resources.service_entries {
        let spec = &entry.spec;
        let Some(resolution) = spec.resolution.filter(|resolution| resolution.value == "STATIC") else { continue };
        if spec.node.has("endpoints") && !spec.endpoints.is_empty() {
            continue;
        }
        let namespace = entry.meta.namespace;
        let (at, label) = match &spec.workload_selector {
            None => (resolution.at, "nothing is written, and there is no workloadSelector"),
            Some(selector) if !mesh.knows_workloads(namespace) => {
                let _ = selector;
                continue;
            }
            Some(selector) if !mesh.select(namespace, &selector.labels).is_empty() => continue,
            Some(selector) => (selector.node.head(), "no workload of the namespace has these labels"),
        };
        report
            .at(&entry.meta, at, format!("`{}` has no endpoints", entry.meta.name.value))
            .label(label)
            .help("write the endpoints, or correct the selector, or use `resolution: DNS`");
    }
}
