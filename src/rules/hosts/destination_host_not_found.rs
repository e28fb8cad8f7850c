use crate::mesh::{Mesh, ServiceLookup, has_wildcard};
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Every destination of a VirtualService must be a service that the input has.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    let namespace = service.meta.namespace;
    for target in mesh.targets(service) {
        let ServiceLookup::Missing = mesh.service(&target.full, namespace) else { continue };
        let (host, full) = (target.host, &target.full);
        // These have rules of their own, with a better help.
        let explained = mesh.half_qualified(host.value).is_some() || mesh.elsewhere(host.value, namespace).is_some();
        if explained || has_wildcard(full) {
            continue;
        }
        let what = if target.used.mirror { "mirror" } else { "destination" };
        let draft = report
            .at(&service.meta, host.at, format!("{what} host `{}` not found", host.value))
            .label(format!("no Service or ServiceEntry is called `{full}`"));
        if let Some(wildcard) = mesh.wildcard_services(full).next() {
            draft
                .related(wildcard.at, "a wildcard makes one cluster, called as it is written")
                .help(format!("send the traffic to `{}`, or declare `{full}`", wildcard.host));
            continue;
        }
        match mesh.nearest_host(host.value, namespace) {
            Some(near) => draft.help(format!("did you mean `{near}`?")),
            None => draft.help("define the service, or correct the name"),
        };
    }
}
