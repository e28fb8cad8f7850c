//! The PROXY protocol, versions 1 and 2: whom a proxy before this one speaks for
//! (<https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What the first bytes of a connection say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// The addresses of client and destination, if they are told, and the length of the header.
    Header {
        addresses: Option<(SocketAddr, SocketAddr)>,
        length: usize,
    },
    Incomplete,
    /// There is no header.
    Absent,
    Invalid,
}

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const LONGEST_TEXT: usize = 107;

pub fn parse(bytes: &[u8]) -> Parsed {
    if begins(bytes, SIGNATURE) {
        return binary(bytes);
    }
    if begins(bytes, b"PROXY ") {
        return text(bytes);
    }
    if bytes.is_empty() { Parsed::Incomplete } else { Parsed::Absent }
}

/// Whether the shorter one is the beginning of the other.
fn begins(bytes: &[u8], whole: &[u8]) -> bool {
    let length = bytes.len().min(whole.len());
    length > 0 && bytes[..length] == whole[..length]
}

fn text(bytes: &[u8]) -> Parsed {
    let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") else {
        return if bytes.len() < LONGEST_TEXT { Parsed::Incomplete } else { Parsed::Invalid };
    };
    let length = end + 2;
    let Ok(line) = std::str::from_utf8(&bytes[..end]) else { return Parsed::Invalid };
    let words: Vec<_> = line.split(' ').collect();
    match words[..] {
        ["PROXY", "UNKNOWN", ..] => Parsed::Header { addresses: None, length },
        ["PROXY", "TCP4" | "TCP6", source, destination, source_port, destination_port] => {
            let socket = |ip: &str, port: &str| Some(SocketAddr::new(ip.parse().ok()?, port.parse().ok()?));
            match socket(source, source_port).zip(socket(destination, destination_port)) {
                Some(addresses) => Parsed::Header { addresses: Some(addresses), length },
                None => Parsed::Invalid,
            }
        }
        _ => Parsed::Invalid,
    }
}

fn binary(bytes: &[u8]) -> Parsed {
    let Some([version, family, high, low]) = bytes.get(12..16) else { return Parsed::Incomplete };
    let length = 16 + usize::from(u16::from_be_bytes([*high, *low]));
    let Some(body) = bytes.get(16..length) else { return Parsed::Incomplete };
    let addresses = match (version, family >> 4) {
        // The proxy speaks for itself.
        (0x20, _) => None,
        (0x21, 1) => ipv4(body),
        (0x21, 2) => ipv6(body),
        (0x21, _) => None,
        _ => return Parsed::Invalid,
    };
    if *version == 0x21 && matches!(family >> 4, 1 | 2) && addresses.is_none() {
        return Parsed::Invalid;
    }
    Parsed::Header { addresses, length }
}

fn ipv4(body: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let ip = |at: usize| Some(IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(body.get(at..at + 4)?).ok()?)));
    Some((SocketAddr::new(ip(0)?, port(body, 8)?), SocketAddr::new(ip(4)?, port(body, 10)?)))
}

fn ipv6(body: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let ip = |at: usize| Some(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(body.get(at..at + 16)?).ok()?)));
    Some((SocketAddr::new(ip(0)?, port(body, 32)?), SocketAddr::new(ip(16)?, port(body, 34)?)))
}

fn port(body: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*body.get(at)?, *body.get(at + 1)?]))
}

#[cfg(test)]
mod tests {
    use super::{Parsed, parse};

    #[test]
    fn both_versions_tell_addresses() {
        let addresses = Some(("192.0.2.1:4000".parse().unwrap(), "192.0.2.2:80".parse().unwrap()));
        let line = b"PROXY TCP4 192.0.2.1 192.0.2.2 4000 80\r\nGET";
        let binary = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x01\xc0\x00\x02\x02\x0f\xa0\x00\x50GET";
        for bytes in [&line[..], &binary[..]] {
            let length = bytes.len() - 3;
            assert_eq!(parse(bytes), Parsed::Header { addresses, length });
            assert!((0..length).all(|end| parse(&bytes[..end]) == Parsed::Incomplete));
        }
        assert_eq!(parse(b"PROXY UNKNOWN\r\n"), Parsed::Header { addresses: None, length: 15 });
        assert_eq!(parse(b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"), Parsed::Header { addresses: None, length: 16 });
    }

    #[test]
    fn what_is_no_header_is_told_apart() {
        assert_eq!(parse(b"GET / HTTP/1.1"), Parsed::Absent);
        for bytes in [
            &b"PROXY TCP4 x y 1 2\r\n"[..],
            b"PROXY TCP4\r\n",
            b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0",
            &[b"PROXY ".as_slice(), &[b'x'; 110]].concat(),
        ] {
            assert_eq!(parse(bytes), Parsed::Invalid, "{bytes:?}");
        }
    }
}
