use std::fmt;

use super::Reason;

/// What a port speaks, read in any case (istio 1.31 `Parse` in pkg/config/protocol/instance.go).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    Tcp,
    Udp,
    Grpc,
    GrpcWeb,
    Http,
    HttpProxy,
    Http2,
    Https,
    Tls,
    Mongo,
    Redis,
    MySql,
    /// What no field can name: found out by looking at the first bytes of a connection.
    Auto,
}

impl Protocol {
    /// Those that have names.
    pub const ALL: [Protocol; 12] = [
        Protocol::Tcp,
        Protocol::Udp,
        Protocol::Grpc,
        Protocol::GrpcWeb,
        Protocol::Http,
        Protocol::HttpProxy,
        Protocol::Http2,
        Protocol::Https,
        Protocol::Tls,
        Protocol::Mongo,
        Protocol::Redis,
        Protocol::MySql,
    ];

    pub fn parse(text: &str) -> Result<Self, Reason> {
        Self::named(text).ok_or_else(|| {
            let names = Self::ALL.map(|protocol| format!("`{}`", protocol.name())).join(", ");
            Reason::new(format!("`{text}` is not a protocol that Istio knows")).help(format!("use one of {names}"))
        })
    }

    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name().eq_ignore_ascii_case(text))
    }

    /// The spelling of Istio's documents.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
            Protocol::Grpc => "GRPC",
            Protocol::GrpcWeb => "GRPC-Web",
            Protocol::Http => "HTTP",
            Protocol::HttpProxy => "HTTP_PROXY",
            Protocol::Http2 => "HTTP2",
            Protocol::Https => "HTTPS",
            Protocol::Tls => "TLS",
            Protocol::Mongo => "Mongo",
            Protocol::Redis => "Redis",
            Protocol::MySql => "MySQL",
            Protocol::Auto => "auto",
        }
    }

    /// Whether istiod makes an HTTP listener for it.
    pub fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Http2 | Self::HttpProxy | Self::Grpc | Self::GrpcWeb)
    }

    /// Whether HTTP/2 is spoken to the destination.
    pub fn is_http2(self) -> bool {
        matches!(self, Self::Http2 | Self::Grpc | Self::GrpcWeb)
    }

    /// Whether istiod makes a TCP listener for it; includes the protocols over TLS.
    pub fn is_tcp(self) -> bool {
        matches!(self, Self::Tcp | Self::Https | Self::Tls | Self::Mongo | Self::Redis | Self::MySql)
    }

    pub fn is_tls(self) -> bool {
        matches!(self, Self::Https | Self::Tls)
    }

    pub fn is_auto(self) -> bool {
        self == Self::Auto
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Protocol;

    #[test]
    fn protocols_are_read_in_any_case() {
        let table = [
            ("http", Some(Protocol::Http)),
            ("HTTP_Proxy", Some(Protocol::HttpProxy)),
            ("grpc-WEB", Some(Protocol::GrpcWeb)),
            ("mysql", Some(Protocol::MySql)),
            ("DoubleHBONE", None),
            ("kubernetes.io/h2c", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(Protocol::parse(text).ok(), expected, "{text}");
        }
        for protocol in Protocol::ALL {
            assert_eq!(Protocol::parse(protocol.name()), Ok(protocol));
            assert!(!(protocol.is_http() && protocol.is_tcp()), "{protocol} is of one family");
        }
    }
}
