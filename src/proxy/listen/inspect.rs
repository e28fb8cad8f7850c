//! What is found out of a connection before its filter chain is chosen: the listener filters.

use std::io;
use std::net::SocketAddr;

use crate::envoy::Any;
use crate::envoy::listener::Listener;
use crate::proxy::note::Note;
use crate::proxy::wire::Wire;
use crate::trace::{ClientTls, Inspectors};

use super::client_hello::{self, ClientHello};
use super::proxy_protocol;
use super::rewind::Rewind;

/// The listener filters of a listener, but for the inspectors, which trace knows.
#[derive(Clone, Copy, Debug, Default)]
pub struct SocketFilters {
    proxy_protocol: Option<ProxyProtocol>,
}

#[derive(Clone, Copy, Debug)]
struct ProxyProtocol {
    is_optional: bool,
}

/// What the first bytes tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct First {
    pub tls: Option<ClientTls>,
    /// `http/1.1`, `http/1.0` or `h2c`.
    pub http: Option<&'static str>,
}

/// The beginning of every connection of HTTP/2.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// As much of the first line as is looked at.
const LONGEST_LINE: usize = 64 * 1024;

impl SocketFilters {
    pub fn new(listener: &Listener, place: &str, notes: &mut Vec<Note>) -> Self {
        let mut filters = Self::default();
        for filter in &listener.listener_filters {
            match &filter.typed_config {
                Some(Any::ProxyProtocolListener(config)) => {
                    let is_optional = config.allow_requests_without_proxy_protocol;
                    filters.proxy_protocol = Some(ProxyProtocol { is_optional });
                }
                Some(Any::TlsInspector(_) | Any::HttpInspector(_)) => {}
                Some(Any::OriginalDst(_) | Any::OriginalSrc(_)) => {
                    notes.push(Note::new(place, "nothing redirects connections here, so none has another destination"));
                }
                _ => notes.push(Note::new(place, format!("the listener filter `{}` is not executed", filter.name))),
            }
        }
        filters
    }

    /// Reads the header of the PROXY protocol, if the listener wants it: the addresses of client and destination.
    pub async fn addresses<S>(&self, stream: &mut Rewind<S>) -> io::Result<Option<(SocketAddr, SocketAddr)>>
    where
        S: Wire,
    {
        let Some(wanted) = self.proxy_protocol else { return Ok(None) };
        loop {
            match proxy_protocol::parse(stream.ahead()) {
                proxy_protocol::Parsed::Header { addresses, length } => {
                    stream.skip(length);
                    return Ok(addresses);
                }
                proxy_protocol::Parsed::Absent if wanted.is_optional => return Ok(None),
                proxy_protocol::Parsed::Incomplete if stream.look().await? => {}
                _ => {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "there is no header of the PROXY protocol"));
                }
            }
        }
    }
}

/// Reads ahead until the inspectors know what they want to know. `first` holds what is known if time runs out.
pub async fn inspect<S>(stream: &mut Rewind<S>, inspectors: Inspectors, first: &mut First) -> io::Result<()>
where
    S: Wire,
{
    if inspectors.tls {
        loop {
            match client_hello::parse(stream.ahead()) {
                client_hello::Parsed::Hello(hello) => {
                    first.tls = Some(tls(hello));
                    return Ok(());
                }
                client_hello::Parsed::Other => break,
                client_hello::Parsed::Incomplete if stream.look().await? => {}
                client_hello::Parsed::Incomplete => return Ok(()),
            }
        }
    }
    if inspectors.http {
        loop {
            match http_version(stream.ahead()) {
                Http::Is(version) => {
                    first.http = Some(version);
                    return Ok(());
                }
                Http::Not => return Ok(()),
                Http::Incomplete if stream.look().await? => {}
                Http::Incomplete => return Ok(()),
            }
        }
    }
    Ok(())
}

fn tls(hello: ClientHello) -> ClientTls {
    ClientTls { server_name: hello.server_name, application_protocols: hello.protocols, identity: None }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Http {
    Is(&'static str),
    Not,
    Incomplete,
}

/// The version in the first line of a message.
fn http_version(bytes: &[u8]) -> Http {
    let length = bytes.len().min(PREFACE.len());
    if bytes[..length] == PREFACE[..length] {
        return if length == PREFACE.len() { Http::Is("h2c") } else { Http::Incomplete };
    }
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let method = bytes.iter().take_while(|byte| is_token(byte)).count();
    match bytes.get(method) {
        Some(b' ') if method > 0 => {}
        None if method < 64 => return Http::Incomplete,
        _ => return Http::Not,
    }
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return if bytes.len() < LONGEST_LINE { Http::Incomplete } else { Http::Not };
    };
    let line = bytes[..end].trim_ascii_end();
    let target = line[method..].trim_ascii_start();
    let is_target =
        target.starts_with(b"/") || target.starts_with(b"*") || target.windows(3).any(|part| part == b"://");
    if !is_target && !line.starts_with(b"CONNECT ") {
        return Http::Not;
    }
    if line.ends_with(b" HTTP/1.1") {
        Http::Is("http/1.1")
    } else if line.ends_with(b" HTTP/1.0") {
        Http::Is("http/1.0")
    } else {
        Http::Not
    }
}

/// Whether the client speaks HTTP/2 by prior knowledge. It reads ahead as far as it must.
pub async fn speaks_http2<S: Wire>(stream: &mut Rewind<S>) -> io::Result<bool> {
    loop {
        let ahead = stream.ahead();
        let length = ahead.len().min(PREFACE.len());
        if ahead[..length] != PREFACE[..length] {
            return Ok(false);
        }
        if length == PREFACE.len() {
            return Ok(true);
        }
        if !stream.look().await? {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, duplex};

    use super::{First, Http, PREFACE, http_version, inspect, speaks_http2};
    use crate::proxy::listen::rewind::Rewind;
    use crate::trace::Inspectors;

    #[test]
    fn the_first_line_tells_the_version() {
        let table = [
            (&b"GET / HTTP/1.1\r\n"[..], Http::Is("http/1.1")),
            (b"POST /a?b HTTP/1.0\r\nhost", Http::Is("http/1.0")),
            (PREFACE, Http::Is("h2c")),
            (b"PRI * HT", Http::Incomplete),
            (b"GET / HT", Http::Incomplete),
            (b"", Http::Incomplete),
            (b"\x16\x03\x01", Http::Not),
            (b"hello\n", Http::Not),
            (b"GET / SMTP\r\n", Http::Not),
            (b"FOO / HTTP/1.1\r\n", Http::Is("http/1.1")),
            (b"GET x HTTP/1.1\r\n", Http::Not),
        ];
        for (bytes, expected) in table {
            assert_eq!(http_version(bytes), expected, "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn no_more_is_read_than_is_needed() {
        let (mut client, server) = duplex(64);
        let mut stream = Rewind::new(server);
        let mut first = First::default();
        client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        inspect(&mut stream, Inspectors { tls: true, http: true }, &mut first).await.unwrap();
        assert_eq!(first, First { tls: None, http: Some("http/1.1") });
        assert!(!speaks_http2(&mut stream).await.unwrap());
    }
}
