//! Servers of the user that take the place of echoes.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;

use crate::translate::Backend;

/// `HOST[:PORT]=ADDRESS:PORT`. The host is an address, a name outside of the mesh, a Service or a workload; the port that
/// of the Service or of the endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    host: String,
    port: Option<u16>,
    pub address: SocketAddr,
}

/// Why a text names no upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown(String);

impl FromStr for Upstream {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        let Some((whom, address)) = text.split_once('=') else {
            return Err(Unknown(format!("`{text}` is not `HOST[:PORT]=ADDRESS:PORT`")));
        };
        let found =
            address.to_socket_addrs().ok().and_then(|mut found| found.find(SocketAddr::is_ipv4).or(found.next()));
        let address = found.ok_or_else(|| Unknown(format!("`{address}` is no address with a port")))?;
        let (host, port) = match whom.rsplit_once(':') {
            Some((host, port)) if !host.ends_with(':') => {
                let number = port.parse().map_err(|_| Unknown(format!("`{port}` is no port, in `{text}`")))?;
                (host, Some(number))
            }
            _ => (whom, None),
        };
        Ok(Self { host: host.trim_matches(['[', ']']).to_ascii_lowercase(), port, address })
    }
}

impl Upstream {
    /// Whether it stands for this endpoint: `address:port` as clusters have it.
    pub fn is_for(&self, endpoint: &str, backend: &Backend) -> bool {
        let (address, port) = endpoint.rsplit_once(':').unwrap_or((endpoint, ""));
        let is_port = |port: u16| self.port.is_none_or(|own| own == port);
        let is_endpoint_port = port.parse().is_ok_and(is_port);
        let short = |host: &str| {
            let (name, rest) = host.split_once('.').unwrap_or((host, ""));
            name == self.host
                || rest.split('.').next().is_some_and(|namespace| format!("{name}.{namespace}") == self.host)
        };
        let is_service = |(host, service_port): &(String, u16)| {
            (*host == self.host || short(host)) && (is_port(*service_port) || is_endpoint_port)
        };
        let own_names =
            [address.to_owned(), backend.workload.clone(), format!("{}/{}", backend.namespace, backend.workload)];
        backend.services.iter().any(is_service) || (own_names.contains(&self.host) && is_endpoint_port)
    }

    /// As the user named it, for messages.
    pub fn name(&self) -> &str {
        &self.host
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unknown {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstreams_stand_for_what_they_name() {
        let backend = Backend {
            workload: "web-v1".to_owned(),
            namespace: "shop".to_owned(),
            services: [("web.shop.svc.cluster.local".to_owned(), 80)].into(),
            ..Backend::default()
        };
        let table = [
            ("web", true),
            ("web.shop", true),
            ("WEB.shop.svc.cluster.local", true),
            ("web:80", true),
            ("web:8080", true),
            ("web:81", false),
            ("web-v1", true),
            ("shop/web-v1", true),
            ("shop", false),
            ("10.0.0.7", true),
            ("10.0.0.7:8080", true),
            ("10.0.0.7:80", false),
        ];
        for (whom, expected) in table {
            let upstream: Upstream = format!("{whom}=127.0.0.1:3000").parse().unwrap();
            assert_eq!(upstream.is_for("10.0.0.7:8080", &backend), expected, "{whom}");
        }
    }

    #[test]
    fn what_is_no_upstream_is_told() {
        let table = [
            ("web", "`web` is not `HOST[:PORT]=ADDRESS:PORT`"),
            ("web=127.0.0.1", "`127.0.0.1` is no address with a port"),
            ("web:http=127.0.0.1:80", "`http` is no port, in `web:http=127.0.0.1:80`"),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<Upstream>().unwrap_err().to_string(), expected);
        }
    }
}
