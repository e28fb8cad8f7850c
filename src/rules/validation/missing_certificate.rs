use crate::mesh::Mesh;
use crate::model::Meta;
use crate::model::destination_rule::ClientTlsSettings;
use crate::model::networking::ServerTlsSettings;
use crate::rules::Report;
use crate::yaml::Node;

use super::fields::{may_be_set, values};

/// Modes that need certificates must get them, from a credential or from files.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    mesh.resources.client_tls_settings().for_each(|(meta, tls)| client(meta, tls, report));
    mesh.resources.server_tls_settings().for_each(|(meta, tls)| server(meta, tls, report));
}

fn client(meta: &Meta<'_>, tls: &ClientTlsSettings<'_>, report: &mut Report) {
    let mode = tls.mode.map_or("DISABLE", |mode| mode.value);
    if mode == "MUTUAL" && !may_be_set(tls.node, "credentialName") {
        require(meta, mode, tls.node, tls.node, &["clientCertificate", "privateKey"], report);
    }
}

fn server(meta: &Meta<'_>, tls: &ServerTlsSettings<'_>, report: &mut Report) {
    let node = tls.node;
    let mode = tls.mode.map_or("PASSTHROUGH", |mode| mode.value);
    let credential = ["credentialName", "credentialNames"].iter().any(|field| may_be_set(node, field));
    if credential || !matches!(mode, "SIMPLE" | "MUTUAL" | "OPTIONAL_MUTUAL") {
        return;
    }
    if mode != "SIMPLE" && !may_be_set(node, "caCertCredentialName") {
        require(meta, mode, node, node, &["caCertificates"], report);
    }
    let pairs = values(node, &["tlsCertificates"]);
    let pairs = if pairs.is_empty() { vec![node] } else { pairs };
    for pair in pairs {
        require(meta, mode, node, pair, &["serverCertificate", "privateKey"], report);
    }
}

fn require(meta: &Meta<'_>, mode: &str, tls: Node<'_>, holder: Node<'_>, fields: &[&str], report: &mut Report) {
    let missing: Vec<_> = fields.iter().copied().filter(|field| !may_be_set(holder, field)).collect();
    if missing.is_empty() {
        return;
    }
    let at = if holder.index() == tls.index() { tls.get("mode").map(Node::at) } else { None };
    let list = super::super::words::list(&missing);
    report
        .at(meta, at.unwrap_or(holder.head()), format!("mode `{mode}` without {list}"))
        .help(format!("set `credentialName`, or {list}"));
}
