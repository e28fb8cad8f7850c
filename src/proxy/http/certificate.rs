//! `x-forwarded-client-cert`: what upstreams are told of the client's certificate (Envoy 1.40
//! `ConnectionManagerUtility::mutateXfccRequestHeader`).

use crate::envoy::http_connection_manager::{ForwardClientCertDetails as Mode, HttpConnectionManager};
use crate::proxy::record::ClientTlsFacts;
use crate::proxy::tls::Certificate;
use crate::trace::Request;

const HEADER: &str = "x-forwarded-client-cert";

pub fn forward(request: &mut Request, config: &HttpConnectionManager, tls: Option<&ClientTlsFacts>) {
    let mode = config.forward_client_cert_details;
    if mode == Mode::AlwaysForwardOnly {
        return;
    }
    let certified = tls.filter(|_| mode != Mode::Sanitize).and_then(|tls| Some((tls, tls.peer.as_ref()?)));
    let Some((tls, peer)) = certified else { return request.headers.remove(HEADER) };
    if mode == Mode::ForwardOnly {
        return;
    }
    let own = details(config, peer, tls.own.as_ref());
    match request.header(HEADER).filter(|_| mode == Mode::AppendForward) {
        Some(before) => {
            let whole = format!("{before},{own}");
            request.headers.set(HEADER, whole);
        }
        None => request.headers.set(HEADER, own),
    }
}

fn details(config: &HttpConnectionManager, peer: &Certificate, own: Option<&Certificate>) -> String {
    let mut parts: Vec<_> = own.into_iter().flat_map(Certificate::uris).map(|uri| format!("By={uri}")).collect();
    parts.push(format!("Hash={}", peer.fingerprint));
    if let Some(wanted) = &config.set_current_client_cert_details {
        if wanted.cert {
            parts.push(format!("Cert=\"{}\"", url_encoded(&peer.pem)));
        }
        if wanted.chain {
            parts.push(format!("Chain=\"{}\"", url_encoded(&peer.pem)));
        }
        if wanted.subject == Some(true) {
            parts.push(format!("Subject=\"{}\"", peer.subject));
        }
        if wanted.uri {
            match peer.uris().next() {
                None => parts.push("URI=".to_owned()),
                Some(_) => parts.extend(peer.uris().map(|uri| format!("URI={uri}"))),
            }
        }
        if wanted.dns {
            parts.extend(peer.dns_names().map(|name| format!("DNS={name}")));
        }
    }
    parts.join(";")
}

/// As the certificate's PEM is written, whose other letters need no encoding.
fn url_encoded(pem: &str) -> String {
    let mut text = String::with_capacity(pem.len() * 5 / 4);
    for letter in pem.chars() {
        match letter {
            '\n' => text.push_str("%0A"),
            ' ' => text.push_str("%20"),
            '+' => text.push_str("%2B"),
            '/' => text.push_str("%2F"),
            '=' => text.push_str("%3D"),
            letter => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Mode, forward};
    use crate::envoy::http_connection_manager::{HttpConnectionManager, SetCurrentClientCertDetails};
    use crate::proxy::record::ClientTlsFacts;
    use crate::proxy::tls::Certificate;
    use crate::proxy::tls::facts::Name;
    use crate::trace::Request;

    #[test]
    fn certificates_are_told_as_the_mode_says() {
        let wanted = SetCurrentClientCertDetails { subject: Some(true), uri: true, dns: true, ..Default::default() };
        let of = |uri: &str, fingerprint: &str| Certificate {
            names: vec![Name::Uri(uri.to_owned())],
            fingerprint: fingerprint.to_owned(),
            ..Default::default()
        };
        let (peer, own) = (Some(of("spiffe://td/a", "ab")), Some(of("spiffe://td/b", "cd")));
        let tls = ClientTlsFacts { peer, own, ..Default::default() };
        let own = "By=spiffe://td/b;Hash=ab;Subject=\"\";URI=spiffe://td/a";
        let appended = format!("before,{own}");
        let table = [
            (Mode::Sanitize, Some(&tls), None),
            (Mode::SanitizeSet, Some(&tls), Some(own)),
            (Mode::SanitizeSet, None, None),
            (Mode::AppendForward, Some(&tls), Some(appended.as_str())),
            (Mode::ForwardOnly, Some(&tls), Some("before")),
            (Mode::ForwardOnly, None, None),
            (Mode::AlwaysForwardOnly, None, Some("before")),
        ];
        for (mode, tls, expected) in table {
            let config = HttpConnectionManager {
                forward_client_cert_details: mode,
                set_current_client_cert_details: Some(wanted.clone()),
                ..Default::default()
            };
            let mut request = Request::get("a", "/");
            request.headers.add(super::HEADER, "before");
            forward(&mut request, &config, tls);
            assert_eq!(request.headers.get(super::HEADER), expected, "{mode:?}");
        }
    }
}
