use crate::mesh::Mesh;
use crate::rules::Report;

/// A subset should have labels.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for rule in &mesh.resources.destination_rules {
        for subset in rule.spec.subsets.iter().filter(|subset| subset.labels.is_empty()) {
            let name = subset.name.map_or("", |name| name.value);
            report
                .at(&rule.meta, subset.node.head(), format!("subset `{name}` has no labels"))
                .label("it has all endpoints of the service")
                .help("add the labels of its pods");
        }
    }
}
