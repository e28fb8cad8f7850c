//! Paths: how Envoy reads them, and what it makes of them.

use crate::envoy::matcher::RegexMatchAndSubstitute;
use crate::envoy::route::{PathRewrite, RedirectAction, SchemeRewrite};
use crate::format::{Re2, Substitution};

use super::call::Request;

/// The path with its letters decoded where they need no encoding, and without `.` and `..` (Envoy 1.40
/// `source/common/http/path_utility.cc`, which leaves this to Chromium's URL library). The query stays as it is.
///
/// `None` if the path does not begin with a slash: Envoy answers 400.
pub fn normalize(path: &str) -> Option<String> {
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    if !path.starts_with('/') {
        return None;
    }
    // Most paths are what they become.
    if path.bytes().all(is_plain) && !path.contains("/.") {
        return Some(format!("{path}{query}"));
    }
    let decoded = decode(path);
    let mut segments: Vec<&str> = Vec::new();
    let mut rest = decoded.split('/').skip(1).peekable();
    while let Some(segment) = rest.next() {
        let is_last = rest.peek().is_none();
        match segment {
            ".." => drop(segments.pop()),
            "." => {}
            _ => {
                segments.push(segment);
                continue;
            }
        }
        // `/a/..` is `/`, not nothing.
        if is_last {
            segments.push("");
        }
    }
    Some(format!("/{}{query}", segments.join("/")))
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!$&'()*+,-./:;=@[]_~".contains(&byte)
}

fn decode(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut decoded = String::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\\' => decoded.push('/'),
            b'%' => match bytes.get(at..at + 2).and_then(hexadecimal) {
                Some(letter) if letter.is_ascii_alphanumeric() || b"-._~".contains(&letter) => {
                    decoded.push(char::from(letter));
                    at += 2;
                }
                _ => decoded.push('%'),
            },
            _ if is_plain(byte) => decoded.push(char::from(byte)),
            _ => decoded.push_str(&format!("%{byte:02X}")),
        }
    }
    decoded
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u8::from_str_radix(text, 16).ok()
}

/// Each run of slashes as one (`merge_slashes`).
pub fn merge_slashes(path: &str) -> String {
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    let mut merged = String::with_capacity(path.len() + query.len());
    for letter in path.chars() {
        if letter != '/' || !merged.ends_with('/') {
            merged.push(letter);
        }
    }
    merged + query
}

/// The path with `prefix` in the place of its first `matched` bytes.
pub fn replace_prefix(path: &str, matched: usize, prefix: &str) -> String {
    format!("{prefix}{}", path.get(matched..).unwrap_or_default())
}

/// The path with every match replaced; the query is not looked at.
pub fn replace_matches(path: &str, rewrite: &RegexMatchAndSubstitute) -> String {
    let (bare, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    let regex = rewrite.pattern.as_ref().and_then(|pattern| Re2::shared(&pattern.regex));
    match (regex, Substitution::parse(&rewrite.substitution)) {
        (Some(regex), Ok(substitution)) => format!("{}{query}", regex.replace_all(bare, &substitution)),
        _ => path.to_owned(),
    }
}

/// The `location` of a redirect (Envoy 1.40 `source/common/router/config_impl.cc`, `RouteEntryImplBase::newUri`).
/// `matched` is how much of the path the route matched.
pub fn location(redirect: &RedirectAction, request: &Request, matched: usize) -> String {
    let scheme = match &redirect.scheme_rewrite {
        Some(SchemeRewrite::HttpsRedirect(true)) => "https",
        Some(SchemeRewrite::SchemeRedirect(scheme)) if !scheme.is_empty() => scheme,
        _ => &request.scheme,
    };
    let port = match redirect.port_redirect {
        0 => String::new(),
        port => format!(":{port}"),
    };
    let host = match redirect.host_redirect.as_str() {
        "" => kept_host(request, scheme, !port.is_empty()),
        host => host,
    };
    let path = redirected_path(redirect, request, matched);
    format!("{scheme}://{host}{port}{path}")
}

/// The host of the request. Its port stays, unless another one is given or it is the usual one of a scheme that changes.
fn kept_host<'r>(request: &'r Request, scheme: &str, new_port: bool) -> &'r str {
    let host = request.authority.as_str();
    let Some(at) = port_of(host) else { return host };
    let usual = match request.scheme.as_str() {
        "https" => ":443",
        _ => ":80",
    };
    let drops = new_port || (scheme != request.scheme && &host[at..] == usual);
    if drops { &host[..at] } else { host }
}

