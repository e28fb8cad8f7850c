//! What a client says first when it starts TLS: the server that it wants, and the protocols that it speaks (RFC 8446 §4.1.2,
//! RFC 6066 §3, RFC 7301 §3.1).

/// What is in a ClientHello.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientHello {
    /// In lower case.
    pub server_name: Option<String>,
    pub protocols: Vec<String>,
}

/// What the first bytes of a connection are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    Hello(ClientHello),
    /// The end has not come yet.
    Incomplete,
    /// It is not TLS.
    Other,
}

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
const PROTOCOLS: u16 = 16;

/// As Envoy's limit for what it looks at.
const LONGEST: usize = 64 * 1024;

pub fn parse(bytes: &[u8]) -> Parsed {
    let mut message = Vec::new();
    let mut rest = bytes;
    // A message may come in several records.
    loop {
        match rest {
            [] => return Parsed::Incomplete,
            [HANDSHAKE] | [HANDSHAKE, 3] | [HANDSHAKE, 3, 0..=4] | [HANDSHAKE, 3, 0..=4, _] => {
                return Parsed::Incomplete;
            }
            [HANDSHAKE, 3, 0..=4, high, low, body @ ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                message.extend_from_slice(&body[..length.min(body.len())]);
                if let Some(parsed) = of_message(&message) {
                    return parsed;
                }
                if body.len() < length || message.len() > LONGEST {
                    return if bytes.len() > LONGEST { Parsed::Other } else { Parsed::Incomplete };
                }
                rest = &body[length..];
            }
            _ => return Parsed::Other,
        }
    }
}

/// `None` if the message is not complete.
fn of_message(message: &[u8]) -> Option<Parsed> {
    let (&kind, rest) = message.split_first()?;
    if kind != CLIENT_HELLO {
        return Some(Parsed::Other);
    }
    let mut reader = Reader(rest);
    let body = reader.part(3)?;
    Some(of_body(body).map_or(Parsed::Other, Parsed::Hello))
}

fn of_body(body: &[u8]) -> Option<ClientHello> {
    let mut reader = Reader(body);
    // Version and random; session, ciphers, compression.
    reader.take(2 + 32)?;
    reader.part(1)?;
    reader.part(2)?;
    reader.part(1)?;
    let mut hello = ClientHello::default();
    if reader.0.is_empty() {
        return Some(hello);
    }
    let mut extensions = Reader(reader.part(2)?);
    while !extensions.0.is_empty() {
        let kind = extensions.number(2)?;
        let mut extension = Reader(extensions.part(2)?);
        match kind as u16 {
            SERVER_NAME => {
                let mut names = Reader(extension.part(2)?);
                while !names.0.is_empty() {
                    let is_host = names.number(1)? == 0;
                    let name = names.part(2)?;
                    if is_host && hello.server_name.is_none() {
                        hello.server_name = Some(String::from_utf8_lossy(name).to_ascii_lowercase());
                    }
                }
            }
            PROTOCOLS => {
                let mut protocols = Reader(extension.part(2)?);
                while !protocols.0.is_empty() {
                    hello.protocols.push(String::from_utf8_lossy(protocols.part(1)?).into_owned());
                }
            }
            _ => {}
        }
    }
    Some(hello)
}

/// Reads numbers, and parts that begin with their length.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<usize> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn part(&mut self, bytes_of_length: usize) -> Option<&'b [u8]> {
        let length = self.number(bytes_of_length)?;
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{ClientHello, Parsed, parse};

    fn hello(name: &'static str, protocols: &[&str]) -> Vec<u8> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let mut client = rustls::ClientConnection::new(Arc::new(config), name.try_into().unwrap()).unwrap();
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn names_and_protocols_are_found() {
        let expected = ClientHello {
            server_name: Some("a.test".to_owned()),
            protocols: vec!["h2".to_owned(), "http/1.1".to_owned()],
        };
        assert_eq!(parse(&hello("A.test", &["h2", "http/1.1"])), Parsed::Hello(expected));
        assert_eq!(parse(&hello("127.0.0.1", &[])), Parsed::Hello(ClientHello::default()));
    }

    #[test]
    fn part_of_a_hello_is_waited_for() {
        let bytes = hello("a.test", &["h2"]);
        for length in 0..bytes.len() {
            assert_eq!(parse(&bytes[..length]), Parsed::Incomplete, "{length}");
        }
        // The same in two records.
        let (header, body) = bytes.split_at(5);
        let (first, second) = body.split_at(7);
        let record = |part: &[u8]| [&header[..3], &(part.len() as u16).to_be_bytes(), part].concat();
        assert_eq!(parse(&[record(first), record(second)].concat()), parse(&bytes));
    }

    #[test]
    fn other_bytes_are_no_hello() {
        for bytes in [&b"GET / HTTP/1.1\r\n"[..], &[22, 2, 0], &[22, 3, 1, 0, 4, 2, 0, 0, 0], &[0]] {
            assert_eq!(parse(bytes), Parsed::Other, "{bytes:?}");
        }
        let mut broken = hello("a.test", &[]);
        let last = broken.len() - 1;
        broken[43] = 0xff;
        assert!(matches!(parse(&broken[..last]), Parsed::Incomplete | Parsed::Other));
    }
}
