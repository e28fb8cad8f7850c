use crate::finding::nearest;
use crate::mesh::{Mesh, Reference};
use crate::rules::Report;

use super::references::{gateways, routes};

/// Routes of Gateways that do not exist.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for route in routes(mesh) {
        for (_, name, namespace) in gateways(route) {
            let Reference::Missing = mesh.k8s_gateway(namespace, name.value) else { continue };
            let all = mesh.resources.k8s_gateways.iter();
            let names =
                all.filter(|gateway| gateway.meta.namespace == namespace).map(|gateway| gateway.meta.name.value);
            let draft = report
                .at(&route.meta, name.at, format!("no Gateway `{}` in namespace `{namespace}`", name.value))
                .label("the route is attached to nothing");
            match nearest(name.value, names) {
                Some(near) => draft.help(format!("did you mean `{near}`?")),
                None => draft.help("correct the name, or name the namespace of the Gateway"),
            };
        }
    }
}
