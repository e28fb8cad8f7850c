//! What a connection manager makes of a request before any filter sees it.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::envoy::http_connection_manager::PathWithEscapedSlashesAction;

use super::answer::{Answer, By};
use super::call::Request;
use super::filters::Http;
use super::path::{merge_slashes, normalize, port_of};

/// The client, as far as the proxies before this one are trusted (Envoy 1.40
/// `source/extensions/http/original_ip_detection/xff`).
pub fn remote(http: &Http, request: &Request, direct: IpAddr) -> IpAddr {
    let forwarded = request.header("x-forwarded-for").unwrap_or_default();
    let mut from_last = forwarded.rsplit(',').map(str::trim);
    let hop = match (http.is_edge, http.trusted_hops) {
        (true, 0) => None,
        (true, hops) => from_last.nth(hops - 1),
        (false, hops) => from_last.nth(hops),
    };
    hop.and_then(|text| text.parse().ok()).unwrap_or(direct)
}

/// `http` or `https`, as the client used it; proxies before this one may have said so.
pub fn scheme(http: &Http, request: &Request, tls: bool) -> String {
    match request.headers.get("x-forwarded-proto") {
        Some(scheme @ ("http" | "https")) if !http.is_edge => scheme.to_owned(),
        _ => if tls { "https" } else { "http" }.to_owned(),
    }
}

/// Tells the upstream who asks, and by which scheme.
pub fn forwarded(http: &Http, request: &mut Request, source: IpAddr) {
    if http.is_edge {
        let forwarded = match request.header("x-forwarded-for") {
            Some(before) => format!("{before},{source}"),
            None => source.to_string(),
        };
        request.headers.set("x-forwarded-for", forwarded);
    }
    if http.is_edge || !request.headers.has("x-forwarded-proto") {
        let scheme = request.scheme.clone();
        request.headers.set("x-forwarded-proto", scheme);
    }
}

/// Path and host as routes are chosen by them; an answer if Envoy does not take the path.
pub fn rewrite(http: &Http, request: &mut Request) -> Result<(), Answer> {
    // Tunnels have none.
    if !request.path.is_empty() {
        request.path = path(http, &request.path)?;
    }
    if let Some(at) = port_of(&request.authority).filter(|_| http.strips_port) {
        request.authority.truncate(at);
    }
    Ok(())
}

fn path(http: &Http, path: &str) -> Result<String, Answer> {
    let refused = || Answer::new(400, "", By::Path);
    if path.contains('#') {
        return Err(refused());
    }
    let mut path = Cow::Borrowed(path);
    if http.normalizes {
        path = Cow::Owned(normalize(&path).ok_or_else(refused)?);
    }
    let bare = path.split('?').next().unwrap_or_default().to_ascii_lowercase();
    if ["%2f", "%5c"].iter().any(|slash| bare.contains(slash)) {
        let (own, query) = path.split_at(path.find('?').unwrap_or(path.len()));
        let unescaped = || {
            let own = own.replace("%2F", "/").replace("%2f", "/").replace("%5C", "\\").replace("%5c", "\\");
            format!("{own}{query}")
        };
        match http.escaped_slashes {
            PathWithEscapedSlashesAction::RejectRequest => return Err(refused()),
            PathWithEscapedSlashesAction::UnescapeAndRedirect => {
                let answer = Answer { location: Some(unescaped()), ..Answer::new(307, "", By::Path) };
                return Err(answer);
            }
            PathWithEscapedSlashesAction::UnescapeAndForward => path = Cow::Owned(unescaped()),
            _ => {}
        }
    }
    Ok(if http.merges_slashes { merge_slashes(&path) } else { path.into_owned() })
}
