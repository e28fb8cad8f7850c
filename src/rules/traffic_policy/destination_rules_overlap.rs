use crate::mesh::Mesh;
use crate::rules::Report;

/// DestinationRules of a namespace for one host are merged, and what cannot be merged is lost.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for merged in mesh.destination_rules.iter().filter(|merged| merged.rules.len() > 1) {
        let policies = merged.rules.iter().filter(|rule| rule.spec.traffic_policy.is_some()).count();
        let names = |rule: &crate::model::Object<'_, crate::model::destination_rule::DestinationRule<'_>>| {
            rule.spec
                .subsets
                .iter()
                .filter_map(|subset| subset.name.map(|name| name.value.to_owned()))
                .collect::<Vec<_>>()
        };
        let mut all: Vec<_> = merged.rules.iter().flat_map(|rule| names(rule)).collect();
        all.sort_unstable();
        let repeated = all.windows(2).any(|pair| pair[0] == pair[1]);
        let without = merged.rules.iter().any(|rule| rule.spec.subsets.is_empty());
        if policies < 2 && !repeated && !without {
            continue;
        }
        for rule in &merged.rules {
            let Some(host) = rule.spec.host else { continue };
            let Some(other) = merged.rules.iter().find(|other| other.meta.at() != rule.meta.at()) else { continue };
            report
                .at(&rule.meta, host.at, format!("{} DestinationRules for `{}`", merged.rules.len(), merged.host))
                .label("only the oldest `trafficPolicy` counts, and of a subset's name the first")
                .related(other.spec.host.map_or(other.meta.at(), |host| host.at), "the other one")
                .help("join them");
        }
    }
}
