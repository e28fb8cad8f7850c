use crate::mesh::Mesh;
use crate::model::networking::{IstioEgressListener, Sidecar};
use crate::model::{Meta, Object};
use crate::rules::Report;

/// Listeners without a port take what the others leave, and those with port 0 are sockets.
pub fn check<'m>(_: &Mesh<'m>, sidecar: &'m Object<'m, Sidecar<'m>>, report: &mut Report) {
    let egress = &sidecar.spec.egress;
    for (index, listener) in egress.iter().enumerate() {
        if !listener.node.has("port") && index + 1 < egress.len() {
            report
                .at(&sidecar.meta, listener.node.head(), "an egress listener without a port that is not the last")
                .related(egress[index + 1].node.head(), "comes after it")
                .label("it takes all traffic that the others leave")
                .help("move it to the end, and merge it with others of the kind");
        }
        socket(&sidecar.meta, listener, report);
    }
}

fn socket(meta: &Meta<'_>, listener: &IstioEgressListener<'_>, report: &mut Report) {
    let number = listener.port.as_ref().and_then(|port| port.number);
    let Some(number) = number else { return };
    let bind = listener.bind.filter(|bind| !bind.is_empty());
    if number.value != 0 {
        if let Some(bind) = bind.filter(|bind| bind.starts_with("unix://")) {
            report
                .at(meta, bind.at, format!("a Unix socket with port {}", number.value))
                .related(number.at, "a socket has no port")
                .help("write port number 0");
        }
        return;
    }
    let mode = listener.capture_mode.filter(|mode| !matches!(mode.value, "DEFAULT" | "NONE") && !mode.is_placeholder());
    if bind.is_none_or(|bind| !bind.starts_with("unix://") && !bind.is_placeholder()) {
        report
            .at(meta, number.at, "port 0 without a Unix socket")
            .help("write a port from 1 to 65535, or `bind: unix:///path`");
    } else if let Some(mode) = mode {
        report
            .at(meta, mode.at, format!("traffic for a Unix socket cannot be captured with `{}`", mode.value))
            .help("write `captureMode: NONE`, or remove it");
    }
}
