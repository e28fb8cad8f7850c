use crate::mesh::{Mesh, MutualTlsMode, host_subset_of};
use crate::rules::Report;

/// Without auto mTLS, clients use mutual TLS only where a DestinationRule tells them.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    if mesh.settings.auto_mtls {
        return;
    }
    for policy in &mesh.resources.peer_authentications {
        let mode = policy.spec.mtls.as_ref().and_then(|mtls| mtls.mode);
        let strict = mode.filter(|mode| MutualTlsMode::parse(mode.value) == Some(MutualTlsMode::Strict));
        let (Some(mode), None) = (strict, policy.spec.selector()) else { continue };
        let domain = &mesh.settings.options.cluster_domain;
        let hosts = match policy.meta.namespace == mesh.settings.root_namespace {
            true => format!("*.svc.{domain}"),
            false => format!("*.{}.svc.{domain}", policy.meta.namespace),
        };
        let told = mesh.istio_mutual_rules().any(|(host, _, _)| host_subset_of(&hosts, &host));
        if told {
            continue;
        }
        report
            .at(&policy.meta, mode.at, format!("no DestinationRule tells clients of `{hosts}` to use mutual TLS"))
            .label("auto mTLS is off: clients send plain text, which is refused")
            .help(format!("add a DestinationRule for `{hosts}` with TLS mode `ISTIO_MUTUAL`, or turn auto mTLS on"));
    }
}
