use crate::mesh::{Mesh, Service};
use crate::model::Meta;
use crate::rules::Report;

/// Ports whose name does not say what they speak.
pub fn check<'m>(_: &Mesh<'m>, service: &Service<'m>, report: &mut Report) {
    if service.external {
        return;
    }
    let Some(object) = service.kubernetes().filter(|object| !is_of_istio(&object.meta)) else { return };
    for (port, written) in service.ports.iter().zip(&object.spec.ports) {
        if !port.protocol.is_auto() || written.app_protocol.is_some() {
            continue;
        }
        let message = match port.name {
            "" => format!("port {} has no name that says its protocol", port.number),
            name => format!("the name `{name}` of port {} does not say its protocol", port.number),
        };
        report
            .at(&object.meta, port.at, message)
            .label("Istio guesses from the first bytes of each connection")
            .help("set `appProtocol`, or start the name with the protocol, as in `http-web`");
    }
}

/// Services of Istio itself, which knows what they speak.
pub(super) fn is_of_istio(meta: &Meta<'_>) -> bool {
    const MANAGED: [&str; 3] =
        ["istio.io-gateway-controller", "istio.io-mesh-controller", "istio.io-eastwest-controller"];
    let labels = &meta.labels;
    let managed = labels.text("gateway.istio.io/managed").is_some_and(|by| MANAGED.contains(&by));
    managed || labels.get("istio").is_some() || labels.text("release") == Some("istio")
}
