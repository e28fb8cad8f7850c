use std::fmt;

use super::{Fqdn, Ip, Port, Reason};

/// An address of the mesh configuration, `host:port`, with IPv6 in brackets (`ValidateProxyAddress` in
/// pkg/config/validation/agent/validation.go).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPort<'a> {
    host: &'a str,
    port: Port,
}

impl<'a> HostPort<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        let Some((host, port)) = split(text) else {
            return Err(Reason::new(format!("`{text}` is not an address")).help("write `host:port`, or `[::1]:port`"));
        };
        let port = Port::parse(port)?;
        match Fqdn::parse(host) {
            Err(reason) if Ip::parse(host).is_err() => Err(reason),
            _ => Ok(Self { host, port }),
        }
    }

    /// Without brackets.
    pub fn host(self) -> &'a str {
        self.host
    }

    pub fn port(self) -> Port {
        self.port
    }
}

/// As `net.SplitHostPort` of Go: a host with colons needs brackets.
fn split(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match bare {
        Some(bare) if !bare.contains(['[', ']']) => Some((bare, port)),
        None if !host.contains([':', '[', ']']) => Some((host, port)),
        _ => None,
    }
}

impl fmt::Display for HostPort<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HostPort;

    #[test]
    fn addresses_with_ports() {
        let table = [
            ("istiod.istio-system.svc:15012", true),
            ("zipkin:9411", true),
            ("10.0.0.1:80", true),
            ("[::1]:80", true),
            ("::1:80", false),
            ("host", false),
            (":80", false),
            ("host:", false),
            ("host:0", false),
            ("host:http", false),
            ("a_b:80", false),
            ("https://host:80", false),
            ("", false),
        ];
        for (text, legal) in table {
            let address = HostPort::parse(text);
            assert_eq!(address.is_ok(), legal, "{text}");
            if let Ok(address) = address {
                assert_eq!(address.to_string(), text);
            }
        }
    }
}
