use crate::mesh::Mesh;
use crate::model::destination_rule::{ConnectionPoolSettings, LoadBalancerSettings, OutlierDetection};
use crate::model::{Meta, Str};
use crate::rules::Report;
use crate::yaml::Node;

use super::fields::{is_set, report_pairs};

const TOPOLOGY: [&str; 3] =
    ["topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone"];

/// Settings of a traffic policy that exclude or need one another.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for rule in &mesh.resources.destination_rules {
        for block in rule.spec.levels() {
            report_pairs(&rule.meta, block.node, &[("tunnel", &["proxyProtocol"])], report);
            block.load_balancer.into_iter().for_each(|balancer| load_balancer(&rule.meta, balancer, report));
            block.connection_pool.into_iter().for_each(|pool| connection_pool(&rule.meta, pool, report));
            block.outlier_detection.into_iter().for_each(|outliers| outlier_detection(&rule.meta, outliers, report));
        }
    }
    for sidecar in &mesh.resources.sidecars {
        let pools = sidecar.spec.ingress.iter().filter_map(|listener| listener.connection_pool.as_deref());
        let pools = pools.chain(sidecar.spec.inbound_connection_pool.as_deref());
        pools.for_each(|pool| connection_pool(&sidecar.meta, pool, report));
    }
}

fn load_balancer(meta: &Meta<'_>, balancer: &LoadBalancerSettings<'_>, report: &mut Report) {
    report_pairs(meta, balancer.node, &[("localityLbSetting", &["zoneAwareLbSetting"])], report);
    if let Some(hash) = &balancer.consistent_hash {
        report_pairs(meta, hash.node, &[("ringHash", &["minimumRingSize"]), ("maglev", &["minimumRingSize"])], report);
    }
    if let Some(locality) = &balancer.locality_lb_setting {
        report_pairs(meta, locality.node, &[("distribute", &["failover"])], report);
        if is_set(locality.node, "failover") {
            topology(meta, locality.node, &locality.failover_priority, report);
        }
    }
    if let Some(zone_aware) = &balancer.zone_aware_lb_setting {
        topology(meta, zone_aware.node, &zone_aware.failover_priority, report);
    }
}

/// The labels of a place among the priorities, where it is decided otherwise already.
fn topology(meta: &Meta<'_>, settings: Node<'_>, priorities: &[Str<'_>], report: &mut Report) {
    for label in priorities.iter().filter(|label| TOPOLOGY.contains(&label.value)) {
        let draft = report.at(meta, label.at, format!("`{}` cannot be a priority here", label.value));
        let draft = match settings.key_at("failover") {
            Some(failover) => draft.related(failover, "says where traffic goes"),
            None => draft.label("zone-aware balancing decides by place already"),
        };
        draft.help("remove it, or write other labels of the workloads");
    }
}

fn connection_pool(meta: &Meta<'_>, pool: &ConnectionPoolSettings<'_>, report: &mut Report) {
    let Some(http) = &pool.http else { return };
    let upgrade = http.h2_upgrade_policy.filter(|policy| policy.value == "UPGRADE");
    let client = http.use_client_protocol.filter(|client| client.value);
    if let (Some(upgrade), Some(client)) = (upgrade, client) {
        report
            .at(meta, upgrade.at, "`h2UpgradePolicy: UPGRADE` does not go with `useClientProtocol`")
            .related(client.at, "takes the protocol of the client")
            .help("remove one of them");
    }
}

fn outlier_detection(meta: &Meta<'_>, outliers: &OutlierDetection<'_>, report: &mut Report) {
    let failures = outliers.consecutive_local_origin_failures.filter(|failures| failures.value > 0);
    let split = outliers.split_external_local_origin_errors.is_some_and(|split| split.value);
    if let (Some(failures), false) = (failures, split) {
        report
            .at(meta, failures.at, "`consecutiveLocalOriginFailures` needs `splitExternalLocalOriginErrors`")
            .label("local failures are not counted on their own")
            .help("add `splitExternalLocalOriginErrors: true`");
    }
}
