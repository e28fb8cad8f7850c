use crate::format::Protocol;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::Gateway;
use crate::rules::Report;

/// Only HTTP knows redirects.
pub fn check<'m>(_: &Mesh<'m>, gateway: &'m Object<'m, Gateway<'m>>, report: &mut Report) {
    for server in &gateway.spec.servers {
        let redirect = server.tls.as_ref().and_then(|tls| tls.https_redirect).filter(|redirect| redirect.value);
        let protocol = server.port.as_ref().and_then(|port| port.protocol);
        let (Some(redirect), Some(protocol)) = (redirect, protocol) else { continue };
        if Protocol::parse(protocol.value).is_ok_and(|protocol| !protocol.is_http()) {
            report
                .at(&gateway.meta, redirect.at, format!("`httpsRedirect` on a server for `{}`", protocol.value))
                .label("only plain HTTP can be redirected, so that this does nothing")
                .help("set it on the server for `HTTP`");
        }
    }
}
