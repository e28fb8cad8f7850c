use crate::mesh::Mesh;
use crate::rules::Report;

use super::fields::is_set;

const CERTIFICATES: [&str; 7] = [
    "caCrl",
    "serverCertificate",
    "privateKey",
    "caCertificates",
    "tlsCertificates",
    "credentialName",
    "credentialNames",
];

/// Connections that pass through end elsewhere.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for (meta, tls) in mesh.resources.server_tls_settings() {
        let mode = tls.mode.map_or("PASSTHROUGH", |mode| mode.value);
        if !matches!(mode, "PASSTHROUGH" | "AUTO_PASSTHROUGH") {
            continue;
        }
        for field in CERTIFICATES.into_iter().filter(|field| is_set(tls.node, field)) {
            let at = tls.node.key_at(field).unwrap_or(tls.node.head());
            report
                .at(meta, at, format!("`{field}` is not used with mode `{mode}`"))
                .label("TLS ends at the service, not here")
                .help(format!("remove `{field}`, or write mode `SIMPLE`"));
        }
    }
}
