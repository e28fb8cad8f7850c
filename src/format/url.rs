use std::borrow::Cow;

use super::text::text_type;
use super::{Ip, Reason};

/// The URL of a JSON Web Key Set: HTTP or HTTPS, the port a number (`ParseJwksURI` in pkg/config/security/security.go).
/// The host may be missing as far as Istio is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JwksUri<'a>(&'a str);

text_type!(JwksUri);

impl<'a> JwksUri<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        let url = GoUrl::parse(text)?;
        if !["http", "https"].contains(&url.scheme.as_ref()) {
            let reason = Reason::new(format!("`{text}` is not fetched by `http` or `https`"));
            return Err(reason.help("write a URL that starts with `https://`"));
        }
        match url.port().parse::<i64>() {
            Err(_) if !url.port().is_empty() => Err(Reason::new(format!("`{}` is not a port", url.port()))),
            _ => Ok(Self(text)),
        }
    }

    /// Whether keys are fetched without TLS, so that anyone on the way can exchange them.
    pub fn is_plain(self) -> bool {
        self.0.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"))
    }
}

/// Where a Wasm module is fetched from: a URL of scheme `oci`, `http`, `https` or `file`, or the name of an image without
/// a scheme (`validateWasmPluginURL` in pkg/config/validation/validation.go, and the rule `isURL` of the CRD).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WasmUrl<'a>(&'a str);

text_type!(WasmUrl);

impl<'a> WasmUrl<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        if text.is_empty() {
            return Err(Reason::new("the URL of a module cannot be empty"));
        }
        if let Some(space) = text.chars().find(|c| c.is_whitespace()) {
            return Err(Reason::new(format!("`{}` cannot be in a URL, as in `{text}`", space.escape_debug())));
        }
        // What is no URL is tried as the name of an image, such as `example.com/filters/auth:1.2`.
        let scheme = match GoUrl::parse_request(text) {
            Ok(url) => url.scheme.into_owned(),
            Err(reason) => match GoUrl::parse_request(&format!("http://{text}")) {
                Ok(_) => String::new(),
                Err(_) => return Err(reason),
            },
        };
        match scheme.as_str() {
            "" | "file" | "http" | "https" | "oci" => Ok(Self(text)),
            _ => {
                let reason = Reason::new(format!("modules cannot be fetched by `{scheme}`"));
                Err(match text.contains("://") {
                    true => reason.help("use `oci://`, `https://`, `http://`, `file://`, or the name of an image"),
                    false => reason.help(format!("write `oci://{text}`")),
                })
            }
        }
    }
}

/// What Go's net/url reads in a URL, as of Go 1.26, which refuses a second colon in the host.
struct GoUrl<'a> {
    /// In lower case; empty if there is none.
    scheme: Cow<'a, str>,
    /// With the port.
    host: &'a str,
}

impl<'a> GoUrl<'a> {
    /// As `url.Parse`.
    fn parse(text: &'a str) -> Result<Self, Reason> {
        let (url, fragment) = text.split_once('#').unwrap_or((text, ""));
        let parsed = Self::read(url, false)?;
        escapes(fragment)?;
        Ok(parsed)
    }

    /// As both `url.ParseRequestURI`, which wants an absolute path, and `url.Parse`.
    fn parse_request(text: &'a str) -> Result<Self, Reason> {
        Self::parse(text)?;
        Self::read(text, true)
    }

    fn read(text: &'a str, request: bool) -> Result<Self, Reason> {
        if text.chars().any(|c| c.is_ascii_control()) {
            return Err(Reason::new(format!("`{}` has a control character", text.escape_debug())));
        }
        let (scheme, rest) = split_scheme(text)?;
        let path = rest.split('?').next().unwrap_or(rest);
        let parsed = |host| Self { scheme: lower_case(scheme), host };
        if !path.starts_with('/') {
            if !scheme.is_empty() {
                return Ok(parsed(""));
            }
            let colon = path.split('/').next().is_some_and(|segment| segment.contains(':'));
            return if request || colon { Err(not_a_url(text)) } else { escapes(path).map(|()| parsed("")) };
        }
        let has_authority = !scheme.is_empty() || (!request && !path.starts_with("///"));
        let Some(rest) = path.strip_prefix("//").filter(|_| has_authority) else {
            return escapes(path).map(|()| parsed(""));
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        escapes(path)?;
        authority_host(authority).ok_or_else(|| not_a_url(text)).map(parsed)
    }

    /// The digits after the host.
    fn port(&self) -> &'a str {
        let after_brackets = self.host.rsplit(']').next().unwrap_or(self.host);
        after_brackets.rsplit_once(':').map_or("", |(_, port)| port)
    }
}

