//! Concrete requests and connections: the witnesses of what is said about all of them.

use std::fmt;
use std::net::IpAddr;

use super::proxies::Client;

/// An HTTP request, and the proxy that gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'m> {
    /// Method, scheme and authority are `:method`, `:scheme` and `:authority`, where something is asked of them.
    pub(super) headers: Vec<(String, String)>,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    /// Of the listener.
    pub(super) port: i64,
    pub(super) client: Client<'m>,
    /// Shown if nothing is asked of the authority.
    pub(super) host: String,
}

/// A connection of TLS or TCP, and the proxy that gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection<'m> {
    /// The name in the ClientHello.
    pub(super) sni: Option<String>,
    pub(super) address: Option<IpAddr>,
    pub(super) port: Option<i64>,
    pub(super) client: Client<'m>,
}

impl<'m> Request<'m> {
    /// Of requests of which nothing else is asked.
    pub(super) const PORT: i64 = 80;

    /// The same, sent to `host` unless its authority is another by what is asked of it.
    pub fn to_host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// ``GET http://shop.example.com/orders?page=2 with `x-env: canary` ``
impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.header(":authority").unwrap_or(&self.host);
        write!(f, "`{} ", self.header(":method").unwrap_or("GET"))?;
        if !host.is_empty() {
            write!(f, "{}://{host}", self.header(":scheme").unwrap_or("http"))?;
        }
        f.write_str(&self.path)?;
        for ((name, value), mark) in self.query.iter().zip(std::iter::once('?').chain(std::iter::repeat('&'))) {
            write!(f, "{mark}{name}={value}")?;
        }
        f.write_str("`")?;
        let shown = self.headers.iter().filter(|(name, _)| !name.starts_with(':'));
        for ((name, value), word) in shown.zip(std::iter::once("with").chain(std::iter::repeat("and"))) {
            write!(f, " {word} `{name}: {value}`")?;
        }
        if self.port != Self::PORT {
            write!(f, " on port {}", self.port)?;
        }
        self.client.fmt(f)
    }
}

/// ``a connection for `db.example.com` to port 5432 from a client with `app: web` ``
impl fmt::Display for Connection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a connection")?;
        if let Some(name) = &self.sni {
            write!(f, " for `{name}`")?;
        }
        if let Some(address) = self.address {
            write!(f, " to `{address}`")?;
        }
        if let Some(port) = self.port {
            write!(f, " {} port {port}", if self.address.is_some() { "on" } else { "to" })?;
        }
        self.client.fmt(f)
    }
}
