use crate::format::Protocol;
use crate::mesh::Mesh;
use crate::model::networking::{IstioIngressListener, Sidecar};
use crate::model::{Meta, Object};
use crate::rules::Report;

use super::fields::is_set;

const UNSUPPORTED: [&str; 5] =
    ["subjectAltNames", "httpsRedirect", "credentialName", "credentialNames", "tlsCertificates"];

/// Sidecars serve TLS with certificates from files, and to HTTPS or TLS only.
pub fn check<'m>(_: &Mesh<'m>, sidecar: &'m Object<'m, Sidecar<'m>>, report: &mut Report) {
    sidecar.spec.ingress.iter().for_each(|listener| settings(&sidecar.meta, listener, report));
}

fn settings(meta: &Meta<'_>, listener: &IstioIngressListener<'_>, report: &mut Report) {
    let Some(tls) = listener.tls.as_deref() else { return };
    for field in UNSUPPORTED.into_iter().filter(|field| is_set(tls.node, field)) {
        report
            .at(
                meta,
                tls.node.key_at(field).unwrap_or(tls.node.head()),
                format!("a Sidecar does not support `{field}`"),
            )
            .help("name files of the proxy with `serverCertificate`, `privateKey` and `caCertificates`");
    }
    if let Some(mode) = tls.mode.filter(|mode| matches!(mode.value, "ISTIO_MUTUAL" | "AUTO_PASSTHROUGH")) {
        report
            .at(meta, mode.at, format!("a Sidecar does not support mode `{}`", mode.value))
            .help("write `SIMPLE` or `MUTUAL`");
    }
    let protocol = listener.port.as_ref().and_then(|port| port.protocol).filter(|protocol| !protocol.is_placeholder());
    if let Some(protocol) = protocol.filter(|text| Protocol::parse(text.value).is_ok_and(|protocol| !protocol.is_tls()))
    {
        report
            .at(meta, protocol.at, format!("`tls` on a listener for `{}`", protocol.value))
            .help("write protocol `HTTPS` or `TLS`");
    }
}
