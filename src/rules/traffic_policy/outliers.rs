//! Outlier detection, with the number of endpoints that it watches.

use std::cell::OnceCell;

use crate::mesh::{Mesh, Origin, Service, WorkloadKind};
use crate::model::destination_rule::{DestinationRule, OutlierDetection, Subset};
use crate::model::{Kind, Labels, Object};
use crate::source::Span;

use super::governed_services;

/// An outlier detection and what it watches.
pub(super) struct Watch<'s, 'm> {
    /// The first service of the host.
    pub service: Option<&'s Service<'m>>,
    subset: Option<&'m Subset<'m>>,
    pub detection: &'m OutlierDetection<'m>,
    /// The key of the block.
    pub at: Span,
    /// There is another locality to go to.
    pub has_failover: bool,
}

/// All outlier detections of a DestinationRule.
pub(super) fn outlier_detections<'s, 'm>(
    mesh: &'s Mesh<'m>,
    rule: &'m Object<'m, DestinationRule<'m>>,
) -> impl Iterator<Item = Watch<'s, 'm>> {
    let detections = rule.spec.levels().filter_map(|level| Some((level.outlier_detection?, level)));
    let service = OnceCell::new();
    detections.map(move |(detection, level)| {
        let locality = level.load_balancer.and_then(|balancer| balancer.locality_lb_setting.as_ref());
        Watch {
            service: *service.get_or_init(|| governed_services(mesh, rule).into_iter().next()),
            subset: level.subset,
            detection,
            at: level.node.key_at("outlierDetection").unwrap_or(detection.node.head()),
            has_failover: locality.is_some_and(|own| !own.failover.is_empty() || !own.failover_priority.is_empty()),
        }
    })
}

/// The limit that holds: 10 if none, or 0, is written (Envoy, `outlier_detection.proto`).
pub(super) fn ejection_limit(detection: &OutlierDetection<'_>) -> i64 {
    detection.max_ejection_percent.map(|percent| percent.value).filter(|percent| *percent > 0).unwrap_or(10)
}

impl<'m> Watch<'_, 'm> {
    /// How many endpoints the service, or the subset of it, has; `None` where the input does not say.
    pub fn endpoints(&self, mesh: &Mesh<'m>) -> Option<i64> {
        let service = self.service?;
        let fits = |labels: &Labels<'_>| self.subset.is_none_or(|subset| labels.contains(&subset.labels));
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
}
