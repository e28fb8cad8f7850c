use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

/// DestinationRules of a namespace for one host are merged, and what cannot be merged is lost.
pub fn check<'m>(mesh: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    let written = rule.spec.host.filter(|host| !host.is_placeholder() && rule.spec.workload_selector.is_none());
    let Some(host) = written else { return };
    let full = mesh.full_name(host.value, rule.meta.namespace);
    let merged = mesh.destination_rules.governing(&full).filter(|merged| {
        merged.namespace == rule.meta.namespace && merged.host == full && merged.workload_selector.is_none()
    });
    let rules: Vec<_> = merged.flat_map(|merged| merged.rules.iter().copied()).collect();
    let others = rules.iter().filter(|other| !std::ptr::eq(**other, rule));
    let Some((other, loss)) = others.filter_map(|other| Some((other, loss(mesh, rule, other)?))).next() else { return };
    report
        .at(&rule.meta, host.at, format!("{} DestinationRules for `{full}`", rules.len()))
        .label(loss)
        .related(other.spec.host.map_or(other.meta.at(), |host| host.at), "the other one")
        .help("join them");
}

/// What of two rules for one host gets lost.
fn loss<'m>(
    mesh: &Mesh<'m>,
    first: &Object<'m, DestinationRule<'m>>,
    second: &Object<'m, DestinationRule<'m>>,
) -> Option<String> {
    if mesh.destination_rule_export(first) != mesh.destination_rule_export(second) {
        return Some("their `exportTo` differ: they may not be merged, and only one is used".to_owned());
    }
    if first.spec.traffic_policy.is_some() && second.spec.traffic_policy.is_some() {
        return Some("only the oldest `trafficPolicy` counts".to_owned());
    }
    let both = first.spec.subsets.iter().find_map(|subset| {
        let name = subset.name?;
        let same = second.spec.subsets.iter().find(|other| other.name.is_some_and(|own| own.value == name.value))?;
        (!subset.node.same_value(same.node)).then_some(name.value)
    })?;
    Some(format!("of the subset `{both}` only the oldest definition counts"))
}
