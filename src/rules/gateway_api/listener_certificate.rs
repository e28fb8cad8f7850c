use rustc_hash::FxHashMap;

use crate::mesh::Mesh;
use crate::model::gateway_api::{Listener, ObjectRef};
use crate::model::kubernetes::Secret;
use crate::model::{Kind, Meta, Object};
use crate::rules::Report;

/// By namespace and name.
type Secrets<'m> = FxHashMap<(&'m str, &'m str), &'m Object<'m, Secret<'m>>>;

/// Listeners that end TLS need a certificate.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let secrets = mesh.resources.secrets.iter();
    let secrets = secrets.map(|secret| ((secret.meta.namespace, secret.meta.name.value), secret)).collect();
    for gateway in &mesh.resources.k8s_gateways {
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
                check_reference(mesh, &secrets, report, &gateway.meta, reference);
            }
        }
    }
}

fn ends_tls(listener: &Listener<'_>) -> bool {
    let protocol = listener.protocol.map_or("", |protocol| protocol.value);
    let mode = listener.tls.as_ref().and_then(|tls| tls.mode).map_or("Terminate", |mode| mode.value);
    ["HTTPS", "TLS"].contains(&protocol) && mode == "Terminate"
}

fn check_reference<'m>(
    mesh: &Mesh<'m>,
    secrets: &Secrets<'m>,
    report: &mut Report,
    meta: &Meta<'m>,
    reference: &ObjectRef<'m>,
) {
    let is_secret = reference.kind.is_none_or(|kind| kind.value == "Secret");
    let Some(name) = reference.name.filter(|name| is_secret && !name.is_placeholder()) else { return };
    let namespace = reference.namespace.map_or(meta.namespace, |namespace| namespace.value);
    match secrets.get(&(namespace, name.value)) {
        None if mesh.is_complete(Kind::Secret, namespace) => {
            report
                .at(meta, name.at, format!("no Secret `{}` in namespace `{namespace}`", name.value))
                .label("the listener has no certificate")
                .help("create the Secret, or correct its name");
        }
        Some(secret) => {
            let has = |key: &str| secret.spec.data.get(key).is_some() || secret.spec.string_data.get(key).is_some();
            if has("tls.crt") && has("tls.key") {
                return;
            }
            report
                .at(meta, name.at, format!("Secret `{}` has no certificate", name.value))
                .label("the listener cannot end TLS")
                .related(secret.meta.at(), "`tls.crt` and `tls.key` are needed")
                .help("use a Secret of type `kubernetes.io/tls`");
        }
        None => {}
    }
}
