use crate::mesh::Mesh;
use crate::rules::Report;

/// A node port leads past all proxies of clients: what comes in that way does not follow the VirtualService.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
        if !mesh.applies_to_sidecars(&service.spec) {
            continue;
        }
        for host in &service.spec.hosts {
            let full = mesh.full_name(host.value, service.meta.namespace);
            for target in mesh.services_named(&full) {
                let Some(kubernetes) = target.kubernetes() else { continue };
                let Some(kind) = kubernetes.spec.r#type else { continue };
                if !["NodePort", "LoadBalancer"].contains(&kind.value) {
                    continue;
                }
                report
                    .at(
                        &kubernetes.meta,
                        kind.at,
                        format!("requests from outside pass by the routes of `{}`", service.meta.name.value),
                    )
                    .label("what comes in here goes straight to the pods")
                    .related(host.at, "these routes are followed by clients in the mesh only")
                    .help("let requests in through a Gateway, and make this Service `ClusterIP`");
            }
        }
    }
}
