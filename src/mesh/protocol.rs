/// What a port speaks, as Istio decides it (istio 1.31 `pkg/config/protocol/instance.go`, `pkg/config/kube/conversion.go`).
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
    /// Found out by looking at the first bytes of a connection.
    Auto,
}

impl Protocol {
    const NAMES: [(&str, Protocol); 12] = [
        ("tcp", Protocol::Tcp),
        ("udp", Protocol::Udp),
        ("grpc", Protocol::Grpc),
        ("grpc-web", Protocol::GrpcWeb),
        ("http", Protocol::Http),
        ("http_proxy", Protocol::HttpProxy),
        ("http2", Protocol::Http2),
        ("https", Protocol::Https),
        ("tls", Protocol::Tls),
        ("mongo", Protocol::Mongo),
        ("redis", Protocol::Redis),
        ("mysql", Protocol::MySql),
    ];

    /// Ignores case; unknown names are [`Protocol::Auto`].
    pub fn parse(name: &str) -> Self {
        let found = Self::NAMES.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map_or(Protocol::Auto, |(_, protocol)| *protocol)
    }

    /// Of a port of a Kubernetes Service. `transport` is its `protocol`.
    pub fn of_service_port(number: i64, name: &str, transport: &str, app_protocol: Option<&str>) -> Self {
        if transport == "UDP" {
            return Protocol::Udp;
        }
        let hint = match app_protocol {
            Some("kubernetes.io/h2c") => return Protocol::Http2,
            Some("kubernetes.io/ws") => return Protocol::Http,
            Some("kubernetes.io/wss") => return Protocol::Https,
            Some(text) => text,
            None => name,
        };
        let is_grpc_web = hint.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("grpc-web"));
        let word = if is_grpc_web { "grpc-web" } else { hint.split('-').next().unwrap_or_default() };
        match Self::parse(word) {
            // Ports whose servers speak first would wait for ever for bytes to look at.
            Protocol::Auto if app_protocol.is_none() && [25, 53, 3306, 27017].contains(&number) => Protocol::Tcp,
            protocol => protocol,
        }
    }

    pub fn is_http(self) -> bool {
        use Protocol::{Grpc, GrpcWeb, Http, Http2, HttpProxy};
        matches!(self, Http | Http2 | HttpProxy | Grpc | GrpcWeb)
    }

    pub fn is_tcp(self) -> bool {
        use Protocol::{Https, Mongo, MySql, Redis, Tcp, Tls};
        matches!(self, Tcp | Https | Tls | Mongo | Redis | MySql)
    }

    pub fn is_tls(self) -> bool {
        matches!(self, Protocol::Https | Protocol::Tls)
    }

    /// Whether Istio looks at the traffic to find out.
    pub fn is_auto(self) -> bool {
        self == Protocol::Auto
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_speak_what_their_names_say() {
        let cases = [
            (80, "http", "TCP", None, Protocol::Http),
            (80, "HTTP-web", "TCP", None, Protocol::Http),
            (80, "web", "TCP", None, Protocol::Auto),
            (80, "grpc-web-x", "TCP", None, Protocol::GrpcWeb),
            (80, "grpc-x", "TCP", None, Protocol::Grpc),
            (80, "http", "TCP", Some("tcp"), Protocol::Tcp),
            (80, "", "TCP", Some("kubernetes.io/h2c"), Protocol::Http2),
            (3306, "db", "TCP", None, Protocol::Tcp),
            (3306, "http", "TCP", None, Protocol::Http),
            (53, "http", "UDP", None, Protocol::Udp),
        ];
        for (number, name, transport, app, expected) in cases {
            assert_eq!(Protocol::of_service_port(number, name, transport, app), expected, "{number} {name} {app:?}");
        }
    }
}
