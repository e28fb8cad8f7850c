use crate::format::Protocol;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::{Gateway, Server};
use crate::rules::Report;

use super::fields::{first_set, may_be_set};

/// The protocol of a server says whether it has TLS settings.
pub fn check<'m>(_: &Mesh<'m>, gateway: &'m Object<'m, Gateway<'m>>, report: &mut Report) {
    for server in &gateway.spec.servers {
        let Some(protocol) = server.port.as_ref().and_then(|port| port.protocol) else { continue };
        let Ok(parsed) = Protocol::parse(protocol.value) else { continue };
        let at = server.node.key_at("tls");
        if parsed.is_tls() && !may_be_set(server.node, "tls") {
            report
                .at(&gateway.meta, protocol.at, format!("a server for `{}` needs `tls`", protocol.value))
                .help("add `tls`, with its `mode` and certificates");
        } else if let Some(at) = at.filter(|_| parsed.is_http() && terminates(server)) {
            report
                .at(&gateway.meta, at, format!("`tls` on a server for `{}`", protocol.value))
                .related(protocol.at, "plain HTTP")
                .help("write protocol `HTTPS`, or remove `tls` (all but `httpsRedirect`)");
        } else if let Some(at) = at.filter(|_| !parsed.is_http() && !parsed.is_tls()) {
            report
                .at(&gateway.meta, at, format!("`tls` on a server for `{}`", protocol.value))
                .related(protocol.at, "without TLS")
                .help("write protocol `TLS`, or remove `tls`");
        }
    }
}

/// The default mode is `PASSTHROUGH`, so that `httpsRedirect` can stand alone.
fn terminates(server: &Server<'_>) -> bool {
    let Some(tls) = &server.tls else { return false };
    let mode = tls.mode.filter(|mode| !mode.is_placeholder()).map_or("PASSTHROUGH", |mode| mode.value);
    let certificates = ["caCertificates", "privateKey", "serverCertificate"];
    !matches!(mode, "PASSTHROUGH" | "AUTO_PASSTHROUGH") || first_set(tls.node, &certificates).is_some()
}
