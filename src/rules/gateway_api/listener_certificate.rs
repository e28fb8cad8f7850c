use crate::mesh::{KeyPair, Mesh, Reference};
use crate::model::gateway_api::{K8sGateway, Listener, ObjectRef};
use crate::model::{Meta, Object};
use crate::rules::Report;

/// Listeners that end TLS need a certificate.
pub fn check<'m>(mesh: &Mesh<'m>, gateway: &'m Object<'m, K8sGateway<'m>>, report: &mut Report) {
    for listener in gateway.spec.listeners.iter().filter(|listener| ends_tls(listener)) {
        let tls = listener.tls.as_ref();
        let references = tls.map_or(&[][..], |tls| &tls.certificate_refs);
        if references.is_empty() && tls.is_none_or(|tls| tls.options.is_empty()) {
            let name = listener.name.map_or(listener.node.head(), |name| name.at);
            report
                .at(&gateway.meta, name, "this listener has no certificate")
                .label("it cannot end TLS")
                .help("name a Secret with `tls.certificateRefs`");
        }
        for reference in references {
            check_reference(mesh, report, &gateway.meta, reference);
        }
    }
}

fn ends_tls(listener: &Listener<'_>) -> bool {
    let protocol = listener.protocol.map_or("", |protocol| protocol.value);
    let mode = listener.tls.as_ref().and_then(|tls| tls.mode).map_or("Terminate", |mode| mode.value);
    ["HTTPS", "TLS"].contains(&protocol) && mode == "Terminate"
}

fn check_reference<'m>(mesh: &Mesh<'m>, report: &mut Report, meta: &Meta<'m>, reference: &ObjectRef<'m>) {
    let is_secret = reference.kind.is_none_or(|kind| kind.value == "Secret");
    let Some(name) = reference.name.filter(|name| is_secret && !name.is_placeholder()) else { return };
    let namespace = reference.namespace.map_or(meta.namespace, |namespace| namespace.value);
    match mesh.secret(namespace, name.value) {
        Reference::Missing if !is_made(meta) => {
            report
                .at(meta, name.at, format!("no Secret `{}` in namespace `{namespace}`", name.value))
                .label("the listener has no certificate")
                .help("create the Secret, or correct its name");
        }
        Reference::Found(secret) if KeyPair::of(&secret.spec).is_none() => {
            report
                .at(meta, name.at, format!("Secret `{}` has no certificate", name.value))
                .label("the listener cannot end TLS")
                .related(secret.meta.at(), "`tls.crt` and `tls.key` are needed")
                .help("use a Secret of type `kubernetes.io/tls`");
        }
        Reference::Found(_) | Reference::Missing | Reference::Unknown => {}
    }
}

/// Whether cert-manager makes the Secrets that the Gateway names (<https://cert-manager.io/docs/usage/gateway/>).
fn is_made(meta: &Meta<'_>) -> bool {
    ["cert-manager.io/issuer", "cert-manager.io/cluster-issuer"].iter().any(|key| meta.annotations.get(key).is_some())
}
