use crate::format::Certificate;
use crate::mesh::{KeyPair, Mesh, ServerRef, has_wildcard, host_matches};
use crate::model::Object;
use crate::model::networking::Gateway;
use crate::rules::{Report, words};

/// A certificate of a server must be for each of its hosts.
pub fn check<'m>(mesh: &Mesh<'m>, gateway: &'m Object<'m, Gateway<'m>>, report: &mut Report) {
    for server in mesh.servers(gateway) {
        check_server(mesh, server, report);
    }
}

fn check_server<'m>(mesh: &Mesh<'m>, server: ServerRef<'m>, report: &mut Report) {
    let credentials = mesh.credentials_of(server);
    let secrets: Vec<_> = credentials.iter().map(|credential| mesh.credential_secret(credential).found()).collect();
    // Any certificate may be the one for a host: all must be known.
    let pairs: Option<Vec<_>> = secrets.iter().map(|secret| KeyPair::of(&(*secret)?.spec)).collect();
    let Some(pairs) = pairs.filter(|pairs| !pairs.is_empty()) else { return };
    let Ok(certificates) = pairs.iter().map(KeyPair::certificate).collect::<Result<Vec<_>, _>>() else { return };
    for (_, host, text) in server.hosts().filter(|(_, host, text)| *host != "*" && !text.is_placeholder()) {
        if certificates.iter().any(|certificate| serves(certificate, host)) {
            continue;
        }
        let draft = report.at(&server.gateway.meta, text.at, format!("the certificate is not for `{host}`"));
        let mut draft = draft.label("clients refuse the connection");
        for ((credential, pair), certificate) in credentials.iter().zip(&pairs).zip(&certificates) {
            draft = draft.related(credential.text.at, "takes the certificate from this Secret");
            draft = draft.related(pair.certificate_text().at, names(certificate));
        }
        draft.help(format!("use a certificate that has `{host}` among its DNS names"));
    }
}

/// A wildcard of the server may be narrowed by the certificate.
fn serves(certificate: &Certificate, host: &str) -> bool {
    let narrowed = || certificate.dns_names.iter().any(|name| host_matches(&name.to_ascii_lowercase(), host));
    certificate.covers(host) || has_wildcard(host) && narrowed()
}

fn names(certificate: &Certificate) -> String {
    let names: Vec<_> = certificate.dns_names.iter().map(String::as_str).collect();
    match names.as_slice() {
        [] => "a certificate without DNS names".to_owned(),
        names => format!("for {}", words::list(names)),
    }
}
