use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::ServiceEntry;
use crate::rules::Report;

/// Workloads are selected, but traffic goes where the client sends it.
pub fn check<'m>(_: &Mesh<'m>, entry: &'m Object<'m, ServiceEntry<'m>>, report: &mut Report) {
    let none = entry.spec.resolution.is_none_or(|resolution| matches!(resolution.value, "NONE" | ""));
    if let (Some(at), true) = (entry.spec.node.key_at("workloadSelector"), none) {
        report
            .at(&entry.meta, at, "`workloadSelector` with resolution `NONE`, the default")
            .label("traffic goes to the address that the client asked for, not to these workloads")
            .help("write `resolution: STATIC`");
    }
}
