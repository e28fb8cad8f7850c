use crate::mesh::Mesh;
use crate::rules::Report;

/// What Envoy ejects at most if nothing is written, in percent.
const DEFAULT_MAX_EJECTION: i64 = 10;

/// Envoy 1.40 ejects a host only if the share of ejected hosts stays within the maximum: with few endpoints, never.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for rule in &mesh.resources.destination_rules {
        let Some(host) = rule.spec.host else { continue };
        let full = mesh.full_name(host.value, rule.meta.namespace);
        let Some(service) = mesh.service(&full, rule.meta.namespace).service() else { continue };
        let workloads = mesh.workloads_of(service);
        let replicas: Option<i64> = workloads.iter().map(|workload| workload.replicas).sum();
        let Some(replicas) = replicas.filter(|replicas| *replicas > 0) else { continue };
        for (_, policy) in rule.spec.policies().filter(|(subset, _)| subset.is_none()) {
            let Some(outlier) = policy.outlier_detection.as_deref() else { continue };
            let written = outlier.max_ejection_percent.filter(|percent| percent.value > 0);
            let limit = written.map_or(DEFAULT_MAX_EJECTION, |percent| percent.value);
            if 100 <= limit * replicas {
                continue;
            }
            let at = policy.node.key_at("outlierDetection").unwrap_or(rule.meta.at());
            report
                .at(&rule.meta, at, format!("outlier detection can eject none of {replicas} endpoints"))
                .label(format!("one of {replicas} is more than {limit} %, the most that is ejected"))
                .related(service.at, "the service has so many in the input")
                .help(format!("set `maxEjectionPercent` to at least {}", (99 + replicas) / replicas));
        }
    }
}
