use crate::format::Protocol;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::Sidecar;
use crate::rules::Report;

/// Limits on requests where there are none.
pub fn check<'m>(_: &Mesh<'m>, sidecar: &'m Object<'m, Sidecar<'m>>, report: &mut Report) {
    for listener in &sidecar.spec.ingress {
        let http = listener.connection_pool.as_ref().and_then(|pool| pool.node.key_at("http"));
        let protocol = listener.port.as_ref().and_then(|port| port.protocol);
        let (Some(at), Some(protocol)) = (http, protocol) else { continue };
        if Protocol::parse(protocol.value).is_ok_and(|protocol| !protocol.is_http()) {
            report
                .at(&sidecar.meta, at, format!("settings for HTTP on a listener for `{}`", protocol.value))
                .related(protocol.at, "not HTTP")
                .label("they have no effect")
                .help("write settings for `tcp`, or protocol `HTTP`");
        }
    }
}