/// Where the port of a host begins, with its colon.
pub fn port_of(host: &str) -> Option<usize> {
    match host.starts_with('[') {
        true => host.rfind("]:").map(|at| at + 1),
        false => host.rfind(':'),
    }
}

fn redirected_path(redirect: &RedirectAction, request: &Request, matched: usize) -> String {
    let query = request.path.find('?').map_or("", |at| &request.path[at..]);
    let rewritten = match &redirect.path_rewrite {
        Some(PathRewrite::PathRedirect(path)) if !path.is_empty() => {
            // A query of its own takes the place of the request's.
            return match path.contains('?') || redirect.strip_query {
                true => path.clone(),
                false => format!("{path}{query}"),
            };
        }
        Some(PathRewrite::PrefixRewrite(prefix)) if !prefix.is_empty() => {
            replace_prefix(&request.path, matched, prefix)
        }
        Some(PathRewrite::RegexRewrite(rewrite)) => replace_matches(&request.path, rewrite),
        _ => request.path.clone(),
    };
    match redirect.strip_query {
        true => rewritten.split('?').next().unwrap_or_default().to_owned(),
        false => rewritten,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{location, merge_slashes, normalize, replace_prefix};
    use crate::envoy::Json;
    use crate::envoy::route::RedirectAction;
    use crate::trace::Request;

    #[test]
    fn paths_are_normalized_as_envoy_does() {
        let table = [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/./b", "/a/b"),
            ("/a/../b", "/b"),
            ("/a/..", "/"),
            ("/a/.", "/a/"),
            ("/../a", "/a"),
            ("/%65%2e%2E/x", "/e../x"),
            ("/a/%2e%2e/b", "/b"),
            ("/a%2fb", "/a%2fb"),
            ("//a//b", "//a//b"),
            ("/a\\b", "/a/b"),
            ("/a b", "/a%20b"),
            ("/é", "/%C3%A9"),
            ("/%zz", "/%zz"),
            ("/.well-known?x=/../y", "/.well-known?x=/../y"),
        ];
        for (path, expected) in table {
            assert_eq!(normalize(path).as_deref(), Some(expected), "{path}");
        }
        assert_eq!(normalize("a"), None);
        assert_eq!(merge_slashes("//a///b?x=//"), "/a/b?x=//");
    }

    #[test]
    fn a_prefix_is_a_text() {
        // Path, prefix that matched, prefix in its place.
        let table = [
            ("/a/b", "/a", "/", "//b"),
            ("/ab", "/a", "/", "/b"),
            ("/a", "/a", "/", "/"),
            ("/a/b?c=d", "/a/", "/", "/b?c=d"),
            ("/a?x", "/a", "/z", "/z?x"),
        ];
        for (path, matched, prefix, expected) in table {
            assert_eq!(replace_prefix(path, matched.len(), prefix), expected, "{path}");
        }
    }

    #[test]
    fn locations_of_redirects() {
        // Redirect, scheme, host and path of the request, location.
        let table = [
            (json!({"hostRedirect": "b.test"}), "http", "a.test:8080", "/x?y", "http://b.test/x?y"),
            (json!({"schemeRedirect": "https"}), "http", "h:8080", "/", "https://h:8080/"),
            (json!({"schemeRedirect": "https"}), "http", "h:80", "/", "https://h/"),
            (json!({"httpsRedirect": true}), "http", "h", "/a", "https://h/a"),
            (json!({"portRedirect": 8443}), "http", "h:80", "/", "http://h:8443/"),
            (json!({"portRedirect": 8443, "hostRedirect": "b"}), "http", "[::1]:80", "/", "http://b:8443/"),
            (json!({"pathRedirect": "/new"}), "http", "h", "/old?q=1", "http://h/new?q=1"),
            (json!({"pathRedirect": "/new?r=2"}), "http", "h", "/old?q=1", "http://h/new?r=2"),
            (json!({"prefixRewrite": "/new"}), "http", "h", "/old/x?q=1", "http://h/new/x?q=1"),
            (json!({"stripQuery": true}), "http", "h", "/old?q=1", "http://h/old"),
            (
                json!({"regexRewrite": {"pattern": {"regex": "^/old/(.*)$"}, "substitution": "/\\1"}}),
                "https",
                "h:443",
                "/old/x?q=/old/1",
                "https://h:443/x?q=/old/1",
            ),
        ];
        for (redirect, scheme, host, path, expected) in table {
            let request = Request { scheme: scheme.to_owned(), ..Request::get(host, path) };
            let found = location(&RedirectAction::read(&redirect).unwrap(), &request, "/old".len());
            assert_eq!(found, expected, "{redirect}");
        }
    }
}
