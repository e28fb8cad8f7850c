use crate::finding::Severity;
use crate::mesh::Mesh;
use crate::rules::Report;

/// Fields that others have replaced.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
        for percent in service.spec.http.iter().filter_map(|route| route.mirror_percent) {
            report
                .at(&service.meta, percent.at, "`mirrorPercent` is deprecated")
                .help(format!("write `mirrorPercentage: {{value: {}}}`", percent.value));
        }
    }
    for rule in &mesh.resources.destination_rules {
        for block in rule.spec.levels() {
            let errors = block.outlier_detection.and_then(|outliers| outliers.consecutive_errors);
            let errors = errors.map(|errors| (errors, "consecutiveErrors", "consecutive5xxErrors"));
            let hash = block.load_balancer.and_then(|balancer| balancer.consistent_hash.as_deref());
            let ring = hash.and_then(|hash| hash.minimum_ring_size);
            let ring = ring.map(|size| (size, "minimumRingSize", "ringHash.minimumRingSize"));
            for (value, old, new) in errors.into_iter().chain(ring).filter(|(value, ..)| value.value != 0) {
                let draft =
                    report.at(&rule.meta, value.at, format!("`{old}` is deprecated")).help(format!("write `{new}`"));
                // istiod says so of the top policy only.
                if !block.is_top() {
                    draft.severity(Severity::Info);
                }
            }
        }
    }
}
