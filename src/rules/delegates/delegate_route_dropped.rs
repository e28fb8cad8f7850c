use crate::mesh::{DelegateLookup, Mesh, dropped_match};
use crate::rules::Report;

/// What a delegate matches must be part of what its root matches.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for root in mesh.resources.virtual_services.iter().filter(|service| !service.spec.is_delegate()) {
        for outer in &root.spec.http {
            let Some(delegate) = &outer.delegate else { continue };
            let DelegateLookup::Found(delegate) = mesh.delegate(root, delegate) else { continue };
            for route in &delegate.spec.http {
                let Some((_, conflicts)) = dropped_match(root, outer, delegate, route) else { continue };
                let Some(conflict) = conflicts.first() else { continue };
                report
                    .at(&delegate.meta, route.node.head(), "this route of a delegate disappears")
                    .label(format!("its {} does not lie within that of the root", conflict.field))
                    .related(conflict.at, "the delegate asks for this")
                    .related(conflict.root_at, format!("`{}` lets only this through", root.meta.full_name()))
                    .help("match part of what the root matches; regular expressions never do");
            }
        }
    }
}
