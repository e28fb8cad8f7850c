use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::{ClientTlsSettings, DestinationRule};
use crate::rules::Report;
use crate::yaml::Node;

/// TLS to a server whose certificate is checked against whatever the proxy's system trusts.
pub fn check<'m>(_: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    for (_, policy) in rule.spec.policies() {
        one(rule, policy.node, policy.tls.as_deref(), report);
    }
}

/// The same for the settings of a port.
pub fn check_ports(mesh: &Mesh<'_>, report: &mut Report) {
    for rule in &mesh.resources.destination_rules {
        for port in rule.spec.policies().flat_map(|(_, policy)| &policy.port_level_settings) {
            one(rule, port.node, port.tls.as_deref(), report);
        }
    }
}

/// `tls` is a field of `parent`.
fn one<'m>(
    rule: &Object<'m, DestinationRule<'m>>,
    parent: Node<'m>,
    tls: Option<&ClientTlsSettings<'m>>,
    report: &mut Report,
) {
    let Some(tls) = tls else { return };
    let Some(mode) = tls.mode.filter(|mode| ["SIMPLE", "MUTUAL"].contains(&mode.value)) else { return };
    let trusts_secret = tls.credential_name.is_some() && rule.spec.workload_selector.is_some();
    let unchecked = tls.insecure_skip_verify.is_some_and(|skip| skip.value);
    if tls.ca_certificates.is_some() || trusts_secret || unchecked {
        return;
    }
    report
        .at(&rule.meta, parent.key_at("tls").unwrap_or(mode.at), format!("`{}` without `caCertificates`", mode.value))
        .label("the server is checked against the certificate authorities of the proxy's image")
        .help("name the certificates of the authority, if it is not a public one");
}
