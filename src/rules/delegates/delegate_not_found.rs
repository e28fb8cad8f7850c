use crate::mesh::{DelegateLookup, Mesh};
use crate::rules::Report;

/// A delegate must exist, have no hosts and be exported to the root.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for root in mesh.resources.virtual_services.iter().filter(|service| !service.spec.is_delegate()) {
        for route in &root.spec.http {
            let Some(delegate) = &route.delegate else { continue };
            let Some(name) = delegate.name else { continue };
            let full = format!("{}/{}", delegate.namespace_or(root.meta.namespace), name.value);
            let at = route.node.key_at("delegate").unwrap_or(name.at);
            let (message, help, other) = match mesh.delegate(root, delegate) {
                DelegateLookup::Found(_) | DelegateLookup::Unknown => continue,
                DelegateLookup::Missing => {
                    (format!("delegate `{full}` not found"), "correct the name, or add the VirtualService", None)
                }
                DelegateLookup::NotADelegate(other) => (
                    format!("`{full}` has hosts, so it is no delegate"),
                    "remove its `hosts`, or route to its destinations here",
                    Some((other, "this VirtualService stands for itself")),
                ),
                DelegateLookup::Hidden(other) => (
                    format!("delegate `{full}` is not exported to namespace `{}`", root.meta.namespace),
                    "add the namespace to its `exportTo`",
                    Some((other, "its `exportTo` leaves the namespace out")),
                ),
            };
            let draft = report.at(&root.meta, at, message).label("this route disappears").help(help);
            if let Some((other, text)) = other {
                draft.related(other.meta.at(), text);
            }
        }
    }
}
