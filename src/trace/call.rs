//! What a client does: it connects, and maybe sends a request.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::envoy::Object;

/// A connection and what comes over it first.
#[derive(Clone, Debug)]
pub struct Call {
    pub connection: Connection,
    /// `None` for bytes that are not HTTP.
    pub request: Option<Request>,
}

#[derive(Clone, Debug)]
pub struct Connection {
    /// What the client connects to, before anything redirects it to a proxy.
    pub destination: SocketAddr,
    pub source: IpAddr,
    /// `None` for plain text.
    pub tls: Option<ClientTls>,
}

/// What a client shows when it starts TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientTls {
    pub server_name: Option<String>,
    /// In the order of preference.
    pub application_protocols: Vec<String>,
    /// The URI in its certificate; `None` if it has no certificate.
    pub identity: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub method: String,
    pub scheme: String,
    /// The Host header, with the port if the client writes it.
    pub authority: String,
    /// With the query.
    pub path: String,
    pub headers: Headers,
    pub version: Version,
    /// Of a token that is taken for valid, without one being in the headers.
    pub claims: Option<Object>,
    /// When it arrives, in seconds since 1970: tokens are verified as of then. Without it they are taken for genuine.
    pub received: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    #[default]
    Http1,
    Http2,
}

/// In the order in which they are sent, the names in lower case.
///
/// Values are bytes, since clients send what they like; matchers see them as text, in which what is no UTF-8 is replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(HeaderName, HeaderValue)>);

impl Version {
    /// The protocol that the HTTP inspector of a listener tells of plain text.
    pub fn inspected(self) -> &'static str {
        match self {
            Version::Http1 => "http/1.1",
            Version::Http2 => "h2c",
        }
    }
}

impl Request {
    /// A GET over HTTP/1.1 without headers.
    pub fn get(authority: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            method: "GET".to_owned(),
            scheme: "http".to_owned(),
            authority: authority.into(),
            path: path.into(),
            headers: Headers::default(),
            version: Version::default(),
            claims: None,
            received: None,
        }
    }

    /// The value of a header or pseudo-header, as matchers see it: several values are joined by commas.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        match name {
            ":method" => Some(Cow::Borrowed(&self.method)),
            ":authority" | "host" => Some(Cow::Borrowed(&self.authority)),
            ":scheme" => Some(Cow::Borrowed(&self.scheme)),
            ":path" => Some(Cow::Borrowed(&self.path)),
            _ => self.headers.joined(name),
        }
    }

    /// What matchers of paths see: no query, no fragment.
    pub fn bare_path(&self) -> &str {
        self.path.split(['?', '#']).next().unwrap_or_default()
    }

    /// The parameters of the query, as written: nothing is decoded.
    pub fn query(&self) -> impl Iterator<Item = (&str, &str)> {
        let query = self.path.split_once('?').map_or("", |(_, query)| query);
        let query = query.split('#').next().unwrap_or_default();
        let parts = query.split('&').filter(|part| !part.is_empty());
        parts.map(|part| part.split_once('=').unwrap_or((part, "")))
    }

    /// Whether this asks for permission to send another request from another origin.
    pub fn is_preflight(&self) -> bool {
        self.method == "OPTIONS"
            && ["origin", "access-control-request-method"].iter().all(|name| self.headers.has(name))
    }
}

impl Headers {
    /// Those whose values are text.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, value)| Some((name.as_str(), text(value)?)))
    }

    /// The first value, if it is text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next().and_then(text)
    }

    pub fn all(&self, name: &str) -> impl Iterator<Item = &HeaderValue> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value)
    }

    pub fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// What cannot be in a message of HTTP is left out. `:authority` is `host`.
    pub fn add(&mut self, name: &str, value: impl Into<String>) {
        let name = if name == ":authority" { "host" } else { name };
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::try_from(value.into())) {
            self.0.push((name, value));
        }
    }

    /// Replaces all values.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        self.add(name, value);
    }

    pub fn put(&mut self, name: HeaderName, value: HeaderValue) {
        self.0.retain(|(own, _)| *own != name);
        self.0.push((name, value));
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(own, _)| own != name);
    }

    /// Keeps those that `keep` says.
    pub fn retain(&mut self, mut keep: impl FnMut(&HeaderName, &HeaderValue) -> bool) {
        self.0.retain(|(name, value)| keep(name, value));
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn joined(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut values = self.all(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let first = values.next()?;
        match values.next() {
            None => Some(first),
            Some(second) => Some(Cow::Owned([first, second].into_iter().chain(values).collect::<Vec<_>>().join(","))),
        }
    }
}

fn text(value: &HeaderValue) -> Option<&str> {
    std::str::from_utf8(value.as_bytes()).ok()
}

impl From<HeaderMap> for Headers {
    fn from(map: HeaderMap) -> Self {
        let mut headers = Vec::with_capacity(map.len() + 8);
        let mut last = None;
        // Only the first of several values comes with the name.
        for (name, value) in map {
            last = name.or(last);
            headers.extend(last.clone().map(|name| (name, value)));
        }
        Self(headers)
    }
}

impl From<Headers> for HeaderMap {
    fn from(headers: Headers) -> Self {
        let mut map = HeaderMap::with_capacity(headers.0.len());
        for (name, value) in headers.0 {
            map.append(name, value);
        }
        map
    }
}

impl<N: AsRef<str>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut headers = Headers::default();
        pairs.into_iter().for_each(|(name, value)| headers.add(name.as_ref(), value));
        headers
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::Headers;

    #[test]
    fn values_that_are_no_text_survive() {
        let mut map = HeaderMap::new();
        map.append("x", HeaderValue::from_bytes(b"a\xff").unwrap());
        map.append("x", HeaderValue::from_static("b"));
        let headers = Headers::from(map.clone());
        assert_eq!(headers.joined("x").as_deref(), Some("a\u{fffd},b"));
        assert_eq!(HeaderMap::from(headers), map);
    }
}
