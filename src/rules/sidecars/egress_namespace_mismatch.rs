use crate::mesh::{EgressHost, Mesh};
use crate::model::Object;
use crate::model::networking::Sidecar;
use crate::rules::Report;

/// The part before the slash is the namespace of the service, not that of the client.
pub fn check<'m>(mesh: &Mesh<'m>, sidecar: &'m Object<'m, Sidecar<'m>>, report: &mut Report) {
    for text in sidecar.spec.egress.iter().flat_map(|listener| &listener.hosts) {
        let Some(egress) = EgressHost::parse(*text, sidecar.meta.namespace) else { continue };
        let (Some(written), Some((_, of_host))) = (egress.namespace, mesh.settings.kubernetes_name(egress.host)) else {
            continue;
        };
        // A ServiceEntry may have the name of a Kubernetes Service and live elsewhere.
        let exists = mesh.services_named(egress.host).any(|service| service.namespace == written);
        if written == of_host || exists || text.is_placeholder() || of_host.contains('*') {
            continue;
        }
        report
            .at(&sidecar.meta, text.at, format!("`{}` is not in namespace `{written}`", egress.host))
            .label("lets nothing in: the part before the slash is the namespace of the service")
            .help(format!("write `{of_host}/{}`", egress.host));
    }
}
