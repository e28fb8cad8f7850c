use crate::finding::Severity;
use crate::mesh::{Mesh, Reference};
use crate::rules::{Report, words};

/// The Secret of a server must be in the namespace of the proxies.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for credential in mesh.server_credentials() {
        let severity = match mesh.credential_secret(&credential) {
            Reference::Found(_) => continue,
            Reference::Missing => Severity::Error,
            Reference::Unknown => Severity::Warning,
        };
        let Some(elsewhere) = mesh.secret_elsewhere(&credential) else { continue };
        // Where the Secrets of the proxies are not in the input, a namesake far from the Gateway says nothing.
        if severity == Severity::Warning && elsewhere.meta.namespace != credential.server.gateway.meta.namespace {
            continue;
        }
        let namespaces = words::namespaces(&credential.namespaces);
        let message = format!("Secret `{}` is not in {namespaces}", elsewhere.meta.full_name());
        let draft = report.at(&credential.server.gateway.meta, credential.text.at, message).severity(severity);
        draft
            .label("the proxies run there, and istiod gives them Secrets of their own namespace only")
            .related(elsewhere.meta.at(), "the Secret")
            .help(format!("put the Secret into {namespaces}"));
    }
}
