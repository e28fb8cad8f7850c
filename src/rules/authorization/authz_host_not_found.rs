use crate::mesh::{Mesh, ServiceLookup};
use crate::model::Object;
use crate::model::authorization::Subject;
use crate::model::security::AuthorizationPolicy;
use crate::rules::Report;

/// A host of a policy that looks like a service of the mesh, but is none.
pub fn check<'m>(mesh: &Mesh<'m>, policy: &'m Object<'m, AuthorizationPolicy<'m>>, report: &mut Report) {
    let own = policy.meta.namespace;
    for list in policy.spec.constraints().filter(|list| list.subject == Subject::Host) {
        for value in list.values {
            let host = value.value.split(':').next().unwrap_or_default();
            let (name, namespace) = host.split_once('.').unwrap_or((host, own));
            let is_short = namespace == own || !namespace.contains('.') && mesh.has_namespace(namespace);
            if !is_short || name.is_empty() || host.contains('*') {
                continue;
            }
            let full = mesh.settings.service_host(name, namespace);
            let ServiceLookup::Missing = mesh.service(&full, own) else { continue };
            if mesh.services_named(host).next().is_some() || is_routed(mesh, host) {
                continue;
            }
            report
                .at(&policy.meta, value.at, format!("no service `{name}` in namespace `{namespace}`"))
                .label("matches only requests that claim this host")
                .help("correct the host, if it is to be that of a service");
        }
    }
}

/// Whether a VirtualService serves a host of this very name.
fn is_routed(mesh: &Mesh<'_>, host: &str) -> bool {
    let mut hosts = mesh.resources.virtual_services.iter().flat_map(|service| &service.spec.hosts);
    hosts.any(|own| own.value == host)
}
