use crate::mesh::{Mesh, MutualTlsMode, host_subset_of};
use crate::rules::Report;

/// Without auto mTLS: clients of a whole namespace or mesh use mutual TLS that no PeerAuthentication demands.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    if mesh.settings.auto_mtls {
        return;
    }
    let domain = &mesh.settings.options.cluster_domain;
    for (host, mode, rule) in mesh.istio_mutual_rules() {
        let covers = |namespace: &str| host_subset_of(&format!("*.{namespace}.svc.{domain}"), &host);
        let root = mesh.settings.root_namespace;
        let namespace = match covers("-") {
            true => root,
            false if covers(rule.meta.namespace) => rule.meta.namespace,
            false => continue,
        };
        let (mode_in_force, decided) = mesh.default_mutual_tls(namespace);
        if decided.is_some() && mode_in_force != MutualTlsMode::Disable {
            continue;
        }
        report
            .at(&rule.meta, mode.at, format!("nothing demands the mutual TLS of clients of `{host}`"))
            .label("plain text of other clients is taken as well")
            .help("add a PeerAuthentication of mode `STRICT`");
    }
}
