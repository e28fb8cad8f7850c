use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

/// A subset should have labels.
pub fn check<'m>(_: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    for subset in rule.spec.subsets.iter().filter(|subset| subset.labels.is_empty()) {
        let name = subset.name.map_or("", |name| name.value);
        report
            .at(&rule.meta, subset.node.head(), format!("subset `{name}` has no labels"))
            .label("it has all endpoints of the service")
            .help("add the labels of its pods");
    }
}
