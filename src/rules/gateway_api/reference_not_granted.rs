use crate::mesh::Mesh;
use crate::model::Kind;
use crate::rules::Report;

use super::references::{routes, services};

/// A reference into another namespace, which has to allow it.
struct Wanted<'m> {
    from: Kind,
    from_namespace: &'m str,
    /// `Service` or `Secret`, both of the core group.
    to: Kind,
    name: &'m str,
}

/// References into another namespace without a ReferenceGrant there.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for reference in routes(mesh).flat_map(services).filter(|reference| !reference.parent) {
        let (meta, namespace, name) = (reference.meta, reference.namespace, reference.name);
        let wanted = Wanted { from: meta.kind, from_namespace: meta.namespace, to: Kind::Service, name: name.value };
        if !is_granted(mesh, namespace, &wanted) {
            say(
                report.at(meta, reference.at, format!("namespace `{namespace}` does not grant this reference")),
                &wanted,
            );
        }
    }
    for gateway in &mesh.resources.k8s_gateways {
        let certificates = gateway.spec.listeners.iter().filter_map(|listener| listener.tls.as_ref());
        for reference in certificates.flat_map(|tls| &tls.certificate_refs) {
            let (Some(name), Some(namespace)) = (reference.name, reference.namespace) else { continue };
            let meta = &gateway.meta;
            let wanted = Wanted { from: meta.kind, from_namespace: meta.namespace, to: Kind::Secret, name: name.value };
            if reference.kind.is_none_or(|kind| kind.value == "Secret") && !is_granted(mesh, namespace.value, &wanted) {
                let message = format!("namespace `{}` does not grant this reference", namespace.value);
                say(report.at(meta, reference.node.head(), message), &wanted);
            }
        }
    }
}

fn say(draft: crate::rules::Draft<'_>, wanted: &Wanted<'_>) {
    let effect = match wanted.to {
        Kind::Secret => "the listener has no certificate",
        _ => "requests are answered with `500`",
    };
    draft.label(effect).help(format!(
        "add a ReferenceGrant there, from {} of namespace `{}` to {}",
        wanted.from.name(),
        wanted.from_namespace,
        wanted.to.name(),
    ));
}

/// Whether the reference needs no grant, has one, or may have one that the input does not show.
fn is_granted(mesh: &Mesh<'_>, namespace: &str, wanted: &Wanted<'_>) -> bool {
    let shown = mesh.is_complete(Kind::ReferenceGrant, namespace) || mesh.is_complete(wanted.to, namespace);
    !shown || mesh.grants((wanted.from, wanted.from_namespace), (wanted.to, namespace), wanted.name)
}
