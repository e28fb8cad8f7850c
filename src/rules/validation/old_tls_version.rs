use crate::mesh::Mesh;
use crate::rules::Report;

/// BoringSSL has no cipher suites for TLS 1.0 and 1.1 unless they are named.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for (meta, tls) in mesh.resources.server_tls_settings() {
        let Some(version) = tls.min_protocol_version else { continue };
        if matches!(version.value, "TLSV1_0" | "TLSV1_1") && tls.cipher_suites.is_empty() {
            report
                .at(meta, version.at, format!("`{}` without `cipherSuites`", version.value))
                .label("Envoy offers no suite that versions before TLS 1.2 have")
                .help("write `minProtocolVersion: TLSV1_2`, or name suites in `cipherSuites`");
        }
    }
}
