//! The header of the PROXY protocol, which tells an upstream who the client is.

use std::net::{IpAddr, SocketAddr};

use crate::envoy::core::ProxyProtocolVersion;

/// Who is connected to the proxy, and where. In the extensions of a request, or given to `connect_for`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    pub source: SocketAddr,
    pub destination: SocketAddr,
}

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Without an origin, version 2 says that the proxy speaks for itself
/// (`source/extensions/common/proxy_protocol/proxy_protocol_header.cc`).
pub fn header(version: ProxyProtocolVersion, origin: Option<Origin>) -> Vec<u8> {
    match version {
        ProxyProtocolVersion::V2 => version2(origin),
        _ => version1(origin),
    }
}

fn version1(origin: Option<Origin>) -> Vec<u8> {
    let Some(Origin { source, destination }) = origin else { return b"PROXY UNKNOWN\r\n".to_vec() };
    let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
    let (source_port, port) = (source.port(), destination.port());
    format!("PROXY {family} {} {} {source_port} {port}\r\n", source.ip(), destination.ip()).into_bytes()
}

fn version2(origin: Option<Origin>) -> Vec<u8> {
    const LOCAL: u8 = 0x20;
    const PROXY: u8 = 0x21;
    let mut bytes = SIGNATURE.to_vec();
    let Some(Origin { source, destination }) = origin else {
        bytes.extend([LOCAL, 0, 0, 0]);
        return bytes;
    };
    let (family, addresses) = match (source.ip(), destination.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => (0x11, [from.octets(), to.octets()].concat()),
        (from, to) => (0x21, [as_v6(from), as_v6(to)].concat()),
    };
    bytes.extend([PROXY, family]);
    bytes.extend((addresses.len() as u16 + 4).to_be_bytes());
    bytes.extend(addresses);
    bytes.extend(source.port().to_be_bytes());
    bytes.extend(destination.port().to_be_bytes());
    bytes
}

fn as_v6(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, header};
    use crate::envoy::core::ProxyProtocolVersion;

    #[test]
    fn headers_are_those_of_the_specification() {
        let origin =
            Origin { source: "192.0.2.1:4660".parse().unwrap(), destination: "198.51.100.7:443".parse().unwrap() };
        let text = header(ProxyProtocolVersion::V1, Some(origin));
        assert_eq!(text, b"PROXY TCP4 192.0.2.1 198.51.100.7 4660 443\r\n");
        let bytes = header(ProxyProtocolVersion::V2, Some(origin));
        assert_eq!(bytes[..12], *b"\r\n\r\n\0\r\nQUIT\n");
        assert_eq!(bytes[12..], [0x21, 0x11, 0, 12, 192, 0, 2, 1, 198, 51, 100, 7, 0x12, 0x34, 1, 0xbb]);
        assert_eq!(header(ProxyProtocolVersion::V2, None)[12..], [0x20, 0, 0, 0]);
    }
}
