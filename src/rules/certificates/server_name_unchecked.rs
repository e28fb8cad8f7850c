use crate::mesh::{Mesh, Origin};
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

/// Whoever writes `sni` must also write which names the certificate may have.
pub fn check<'m>(mesh: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    let Some(host) = rule.spec.host else { return };
    for tls in rule.spec.tls_settings().filter(|tls| tls.originates() && tls.subject_alt_names.is_empty()) {
        let Some(sni) = tls.sni.filter(|sni| !sni.is_empty()) else { continue };
        let unverified = tls.insecure_skip_verify.is_some_and(|skip| skip.value);
        let full = mesh.full_name(host.value, rule.meta.namespace);
        let named = mesh
            .services_matching(&full)
            .any(|service| matches!(service.origin, Origin::Entry(entry) if !entry.spec.subject_alt_names.is_empty()));
        if unverified || named {
            continue;
        }
        report
            .at(
                &rule.meta,
                sni.at,
                "with `sni` but without `subjectAltNames` the name in the certificate is not checked",
            )
            .label("any certificate of a trusted authority will do")
            .help(format!("add `subjectAltNames: [{}]`", sni.value));
    }
}
