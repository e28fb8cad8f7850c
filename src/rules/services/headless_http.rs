use crate::mesh::{Mesh, Service};
use crate::rules::Report;

/// Sidecars do not balance the requests of a Service without address: they go where the client's look-up said (istio 1.31
/// `pilot/pkg/networking/core/cluster_builder.go`: ORIGINAL_DST).
pub fn check(_: &Mesh<'_>, service: &Service<'_>, report: &mut Report) {
    let Some(port) = service.ports.iter().find(|port| service.is_headless() && port.protocol.is_http()) else { return };
    let meta = service.meta();
    report
        .at(meta, port.at, format!("HTTP on the headless Service `{}`", meta.name.value))
        .label("sidecars do not balance these requests: each goes to the pod whose address the client looked up")
        .help("give clients that need no certain pod a Service with an address");
}
