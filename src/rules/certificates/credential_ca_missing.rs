use crate::mesh::{Mesh, Reference, ServerCredential};
use crate::rules::Report;

/// A server that asks clients for certificates must have the authority that issues them.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut last = None;
    for credential in mesh.server_credentials() {
        // The authority is that of the first name of a server.
        let server = credential.server.server;
        let first = last.replace(std::ptr::from_ref(server)) != Some(std::ptr::from_ref(server));
        if !first || !matches!(credential.server.tls_mode(), Some("MUTUAL" | "OPTIONAL_MUTUAL")) {
            continue;
        }
        let own = server.tls.as_ref().and_then(|tls| tls.ca_cert_credential_name);
        let named = own.and_then(|text| mesh.credential(credential.server, text));
        match (own, named) {
            (Some(_), None) => {}
            (Some(_), Some(named)) => check_named(mesh, &named, report),
            (None, _) => check_default(mesh, &credential, report),
        }
    }
}

/// The Secret of `caCertCredentialName`.
fn check_named(mesh: &Mesh<'_>, named: &ServerCredential<'_>, report: &mut Report) {
    let message = match has_authority(mesh, named, named.name) {
        None | Some(true) => return,
        Some(false) => format!("Secret `{}` has no `ca.crt`", named.place()),
    };
    report
        .at(&named.server.gateway.meta, named.text.at, message)
        .label("no client certificate is accepted")
        .help("put the certificate of the authority that issues client certificates there, as `ca.crt`");
}

/// The Secret with the certificate, or one of the same name with `-cacert` at its end.
fn check_default(mesh: &Mesh<'_>, credential: &ServerCredential<'_>, report: &mut Report) {
    let beside = format!("{}-cacert", credential.name);
    let answers = [has_authority(mesh, credential, credential.name), has_authority(mesh, credential, &beside)];
    if answers != [Some(false), Some(false)] {
        return;
    }
    let message = format!("Secret `{}` has no `ca.crt`, and there is no `{beside}`", credential.place());
    report
        .at(&credential.server.gateway.meta, credential.text.at, message)
        .label("client certificates are demanded, but none can be verified")
        .help(format!("add `ca.crt` to the Secret, or create a Secret `{beside}` that has it"));
}

/// Whether a Secret in the namespace of the proxies has the certificate of an authority. A missing Secret has not; one that
/// is unknown, or that is found but is nowhere where the proxies are, does not tell.
fn has_authority(mesh: &Mesh<'_>, credential: &ServerCredential<'_>, name: &str) -> Option<bool> {
    let own = [credential.server.gateway.meta.namespace];
    let namespaces = if credential.namespaces.is_empty() { &own[..] } else { &credential.namespaces };
    let mut missing = false;
    for namespace in namespaces {
        match mesh.secret(namespace, name) {
            Reference::Found(secret) => {
                return Some(["cacert", "ca.crt"].iter().any(|key| secret.spec.entry(key).is_some()));
            }
            Reference::Missing => missing = true,
            Reference::Unknown => return None,
        }
    }
    // That the Secret itself is missing is another problem.
    (missing && name != credential.name).then_some(false)
}
