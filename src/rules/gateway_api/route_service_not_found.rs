use crate::mesh::{Mesh, ServiceLookup};
use crate::rules::Report;

use super::references::{routes, services};

/// Routes that name a Service which does not exist.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for reference in routes(mesh).flat_map(services) {
        let (name, namespace) = (reference.name, reference.namespace);
        if name.is_placeholder() {
            continue;
        }
        let host = mesh.settings.service_host(name.value, namespace);
        let ServiceLookup::Missing = mesh.service(&host, namespace) else { continue };
        let effect = match reference.parent {
            true => "the route is for nothing",
            false => "requests are answered with `500`",
        };
        let draft = report
            .at(reference.meta, reference.at, format!("no Service `{}` in namespace `{namespace}`", name.value))
            .label(effect);
        match mesh.nearest_host(name.value, namespace) {
            Some(near) => draft.help(format!("did you mean `{near}`?")),
            None => draft.help("correct the name, which must have no dots, or the namespace"),
        };
    }
}
