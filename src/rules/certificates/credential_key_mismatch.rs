use crate::mesh::{KeyPair, Mesh};
use crate::rules::Report;

/// Certificate and private key of a Secret must belong together.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for credential in mesh.server_credentials() {
        let Some(secret) = mesh.credential_secret(&credential).found() else { continue };
        let Some(pair) = KeyPair::of(&secret.spec) else { continue };
        let (Ok(certificate), Ok(key)) = (pair.certificate(), pair.key()) else { continue };
        if certificate.is_of(&key) != Some(false) {
            continue;
        }
        let message = format!("certificate and key of Secret `{}` do not belong together", secret.meta.full_name());
        report
            .at(&credential.server.gateway.meta, credential.text.at, message)
            .label("Envoy refuses the pair, and connections to this server fail")
            .related(pair.certificate_text().at, "the certificate is of another key")
            .help("put the key there that the certificate was made with");
    }
}
