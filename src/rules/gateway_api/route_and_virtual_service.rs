use rustc_hash::FxHashMap;

use crate::mesh::Mesh;
use crate::rules::Report;

use super::references::{routes, services};

/// Routes of Gateway API and VirtualServices for the same service.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    if routes(mesh).next().is_none() {
        return;
    }
    let mut served = FxHashMap::default();
    for service in &mesh.resources.virtual_services {
        if mesh.applies_to_sidecars(&service.spec) {
            for host in &service.spec.hosts {
                served.entry(mesh.full_name(host.value, service.meta.namespace)).or_insert((service, *host));
            }
        }
    }
    for reference in routes(mesh).flat_map(services).filter(|reference| reference.parent) {
        let host = mesh.settings.service_host(reference.name.value, reference.namespace);
        let Some((service, at)) = served.get(host.as_str()) else { continue };
        let title = service.meta.full_name();
        report
            .at(reference.meta, reference.name.at, format!("VirtualService `{title}` is for the same service"))
            .label("only one of the two is used")
            .related(at.at, "the other one")
            .help("use one kind of route for a service");
    }
}
