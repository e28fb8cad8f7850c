use crate::mesh::Mesh;
use crate::rules::Report;

/// Sidecars do not balance the requests of a Service without address: they go where the client's look-up said (istio 1.31
/// `pilot/pkg/networking/core/cluster_builder.go`: ORIGINAL_DST).
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for object in &mesh.resources.services {
        let host = mesh.settings.service_host(object.meta.name.value, object.meta.namespace);
        let headless = mesh.services_named(&host).find(|service| service.is_headless());
        let Some(port) = headless.and_then(|service| service.ports.iter().find(|port| port.protocol.is_http())) else {
            continue;
        };
        report
            .at(&object.meta, port.at, format!("HTTP on the headless Service `{}`", object.meta.name.value))
            .label("sidecars do not balance these requests: each goes to the pod whose address the client looked up")
            .help("give clients that need no certain pod a Service with an address");
    }
}
