use crate::mesh::{Mesh, host_subset_of};
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Each server name must be one that the VirtualService is for. Names are compared as they are written.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    let hosts = &service.spec.hosts;
    if hosts.is_empty() || hosts.iter().any(|host| host.is_placeholder()) {
        return;
    }
    let requests = service.spec.tls.iter().flat_map(|route| &route.r#match);
    for sni in requests.flat_map(|request| &request.sni_hosts).filter(|sni| !sni.is_placeholder()) {
        if !hosts.iter().any(|host| host_subset_of(sni.value, host.value)) {
            report
                .at(&service.meta, sni.at, format!("`{}` is none of the hosts of the VirtualService", sni.value))
                .related(hosts[0].at, "the hosts")
                .help(format!("add `{}` to `spec.hosts`, spelled the same", sni.value));
        }
    }
}
