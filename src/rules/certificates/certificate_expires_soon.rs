use crate::mesh::{KeyPair, Mesh};
use crate::rules::Report;

use super::date;

/// Within so many days a certificate should be renewed.
const DAYS: i64 = 30;

/// The certificate of a server should not be about to expire.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let now = mesh.settings.now();
    for credential in mesh.server_credentials() {
        let Some(secret) = mesh.credential_secret(&credential).found() else { continue };
        let Some(pair) = KeyPair::of(&secret.spec) else { continue };
        let Ok(certificate) = pair.certificate() else { continue };
        let left = certificate.not_after - now;
        if !(0..DAYS * date::SECONDS_OF_DAY).contains(&left) {
            continue;
        }
        let until = date::day(certificate.not_after);
        let message = format!("the certificate of Secret `{}` expires on {until}", secret.meta.full_name());
        report
            .at(&credential.server.gateway.meta, credential.text.at, message)
            .label("connections to this server fail from then on")
            .related(pair.certificate_text().at, "this certificate")
            .help("renew the certificate");
    }
}
