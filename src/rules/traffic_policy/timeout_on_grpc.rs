use crate::mesh::{Mesh, Protocol};
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Streams should not be cut by a timeout.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in &service.spec.http {
        let Some(timeout) = route.timeout.filter(|timeout| timeout.value.nanoseconds() > 0) else { continue };
        let grpc = route.destinations().filter(|used| !used.mirror).find_map(|used| {
            let host = used.destination.host?;
            let full = mesh.full_name(host.value, service.meta.namespace);
            let found = mesh.service(&full, service.meta.namespace).service()?;
            let number = used.destination.port.as_ref().and_then(|port| port.number).map(|number| number.value);
            let mut ports = found.ports.iter().filter(|port| number.is_none_or(|number| number == port.number));
            let speaks = |protocol| matches!(protocol, Protocol::Grpc | Protocol::GrpcWeb);
            let first = ports.next()?;
            (speaks(first.protocol) && ports.all(|port| speaks(port.protocol))).then_some((host, first))
        });
        let Some((host, port)) = grpc else { continue };
        report
            .at(&service.meta, timeout.at, format!("streams of `{}` end after {}", host.value, timeout.value))
            .related(port.at, "speaks gRPC")
            .help("leave the timeout out where there are streams");
    }
}
