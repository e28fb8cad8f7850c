use crate::finding::nearest;
use crate::mesh::{Mesh, ServerCredential};
use crate::rules::{Report, words};

/// The Secret of a server must exist.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for credential in mesh.server_credentials() {
        // One that is in another namespace has a rule of its own.
        if !mesh.credential_secret(&credential).is_missing() || mesh.secret_elsewhere(&credential).is_some() {
            continue;
        }
        let message = format!("Secret `{}` not found", credential.place());
        let draft = report.at(&credential.server.gateway.meta, credential.text.at, message);
        let draft = draft.label("without certificate the proxy refuses connections");
        match nearest(credential.name, names(mesh, &credential)) {
            Some(near) => draft.help(format!("did you mean `{near}`?")),
            None => {
                let namespaces = words::namespaces(&credential.namespaces);
                draft.help(format!("create the Secret in {namespaces}, where the proxies of the Gateway run"))
            }
        };
    }
}

/// The Secrets beside the proxies.
fn names<'m>(mesh: &Mesh<'m>, credential: &ServerCredential<'m>) -> impl Iterator<Item = &'m str> {
    let secrets = mesh.resources.secrets.iter().map(|secret| &secret.meta);
    secrets.filter(|meta| credential.namespaces.contains(&meta.namespace)).map(|meta| meta.name.value)
}
