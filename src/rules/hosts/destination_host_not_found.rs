use crate::mesh::{Mesh, ServiceLookup};
use crate::rules::Report;

/// Every destination of a VirtualService must be a service that the input has and that is exported to it.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
        let namespace = service.meta.namespace;
        for used in service.spec.destinations() {
            let Some(host) = used.destination.host else { continue };
            let full = mesh.full_name(host.value, namespace);
            // A half-qualified name has a rule of its own, with a better help.
            let ServiceLookup::Missing = mesh.service(&full, namespace) else { continue };
            if mesh.half_qualified(host.value).is_some() || mesh.wildcard_services(&full).next().is_some() {
                continue;
            }
            let what = if used.mirror { "mirror" } else { "destination" };
            let draft = report.at(&service.meta, host.at, format!("{what} host `{host}` not found", host = host.value));
            let draft = draft.label(format!("no Service or ServiceEntry is called `{full}`"));
            match mesh.nearest_host(host.value, namespace) {
                Some(near) => draft.help(format!("did you mean `{near}`?")),
                None => draft.help("define the service, or correct the name"),
            };
        }
    }
}
