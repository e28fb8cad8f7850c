use crate::mesh::{Mesh, has_wildcard};
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

/// Some route should lead to every subset of a host that is routed by subsets.
pub fn check<'m>(mesh: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    let Some(host) = rule.spec.host.filter(|_| !rule.spec.subsets.is_empty()) else { return };
    let full = mesh.full_name(host.value, rule.meta.namespace);
    let Some(routed) = mesh.routed_subsets(&full).filter(|_| !has_wildcard(&full)) else { return };
    let names = rule.spec.subsets.iter().filter_map(|subset| subset.name);
    for name in names.filter(|name| !routed.contains(name.value)) {
        let text = format!("no route leads to subset `{}` of `{}`", name.value, host.value);
        report.at(&rule.meta, name.at, text).help("remove the subset, or add the route");
    }
}
