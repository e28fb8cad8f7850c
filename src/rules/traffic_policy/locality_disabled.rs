use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

/// Locality settings must be on.
pub fn check<'m>(_: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    for balancer in rule.spec.levels().filter_map(|level| level.load_balancer) {
        let Some(locality) = balancer.locality_lb_setting.as_ref() else { continue };
        let Some(off) = locality.enabled.filter(|enabled| !enabled.value) else { continue };
        let settings = ["distribute", "failover", "failoverPriority"];
        let Some((name, at)) = settings.into_iter().find_map(|key| Some((key, locality.node.key_at(key)?))) else {
            continue;
        };
        report
            .at(&rule.meta, off.at, format!("`{name}` has no effect"))
            .related(at, "turned off")
            .help("remove `enabled: false`, or the settings");
    }
}
