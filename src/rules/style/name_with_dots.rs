use crate::mesh::Mesh;
use crate::model::Meta;
use crate::rules::Report;

/// Names with dots look like the hosts that resources are about.
pub fn check<'m>(_: &Mesh<'m>, meta: &'m Meta<'m>, report: &mut Report) {
    if meta.kind.group().ends_with(".istio.io") && meta.name.value.contains('.') {
        report
            .at(meta, meta.name.at, format!("the name `{}` has dots", meta.name.value))
            .label("it looks like a host, and references may be read as one")
            .help("use letters, digits and `-`");
    }
}
