//! What ports speak, as Istio decides it (istio 1.31 `pkg/config/kube/conversion.go`).

use crate::format::Protocol;

impl Protocol {
    /// Unknown names are [`Protocol::Auto`].
    pub fn of_name(name: &str) -> Self {
        Self::named(name).unwrap_or(Protocol::Auto)
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
        match Self::of_name(word) {
            // Ports whose servers speak first would wait for ever for bytes to look at.
            Protocol::Auto if app_protocol.is_none() && [25, 53, 3306, 27017].contains(&number) => Protocol::Tcp,
            protocol => protocol,
        }
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
