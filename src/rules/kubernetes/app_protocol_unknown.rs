use crate::mesh::{Mesh, Service};
use crate::rules::Report;

use super::port_protocol_unknown::is_of_istio;

/// Values of `appProtocol` that Istio does not know.
pub fn check<'m>(_: &Mesh<'m>, service: &Service<'m>, report: &mut Report) {
    let Some(object) = service.kubernetes().filter(|object| !is_of_istio(&object.meta)) else { return };
    for (port, written) in service.ports.iter().zip(&object.spec.ports) {
        let Some(protocol) = written.app_protocol.filter(|_| port.protocol.is_auto()) else { continue };
        let draft = report
            .at(&object.meta, protocol.at, format!("Istio does not know the protocol `{}`", protocol.value))
            .label("it guesses from the first bytes of each connection; the name of the port does not count");
        match port.name {
            "" => draft.help("write `http`, `grpc`, `tcp` or another protocol that Istio knows"),
            name => {
                draft.help(format!("write a protocol that Istio knows; without `appProtocol` the name `{name}` counts"))
            }
        };
    }
}
