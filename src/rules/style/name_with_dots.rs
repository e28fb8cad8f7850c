use crate::mesh::Mesh;
use crate::model::Kind;
use crate::rules::Report;

/// Names with dots look like the hosts that resources are about.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let of_istio = |kind: Kind| kind.group().ends_with(".istio.io");
    for meta in mesh.resources.metas().filter(|meta| of_istio(meta.kind) && meta.name.value.contains('.')) {
        report
            .at(meta, meta.name.at, format!("the name `{}` has dots", meta.name.value))
            .label("it looks like a host, and references may be read as one")
            .help("use letters, digits and `-`");
    }
}
