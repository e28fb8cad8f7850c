use crate::mesh::{Mesh, host_subset_of};
use crate::rules::Report;

/// Each server name must be one that the VirtualService is for. Names are compared as they are written.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
        let hosts = &service.spec.hosts;
        if hosts.is_empty() || hosts.iter().any(|host| host.is_placeholder()) {
            continue;
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
}
