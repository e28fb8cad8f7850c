use crate::mesh::Mesh;
use crate::rules::Report;

/// Workloads are selected, but traffic goes where the client sends it.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for entry in &mesh.resources.service_entries {
        let none = entry.spec.resolution.is_none_or(|resolution| matches!(resolution.value, "NONE" | ""));
        if let (Some(at), true) = (entry.spec.node.key_at("workloadSelector"), none) {
            report
                .at(&entry.meta, at, "`workloadSelector` with resolution `NONE`, the default")
                .label("traffic goes to the address that the client asked for, not to these workloads")
                .help("write `resolution: STATIC`");
        }
    }
}
