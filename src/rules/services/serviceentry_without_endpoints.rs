use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::ServiceEntry;
use crate::rules::Report;

/// A ServiceEntry with static resolution needs endpoints, written or selected.
pub fn check<'m>(mesh: &Mesh<'m>, entry: &'m Object<'m, ServiceEntry<'m>>, report: &mut Report) {
    let spec = &entry.spec;
    let Some(resolution) = spec.resolution.filter(|resolution| resolution.value == "STATIC") else { return };
    if spec.node.has("endpoints") && !spec.endpoints.is_empty() {
        return;
    }
    let namespace = entry.meta.namespace;
    let (at, label) = match &spec.workload_selector {
        None => (resolution.at, "nothing is written, and there is no workloadSelector"),
        Some(selector) if !mesh.knows_workloads(namespace) => {
            let _ = selector;
            return;
        }
        Some(selector) if !mesh.select(namespace, &selector.labels).is_empty() => return,
        Some(selector) => (selector.node.head(), "no workload of the namespace has these labels"),
    };
    report
        .at(&entry.meta, at, format!("`{}` has no endpoints", entry.meta.name.value))
        .label(label)
        .help("write the endpoints, or correct the selector, or use `resolution: DNS`");
}