fn split_scheme(text: &str) -> Result<(&str, &str), Reason> {
    match text.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)) {
        Some(0) if text.starts_with(':') => Err(Reason::new(format!("`{text}` has no scheme before the `:`"))),
        Some(end) if text[end..].starts_with(':') && text.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            Ok((&text[..end], &text[end + 1..]))
        }
        _ => Ok(("", text)),
    }
}

fn lower_case(scheme: &str) -> Cow<'_, str> {
    if scheme.bytes().any(|b| b.is_ascii_uppercase()) { scheme.to_ascii_lowercase().into() } else { scheme.into() }
}

/// The host and port in `user:password@host:port`, if both parts are legal.
fn authority_host(authority: &str) -> Option<&str> {
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let legal_user = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if !user.chars().all(legal_user) || escapes(user).is_err() {
        return None;
    }
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.rsplit_once(']')?;
            let address = address.replacen("%25", "%", 1);
            return (Ip::parse(&address).is_ok() && address.contains(':') && is_port(port)).then_some(host);
        }
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    (is_port(port) && is_host_name(name)).then_some(host)
}

fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
}

/// Only bytes beyond ASCII, and the percent sign, may be escaped in a host.
fn is_host_name(name: &str) -> bool {
    let legal = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "-_.~!$&'()*+,;=:[]<>\"%".contains(c);
    let legal_escape = |escape: &str| {
        let hex = escape.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        escape.starts_with("25") || hex.is_some_and(|byte| byte >= 0x80)
    };
    name.chars().all(legal) && name.split('%').skip(1).all(legal_escape)
}

/// Fails if a `%` is not followed by two hexadecimal digits.
fn escapes(text: &str) -> Result<(), Reason> {
    let broken = text.split('%').skip(1).find(|after| {
        let digits = after.bytes().take(2).filter(u8::is_ascii_hexdigit).count();
        digits < 2
    });
    match broken {
        Some(_) => Err(Reason::new(format!("`{text}` has a `%` without two hexadecimal digits after it"))
            .help("write `%25` for a percent sign")),
        None => Ok(()),
    }
}

fn not_a_url(text: &str) -> Reason {
    Reason::new(format!("`{text}` is not a URL"))
}

#[cfg(test)]
mod tests {
    use super::{JwksUri, WasmUrl};

    #[test]
    fn urls_of_key_sets() {
        let table = [
            ("https://a.test/keys", true),
            ("http://a.test:8080/keys", true),
            ("HTTPS://a.test", true),
            ("https://user:secret@a.test/", true),
            ("https://[::1]:80/", true),
            ("https://a.test:/", true),
            ("https:opaque", true),
            ("https://a.test/%20", true),
            ("ftp://a.test", false),
            ("file:///keys", false),
            ("a.test/keys", false),
            ("", false),
            ("://x", false),
            ("h ttp://x", false),
            ("https://a.test:port/k", false),
            ("https://a.test:80x/", false),
            ("https://a.test:80:80/", false),
            ("https://a b/", false),
            ("https://[::1/", false),
            ("https://a.test/%2", false),
            ("https://a.test:99999999999999999999/", false),
            ("https://a\n/", false),
        ];
        for (text, legal) in table {
            assert_eq!(JwksUri::parse(text).is_ok(), legal, "{text:?}");
        }
    }

    #[test]
    fn urls_of_modules() {
        let table = [
            ("oci://a/b", true),
            ("file:///x", true),
            ("https://a.test/x.wasm", true),
            ("a.test/x:v1", true),
            ("localhost/x@sha256:aaaa", true),
            // Before a port, the name of a host is read as a scheme.
            ("localhost:5000/x:v1", false),
            ("/path", true),
            ("", false),
            ("oci://a b", false),
            ("ftp://a.test/x", false),
        ];
        for (text, legal) in table {
            assert_eq!(WasmUrl::parse(text).is_ok(), legal, "{text:?}");
        }
    }
}
