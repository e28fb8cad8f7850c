use std::collections::BTreeMap;

use crate::mesh::{Mesh, ServiceLookup};
use crate::rules::Report;

/// A VirtualService for a service of other namespaces that the default Sidecar of its own namespace does not let in: the
/// clients beside it reach the service without its routes, or not at all.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut scopes = BTreeMap::new();
    for service in &mesh.resources.virtual_services {
        let namespace = service.meta.namespace;
        if !mesh.applies_to_sidecars(&service.spec) || service.spec.is_delegate() {
            continue;
        }
        let scope = scopes.entry(namespace).or_insert_with(|| mesh.default_sidecar_scope(namespace));
        let Some(sidecar) = scope.sidecar else { continue };
        for host in &service.spec.hosts {
            let full = mesh.full_name(host.value, namespace);
            if scope.imports_virtual_service(&full, namespace) || host.is_placeholder() {
                continue;
            }
            let ServiceLookup::Found(_) = mesh.service(&full, namespace) else { continue };
            report
                .at(&service.meta, host.at, format!("the Sidecar of namespace `{namespace}` hides these routes"))
                .label("proxies of the namespace do not know this VirtualService")
                .related(sidecar.meta.at(), "no `egress` host of this Sidecar lets it in")
                .help(format!("add `{namespace}/{full}` to the `egress` hosts of the Sidecar"));
        }
    }
}
