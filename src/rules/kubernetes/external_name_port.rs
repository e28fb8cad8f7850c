use crate::mesh::{Mesh, Service};
use crate::rules::Report;

/// Ports of an ExternalName Service that would take all traffic of that port number.
pub fn check<'m>(_: &Mesh<'m>, service: &Service<'m>, report: &mut Report) {
    if !service.external {
        return;
    }
    let Some(object) = service.kubernetes() else { return };
    for port in &service.ports {
        if !port.protocol.is_auto() && port.name != "tcp" {
            continue;
        }
        report
            .at(&object.meta, port.at, format!("port {} of an ExternalName Service is taken for TCP", port.number))
            .label("traffic to this port of any address may be caught by it")
            .help("name the port for its protocol, such as `http` or `tls`");
    }
}
