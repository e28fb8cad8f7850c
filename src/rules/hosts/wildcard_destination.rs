use crate::mesh::{Mesh, ServiceLookup, has_wildcard};
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// A destination with a wildcard must be the host of a ServiceEntry.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for target in mesh.targets(service).into_iter().filter(|target| has_wildcard(&target.full)) {
        let found = mesh.service(&target.full, service.meta.namespace);
        let in_cluster = mesh.settings.kubernetes_name(&target.full).is_some();
        if !(matches!(found, ServiceLookup::Missing) || in_cluster && found.service().is_none()) {
            continue;
        }
        let host = target.host;
        let draft = report
            .at(&service.meta, host.at, format!("no ServiceEntry has the host `{}`", host.value))
            .label("only a wildcard that is declared has a cluster");
        match mesh.wildcard_services(&target.full).next() {
            Some(near) => draft.related(near.at, "declared").help(format!("send the traffic to `{}`", near.host)),
            None => draft.help("name one service, or declare the wildcard in a ServiceEntry"),
        };
    }
}
