use crate::mesh::Mesh;
use crate::model::Meta;
use crate::rules::Report;

/// `constants.AlwaysReject`, `constants.InternalParentNames` and `constants.InternalParentNamespace` of Istio.
const INTERNAL: [&str; 3] =
    ["internal.istio.io/webhook-always-reject", "internal.istio.io/parents", "internal.istio.io/parent-namespace"];

/// Some annotations are for istiod's own use.
pub fn check<'m>(_: &Mesh<'m>, meta: &'m Meta<'m>, report: &mut Report) {
    if !meta.kind.group().ends_with(".istio.io") {
        return;
    }
    for (key, _) in meta.annotations.iter().filter(|(key, _)| INTERNAL.contains(&key.value)) {
        report
            .at(meta, key.at, format!("the annotation `{}` is for istiod only", key.value))
            .label("resources that carry it are refused")
            .help("remove it");
    }
}
