use rustc_hash::FxHashSet;

use crate::mesh::{KeyPair, Mesh, ServerRef, has_wildcard};
use crate::model::Str;
use crate::rules::{Report, words};

/// A server that ends TLS for every name should have a reason to.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut seen = FxHashSet::default();
    for proxy in mesh.gateway_proxies() {
        let servers: Vec<_> = proxy.servers().filter(ServerRef::terminates_tls).collect();
        for server in &servers {
            let Some((_, _, text)) = server.hosts().find(|(_, host, _)| *host == "*") else { continue };
            if !seen.insert(text.at) {
                continue;
            }
            let port = proxy.listening_port(server);
            let named = servers
                .iter()
                .find(|other| proxy.listening_port(other) == port && other.hosts().any(|(_, host, _)| host != "*"));
            if let Some(named) = named {
                let draft = report.at(
                    &server.gateway.meta,
                    text.at,
                    "every name that no other server has gets this certificate",
                );
                let draft = draft.label("also names that are not yours, or spelt wrongly");
                let at = named.server.hosts.first().map_or(named.gateway.meta.at(), |host| host.at);
                draft
                    .related(at, "other servers of the port have names")
                    .help("list the hosts that the certificate is for");
            } else {
                check_certificate(mesh, server, &text, report);
            }
        }
    }
}

/// `*` with a certificate for certain names.
fn check_certificate<'m>(mesh: &Mesh<'m>, server: &ServerRef<'m>, text: &Str<'m>, report: &mut Report) {
    for credential in mesh.credentials_of(*server) {
        let Some(secret) = mesh.credential_secret(&credential).found() else { continue };
        let Some(Ok(certificate)) = KeyPair::of(&secret.spec).map(|pair| pair.certificate()) else { continue };
        let names: Vec<_> = certificate.dns_names.iter().map(String::as_str).collect();
        if names.is_empty() || names.iter().any(|name| has_wildcard(name)) {
            continue;
        }
        let message = format!("`*` is served with a certificate for {} only", words::list(&names));
        let draft = report.at(&server.gateway.meta, text.at, message).label("clients refuse it for any other name");
        draft.related(credential.text.at, "this certificate").help("list the hosts that the certificate is for");
    }
}
