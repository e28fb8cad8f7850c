use crate::mesh::{Mesh, has_wildcard, host_subset_of};
use crate::rules::Report;

/// Without auto mTLS: a DestinationRule for a host takes the place of the one that turns mutual TLS on for all.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    if mesh.settings.auto_mtls {
        return;
    }
    let wide: Vec<_> = mesh.istio_mutual_rules().filter(|(host, _, _)| has_wildcard(host)).collect();
    for rule in &mesh.resources.destination_rules {
        let Some(host) = rule.spec.host else { continue };
        let tls = rule.spec.policies().any(|(_, policy)| {
            policy.tls.is_some() || policy.port_level_settings.iter().any(|settings| settings.tls.is_some())
        });
        if tls {
            continue;
        }
        let full = mesh.full_name(host.value, rule.meta.namespace);
        let Some((_, mode, _)) = wide.iter().find(|(other, _, _)| *other != full && host_subset_of(&full, other))
        else {
            continue;
        };
        let at = rule.spec.node.key_at("trafficPolicy").unwrap_or(host.at);
        report
            .at(&rule.meta, at, format!("clients of `{}` send plain text", host.value))
            .label("auto mTLS is off, and this rule has no `tls`")
            .related(mode.at, "this does not hold here: rules of other hosts are not merged")
            .help("add `tls` with mode `ISTIO_MUTUAL`");
    }
}
