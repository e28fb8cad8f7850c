use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// `*` is a host for gateways only.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    if !is_in_mesh(&service.spec) {
        return;
    }
    for host in service.spec.hosts.iter().filter(|host| host.value == "*") {
        report
            .at(&service.meta, host.at, "host `*` in the mesh")
            .label("sidecars take no routes for all hosts at once")
            .help("name the hosts, or bind the VirtualService to a gateway instead of `mesh`");
    }
}

/// Whether the routes are for sidecars. Gateways that are not known may be it.
pub(super) fn is_in_mesh(service: &VirtualService<'_>) -> bool {
    !super::fields::may_be_set(service.node, "gateways")
        || service.gateways.iter().any(|gateway| gateway.value == "mesh")
}
