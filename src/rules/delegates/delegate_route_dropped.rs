use crate::finding::Severity;
use crate::mesh::{DelegateLookup, MatchConflict, Mesh, dropped_match};
use crate::model::Object;
use crate::model::virtual_service::{HttpRoute, VirtualService};
use crate::rules::Report;

/// What a delegate matches must be part of what its root matches.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for delegate in mesh.resources.virtual_services.iter().filter(|service| service.spec.is_delegate()) {
        let delegations = delegations(mesh, delegate);
        for route in &delegate.spec.http {
            let dropped = delegations.iter().filter_map(|(root, root_route)| {
                let (_, conflicts) = dropped_match(root, root_route, delegate, route)?;
                Some((*root, conflicts.into_iter().next()?))
            });
            let dropped: Vec<(_, MatchConflict)> = dropped.collect();
            let [(_, first), ..] = dropped.as_slice() else { continue };
            let mut draft = report
                .at(&delegate.meta, route.node.head(), "this route of a delegate disappears")
                .label(format!("its {} does not lie within that of the root", first.field))
                .related(first.at, "the delegate asks for this")
                .help("match part of what the root matches; regular expressions never do");
            for (root, conflict) in &dropped {
                draft = draft.related(conflict.root_at, format!("`{}` lets only this through", root.meta.full_name()));
            }
            if dropped.len() < delegations.len() {
                draft.severity(Severity::Warning);
            }
        }
    }
}

/// The routes that delegate to a VirtualService and find it, with their roots.
fn delegations<'m>(
    mesh: &Mesh<'m>,
    delegate: &'m Object<'m, VirtualService<'m>>,
) -> Vec<(&'m Object<'m, VirtualService<'m>>, &'m HttpRoute<'m>)> {
    let roots = mesh.roots(delegate).filter(|root| !root.spec.is_delegate());
    let routes = roots.flat_map(|root| root.spec.http.iter().map(move |route| (root, route)));
    let to_it = routes.filter(|(root, route)| {
        let found = route.delegate.as_ref().map(|named| mesh.delegate(root, named));
        matches!(found, Some(DelegateLookup::Found(found)) if std::ptr::eq(found, delegate))
    });
    to_it.collect()
}
