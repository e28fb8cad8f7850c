//! Two rules about the range of TLS versions that a server accepts.

use crate::mesh::{Mesh, ServerRef};
use crate::model::Str;
use crate::rules::Report;

/// The lowest version must not be above the highest.
pub fn check_range(mesh: &Mesh<'_>, report: &mut Report) {
    for server in servers(mesh) {
        let Some(tls) = &server.server.tls else { continue };
        let (Some(lowest), Some(highest)) = (tls.min_protocol_version, tls.max_protocol_version) else { continue };
        let (Some(from), Some(to)) = (version(&lowest), version(&highest)) else { continue };
        if from > to {
            let message = format!("`{}` is above the highest version, `{}`", lowest.value, highest.value);
            let draft =
                report.at(&server.gateway.meta, lowest.at, message).label("no version is left: every handshake fails");
            draft.related(highest.at, "the highest version").help("exchange the two, or remove one");
        }
    }
}

/// Versions before 1.2 are not safe.
pub fn check_weak(mesh: &Mesh<'_>, report: &mut Report) {
    for server in servers(mesh) {
        let Some(tls) = &server.server.tls else { continue };
        for text in [tls.min_protocol_version, tls.max_protocol_version].into_iter().flatten() {
            if version(&text).is_some_and(|version| version < 2) {
                let message = format!("`{}` is not safe", text.value);
                let draft = report.at(&server.gateway.meta, text.at, message);
                draft.label("deprecated by RFC 8996; browsers refuse it").help("use `TLSV1_2` or later");
            }
        }
    }
}

fn servers<'m>(mesh: &Mesh<'m>) -> impl Iterator<Item = ServerRef<'m>> {
    mesh.resources.gateways.iter().flat_map(|gateway| mesh.servers(gateway))
}

/// The number after the point; `None` for `TLS_AUTO`, which leaves it to Envoy.
fn version(text: &Str<'_>) -> Option<u8> {
    text.value.strip_prefix("TLSV1_")?.parse().ok()
}
