use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use rustc_hash::FxHashMap;

use crate::mesh::Mesh;
use crate::rules::Report;

/// Subsets of one rule must differ in their labels or in their policy.
pub fn check<'m>(_: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    let mut seen = FxHashMap::default();
    for subset in &rule.spec.subsets {
        let Some(name) = subset.name else { continue };
        if subset.labels.is_empty() || subset.traffic_policy.is_some() {
            continue;
        }
        let mut labels: Vec<_> = subset.labels.iter().map(|(key, value)| (key.value, value.value)).collect();
        labels.sort_unstable();
        let Some(first) = seen.get(&labels) else {
            seen.insert(labels, (name, subset));
            continue;
        };
        let (first_name, first) = *first;
        if first_name.value == name.value {
            continue;
        }
        let at = subset.node.key_at("labels").unwrap_or(name.at);
        let text = format!("subset `{}` has the same labels as `{}`", name.value, first_name.value);
        report
            .at(&rule.meta, at, text)
            .related(first.node.key_at("labels").unwrap_or(first_name.at), "the same pods")
            .help("correct the labels, or remove one of the subsets");
    }
}
