use crate::format::{Certificate, Reason};
use crate::mesh::{KeyPair, Mesh, ServerCredential};
use crate::model::Object;
use crate::model::kubernetes::Secret;
use crate::rules::Report;
use crate::source::Span;

use super::date;

/// The Secret of a server must hold a certificate that is valid now, and a private key.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let now = mesh.settings.now();
    for credential in mesh.server_credentials() {
        let Some(secret) = mesh.credential_secret(&credential).found() else { continue };
        let Some(problem) = problem(secret, now) else { continue };
        report_problem(&credential, problem, report);
    }
}

/// What is wrong, where, and what to do.
struct Problem {
    text: String,
    at: Span,
    help: &'static str,
}

fn problem(secret: &Object<'_, Secret<'_>>, now: i64) -> Option<Problem> {
    let Some(pair) = KeyPair::of(&secret.spec) else {
        return Some(Problem {
            text: lacking(secret),
            at: secret.meta.at(),
            help: "give it `tls.crt` and `tls.key`, or `cert` and `key`",
        });
    };
    if pair.is_placeholder() {
        return None;
    }
    let at = pair.certificate_text().at;
    let title = secret.meta.full_name();
    let unreadable = |what: &str, reason: &Reason| Problem {
        text: format!("the {what} of Secret `{title}` cannot be read: {}", reason.message()),
        at,
        help: "put it there in PEM, from `BEGIN` to `END`, and in `data` encode it in base64",
    };
    match (pair.certificate(), pair.key()) {
        (Err(reason), _) => Some(unreadable("certificate", &reason)),
        (_, Err(reason)) => Some(unreadable("key", &reason)),
        (Ok(certificate), Ok(_)) => {
            let text = format!("the certificate of Secret `{title}` {}", untimely(&certificate, now)?);
            Some(Problem { text, at, help: "renew the certificate" })
        }
    }
}

fn lacking(secret: &Object<'_, Secret<'_>>) -> String {
    let title = secret.meta.full_name();
    let has = |names: [&str; 2]| names.iter().any(|name| secret.spec.entry(name).is_some());
    match (has(["tls.crt", "cert"]), has(["tls.key", "key"])) {
        (true, false) => format!("Secret `{title}` has no private key"),
        (false, true) => format!("Secret `{title}` has no certificate"),
        _ => format!("Secret `{title}` has no certificate and no private key"),
    }
}

fn untimely(certificate: &Certificate, now: i64) -> Option<String> {
    if now > certificate.not_after {
        Some(format!("expired on {}", date::day(certificate.not_after)))
    } else if now < certificate.not_before {
        Some(format!("is not valid before {}", date::day(certificate.not_before)))
    } else {
        None
    }
}

fn report_problem(credential: &ServerCredential<'_>, problem: Problem, report: &mut Report) {
    report
        .at(&credential.server.gateway.meta, credential.text.at, problem.text)
        .label("connections to this server fail")
        .related(problem.at, "this Secret")
        .help(problem.help);
}
