use crate::mesh::Mesh;
use crate::model::Meta;
use crate::model::destination_rule::ClientTlsSettings;
use crate::model::networking::ServerTlsSettings;
use crate::rules::Report;
use crate::yaml::Node;

use super::fields::{first_set, is_set};

const FILES_OF_CLIENT: [&str; 4] = ["clientCertificate", "privateKey", "caCertificates", "caCrl"];

const OF_SERVER: [&str; 6] =
    ["serverCertificate", "privateKey", "caCertificates", "tlsCertificates", "credentialName", "credentialNames"];

/// Certificates come from one place, and some modes have their own.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    mesh.resources.client_tls_settings().for_each(|(meta, tls)| client(meta, tls, report));
    mesh.resources.server_tls_settings().for_each(|(meta, tls)| server(meta, tls, report));
}

fn client(meta: &Meta<'_>, tls: &ClientTlsSettings<'_>, report: &mut Report) {
    let mode = tls.mode.map_or("DISABLE", |mode| mode.value);
    let unverified = tls.insecure_skip_verify.is_some_and(|skip| skip.value);
    let useless: &[&str] = match mode {
        "SIMPLE" if unverified => &["caCertificates", "credentialName", "subjectAltNames"],
        "MUTUAL" if unverified => &["caCertificates", "subjectAltNames"],
        _ => &[],
    };
    exclude(meta, tls.node, "insecureSkipVerify", useless, report);
    if matches!(mode, "SIMPLE" | "MUTUAL") && is_set(tls.node, "credentialName") {
        exclude(meta, tls.node, "credentialName", &FILES_OF_CLIENT, report);
    }
}

fn server(meta: &Meta<'_>, tls: &ServerTlsSettings<'_>, report: &mut Report) {
    let node = tls.node;
    let mode = tls.mode.map_or("PASSTHROUGH", |mode| mode.value);
    if mode == "ISTIO_MUTUAL" {
        for field in OF_SERVER.into_iter().filter(|field| is_set(node, field)) {
            report
                .at(meta, node.key_at(field).unwrap_or(node.head()), format!("`{field}` with mode `ISTIO_MUTUAL`"))
                .label("the mesh has certificates of its own for this mode")
                .help(format!("remove `{field}`, or write mode `SIMPLE` or `MUTUAL`"));
        }
        return;
    }
    several_sources(meta, node, report);
    match mode {
        // Of servers with a credential istiod asks no more.
        "SIMPLE" if first_set(node, &["credentialName", "credentialNames"]).is_none() => {
            exclude(meta, node, "mode", &["caCrl"], report);
        }
        "PASSTHROUGH" | "AUTO_PASSTHROUGH" if is_set(node, "credentialName") => {
            exclude(meta, node, "credentialName", &["caCrl"], report);
        }
        _ => {}
    }
}

fn several_sources(meta: &Meta<'_>, node: Node<'_>, report: &mut Report) {
    let files = is_set(node, "serverCertificate") && is_set(node, "privateKey");
    let sources = ["credentialName", "credentialNames", "tlsCertificates"].into_iter();
    let sources = sources.filter(|field| is_set(node, field));
    let sources: Vec<_> = files.then_some("serverCertificate").into_iter().chain(sources).collect();
    if let [first, others @ ..] = sources.as_slice() {
        exclude(meta, node, first, others, report);
    }
}

/// Reports each of `fields` that is set.
fn exclude(meta: &Meta<'_>, node: Node<'_>, setting: &str, fields: &[&str], report: &mut Report) {
    for &field in fields.iter().filter(|field| is_set(node, field)) {
        let (Some(at), Some(because)) = (node.key_at(field), node.entry(setting)) else { continue };
        let shown = match setting {
            "mode" => format!("mode `{}`", because.value.key_text()),
            _ => format!("`{setting}`"),
        };
        report
            .at(meta, at, format!("`{field}` does not go with {shown}"))
            .related(because.key.at(), "set here")
            .help(format!("remove `{field}`, or change {shown}"));
    }
}
