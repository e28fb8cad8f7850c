use crate::mesh::Mesh;
use crate::rules::Report;

/// istiod knows three ways to ask a workload for its health; `grpc` is in the API and refused.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for group in &mesh.resources.workload_groups {
        let Some(probe) = group.spec.probe else { continue };
        if probe.kind() != crate::yaml::Kind::Mapping
            || ["httpGet", "tcpSocket", "exec"].iter().any(|way| probe.has(way))
        {
            continue;
        }
        let grpc = probe.key_at("grpc");
        let message = if grpc.is_some() { "istiod refuses `grpc` probes" } else { "the probe does not say how to ask" };
        report
            .at(&group.meta, grpc.or(group.spec.node.key_at("probe")).unwrap_or(group.meta.at()), message)
            .help("add `httpGet`, `tcpSocket` or `exec`");
    }
}
