use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::{ClientTlsSettings, DestinationRule};
use crate::rules::Report;
use crate::source::Span;

/// Certificates need a mode that uses them.
pub fn check<'m>(_: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    for tls in rule.spec.tls_settings() {
        let (mode, label) = match tls.mode.map(|mode| mode.value) {
            None | Some("DISABLE") => ("DISABLE", "the connection is plain text"),
            Some("ISTIO_MUTUAL") => ("ISTIO_MUTUAL", "the certificates of the mesh are used instead"),
            Some(_) => continue,
        };
        let Some((field, at)) = certificate(tls) else { continue };
        let written = if tls.mode.is_some() { "" } else { ", which it is without `mode`" };
        report
            .at(&rule.meta, at, format!("`{field}` has no effect with mode `{mode}`{written}"))
            .label(label)
            .help("set `mode: SIMPLE`, or `MUTUAL` to show a certificate of your own; or remove the field");
    }
}

/// The first field with a certificate.
fn certificate(tls: &ClientTlsSettings<'_>) -> Option<(&'static str, Span)> {
    ["clientCertificate", "privateKey", "caCertificates", "credentialName", "caCrl"]
        .into_iter()
        .find_map(|field| Some((field, tls.node.key_at(field)?)))
}
