use crate::mesh::Mesh;
use crate::rules::Report;

/// `constants.AlwaysReject`, `constants.InternalParentNames` and `constants.InternalParentNamespace` of Istio.
const INTERNAL: [&str; 3] =
    ["internal.istio.io/webhook-always-reject", "internal.istio.io/parents", "internal.istio.io/parent-namespace"];

/// Some annotations are for istiod's own use.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for meta in mesh.resources.metas().filter(|meta| meta.kind.group().ends_with(".istio.io")) {
        for (key, _) in meta.annotations.iter().filter(|(key, _)| INTERNAL.contains(&key.value)) {
            report
                .at(meta, key.at, format!("the annotation `{}` is for istiod only", key.value))
                .label("resources that carry it are refused")
                .help("remove it");
        }
    }
}
