use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::gateway_api::{K8sGateway, Listener};
use crate::rules::Report;

/// Listeners of one Gateway that cannot be told apart, or cannot share their port.
pub fn check<'m>(_: &Mesh<'m>, gateway: &'m Object<'m, K8sGateway<'m>>, report: &mut Report) {
    let listeners = &gateway.spec.listeners;
    for (at, listener) in listeners.iter().enumerate() {
        let same_port = listeners[..at].iter().filter(|other| other.port.is_some() && other.port == listener.port);
        let conflicts = same_port.filter_map(|other| Some((other, conflict(other, listener)?)));
        let Some((other, why)) = conflicts.into_iter().next() else { continue };
        let place = |listener: &Listener<'_>| listener.name.map_or(listener.node.head(), |name| name.at);
        let name = |listener: &Listener<'_>| listener.name.map_or("", |name| name.value).to_owned();
        report
            .at(
                &gateway.meta,
                place(listener),
                format!("listeners `{}` and `{}` conflict", name(other), name(listener)),
            )
            .label(why)
            .related(place(other), "the other listener")
            .help("give them different ports or hostnames");
    }
}

fn conflict(left: &Listener<'_>, right: &Listener<'_>) -> Option<&'static str> {
    let family = |listener: &Listener<'_>| match listener.protocol.map_or("", |protocol| protocol.value) {
        "HTTPS" | "TLS" => "TLS".to_owned(),
        protocol => protocol.to_owned(),
    };
    // UDP has ports of its own.
    let (first, second) = (family(left), family(right));
    let udp = [&first, &second].into_iter().filter(|family| *family == "UDP").count();
    let host =
        |listener: &Listener<'_>| listener.hostname.map_or(String::new(), |name| name.value.to_ascii_lowercase());
    match (first == second, host(left) == host(right)) {
        _ if udp == 1 => None,
        (false, _) => Some("protocols that cannot share a port"),
        (true, true) => Some("the same port, protocol and hostname"),
        (true, false) => None,
    }
}
