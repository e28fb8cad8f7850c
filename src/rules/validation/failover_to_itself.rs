use crate::mesh::Mesh;
use crate::rules::Report;

/// A region cannot stand in for itself.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for rule in &mesh.resources.destination_rules {
        for balancer in rule.spec.levels().filter_map(|block| block.load_balancer) {
            let locality = balancer.locality_lb_setting.iter().flat_map(|settings| &settings.failover);
            let zones = balancer.zone_aware_lb_setting.iter().flat_map(|settings| &settings.failover);
            for failover in locality.chain(zones) {
                let (Some(from), Some(to)) = (failover.from, failover.to) else { continue };
                if from == to && !from.is_placeholder() {
                    report
                        .at(&rule.meta, to.at, format!("`{}` fails over to itself", to.value))
                        .related(from.at, "from here")
                        .help("name another region");
                }
            }
        }
    }
}
