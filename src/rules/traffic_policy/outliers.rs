//! Outlier detection, with the number of endpoints that it watches.

use crate::mesh::{Mesh, Origin, Service, WorkloadKind};
use crate::model::destination_rule::{DestinationRule, OutlierDetection, Subset};
use crate::model::{Kind, Object};
use crate::source::Span;

use super::governed_services;

/// An outlier detection and what it watches.
pub(super) struct Watch<'s, 'm> {
    /// The first service of the host.
    pub service: Option<&'s Service<'m>>,
    pub rule: &'m Object<'m, DestinationRule<'m>>,
    pub detection: &'m OutlierDetection<'m>,
    /// The key of the block.
    pub at: Span,
    /// As far as the input tells.
    pub endpoints: Option<i64>,
    /// There is another locality to go to.
    pub has_failover: bool,
}

/// All outlier detections of DestinationRules.
pub(super) fn outlier_detections<'s, 'm>(mesh: &'s Mesh<'m>) -> Vec<Watch<'s, 'm>> {
    let mut found = Vec::new();
    for rule in &mesh.resources.destination_rules {
        let service = governed_services(mesh, rule).into_iter().next();
        for level in rule.spec.levels() {
            let Some(detection) = level.outlier_detection else { continue };
            let locality = level.load_balancer.and_then(|balancer| balancer.locality_lb_setting.as_ref());
            found.push(Watch {
                service,
                rule,
                detection,
                at: level.node.key_at("outlierDetection").unwrap_or(detection.node.head()),
                endpoints: service.and_then(|service| endpoints(mesh, service, level.subset)),
                has_failover: locality.is_some_and(|own| !own.failover.is_empty() || !own.failover_priority.is_empty()),
            });
        }
    }
    found
}

/// The limit that holds: 10 if none, or 0, is written (Envoy, `outlier_detection.proto`).
pub(super) fn ejection_limit(detection: &OutlierDetection<'_>) -> i64 {
    detection.max_ejection_percent.map(|percent| percent.value).filter(|percent| *percent > 0).unwrap_or(10)
}

/// How many endpoints a service, or a subset of it, has; `None` where the input does not say.
fn endpoints(mesh: &Mesh<'_>, service: &Service<'_>, subset: Option<&Subset<'_>>) -> Option<i64> {
    let fits = |labels: &crate::model::Labels<'_>| subset.is_none_or(|subset| labels.contains(&subset.labels));
    let written = match service.origin {
        Origin::Entry(object) => object.spec.endpoints.iter().filter(|endpoint| fits(&endpoint.labels)).count(),
        Origin::Kubernetes(_) => 0,
    };
    let workloads = mesh.workloads_of(service);
    let counts = workloads.iter().filter(|workload| fits(workload.labels)).map(|workload| match workload.kind {
        // As many as there are nodes, and whatever a group or a job makes.
        WorkloadKind::Group(_) => None,
        _ if matches!(workload.meta.kind, Kind::DaemonSet | Kind::Job | Kind::CronJob) => None,
        _ => workload.replicas,
    });
    let selected: i64 = counts.sum::<Option<i64>>()?;
    Some(selected + written as i64).filter(|total| *total > 0)
}
