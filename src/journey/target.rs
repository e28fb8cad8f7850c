//! What a client wants to send: URL, method, headers.

use std::fmt;
use std::net::IpAddr;

use crate::trace::{ClientTls, Headers, Request, Version};

/// A URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub kind: Kind,
    /// Without the brackets of IPv6.
    pub host: String,
    pub port: u16,
    /// What a client writes into the Host header.
    pub authority: String,
    /// With the query.
    pub path: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Http,
    Https,
    Tcp,
    Tls,
}

/// As a URL.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            Kind::Http => "http",
            Kind::Https => "https",
            Kind::Tcp => "tcp",
            Kind::Tls => "tls",
        };
        let path = if self.is_http() { self.path.as_str() } else { "" };
        write!(f, "{scheme}://{}{path}", self.authority)
    }
}

impl Target {
    /// `[http://]host[:port][/path]`, `https://…`, `tcp://host:port`, `tls://name[:port]`.
    pub fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let (kind, usual) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (Kind::Http, Some(80)),
            "https" => (Kind::Https, Some(443)),
            "tcp" => (Kind::Tcp, None),
            "tls" => (Kind::Tls, Some(443)),
            _ => return Err(format!("`{scheme}` is not `http`, `https`, `tcp` or `tls`")),
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let colon =
            if authority.starts_with('[') { authority.find("]:").map(|at| at + 1) } else { authority.rfind(':') };
        let (host, port) = match colon {
            Some(at) => (&authority[..at], Some(&authority[at + 1..])),
            None => (authority, None),
        };
        let port = match port {
            Some(text) => Some(text.parse().map_err(|_| format!("`{text}` is not a port, as in `{url}`"))?),
            None => usual,
        };
        let Some(port) = port else { return Err(format!("`{url}` needs a port, such as `{url}:5432`")) };
        if host.is_empty() {
            return Err(format!("`{url}` has no host"));
        }
        let authority = if Some(port) == usual { host } else { authority };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { kind, host, port, authority: authority.to_owned(), path })
    }

    pub fn is_http(&self) -> bool {
        matches!(self.kind, Kind::Http | Kind::Https)
    }

    pub fn has_tls(&self) -> bool {
        matches!(self.kind, Kind::Https | Kind::Tls)
    }

    /// Whether the URL names a port that is not the usual one.
    pub fn has_port(&self) -> bool {
        self.authority.rfind(':') > self.authority.rfind(']')
    }

    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// What the client itself shows in TLS.
    pub fn tls(&self, server_name: Option<&str>, identity: Option<&str>) -> ClientTls {
        let own = self.ip().is_none().then_some(self.host.as_str());
        let protocols: &[&str] = if self.is_http() { &["h2", "http/1.1"] } else { &[] };
        ClientTls {
            server_name: server_name.or(own).map(str::to_owned),
            application_protocols: protocols.iter().map(|&protocol| protocol.to_owned()).collect(),
            identity: identity.map(str::to_owned),
        }
    }

    /// Without claims or a time at which it is verified.
    pub fn request(&self, method: &str, mut headers: Headers, http2: bool) -> Option<Request> {
        if !self.is_http() {
            return None;
        }
        let authority = headers.get("host").unwrap_or(&self.authority).to_owned();
        headers.remove("host");
        let scheme = if self.kind == Kind::Https { "https" } else { "http" };
        let version = if http2 { Version::Http2 } else { Version::Http1 };
        let (method, scheme, path) = (method.to_owned(), scheme.to_owned(), self.path.clone());
        Some(Request { method, scheme, authority, path, headers, version, claims: None, received: None })
    }
}

/// `Name: value`; the colon that pseudo-headers begin with belongs to the name.
pub fn header(text: &str) -> Result<(String, String), String> {
    let after_first = text.char_indices().nth(1).map_or(text.len(), |(at, _)| at);
    let colon = text[after_first..].find(':').map(|at| after_first + at);
    let Some(at) = colon else { return Err(format!("`{text}` is not `name: value`")) };
    Ok((text[..at].trim().to_ascii_lowercase(), text[at + 1..].trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Kind, Target, header};

    #[test]
    fn urls_are_taken_apart() {
        // URL, host, port, authority, path.
        let table = [
            ("http://a.test", Kind::Http, "a.test", 80, "a.test", "/"),
            ("a:9080/x?y", Kind::Http, "a", 9080, "a:9080", "/x?y"),
            ("http://a:80?y", Kind::Http, "a", 80, "a", "/?y"),
            ("https://a.test/", Kind::Https, "a.test", 443, "a.test", "/"),
            ("https://[::1]:8443", Kind::Https, "::1", 8443, "[::1]:8443", "/"),
            ("tcp://db:5432", Kind::Tcp, "db", 5432, "db:5432", "/"),
            ("tls://a.test", Kind::Tls, "a.test", 443, "a.test", "/"),
        ];
        for (url, kind, host, port, authority, path) in table {
            let (host, authority, path) = (host.to_owned(), authority.to_owned(), path.to_owned());
            assert_eq!(Target::parse(url), Ok(Target { kind, host, port, authority, path }), "{url}");
        }
        for url in ["tcp://db", "ftp://a", "http://:80", "a:x"] {
            assert!(Target::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn headers_may_be_pseudo_headers() {
        assert_eq!(header("X-A: b:c"), Ok(("x-a".to_owned(), "b:c".to_owned())));
        assert_eq!(header(":authority:a"), Ok((":authority".to_owned(), "a".to_owned())));
        assert!(header("x").is_err());
    }
}
