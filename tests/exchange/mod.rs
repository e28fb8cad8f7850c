//! Requests to a proxy on loopback, and the servers behind it.

pub mod case;

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use meshlint::envoy::bootstrap::TestAuthority;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use case::Exchange;

/// A server that tells its name, and the path of a request or whatever else it got.
pub struct Backend {
    pub name: String,
    pub port: u16,
}

/// The path that takes a second.
const SLOW: &str = "/slow";

impl Backend {
    /// Runs until the test ends.
    pub fn start(name: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let own_name = name.to_owned();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let name = own_name.clone();
                std::thread::spawn(move || answer(connection, &name));
            }
        });
        Self { name: name.to_owned(), port }
    }
}

fn answer(mut connection: TcpStream, name: &str) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let length = connection.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        let got = String::from_utf8_lossy(&buffer[..length]);
        match got.strip_prefix("GET ").and_then(|rest| rest.split(' ').next()) {
            Some(path) => {
                if path == SLOW {
                    std::thread::sleep(Duration::from_secs(1));
                }
                let body = format!("{name} {path}");
                write!(connection, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
            }
            // In one piece, since it is read in one.
            None => connection.write_all(format!("{name} {got}").as_bytes())?,
        }
    }
}

pub struct Client<'a> {
    pub ports: BTreeMap<String, u16>,
    pub backends: Vec<Backend>,
    pub authority: &'a TestAuthority,
}

impl Client<'_> {
    /// What came back, if it is not what the exchange says.
    pub fn problem(&self, exchange: &Exchange) -> Option<String> {
        let problem = match (exchange.shares.is_empty(), exchange.backends) {
            (false, _) => self.problem_of_shares(exchange),
            (true, Some(count)) => self.problem_of_backends(exchange, count),
            (true, None) => self.problem_of_answer(exchange),
        };
        problem.map(|problem| format!("{exchange:?}: {problem}"))
    }

    fn problem_of_answer(&self, exchange: &Exchange) -> Option<String> {
        let got = self.answer(exchange);
        let expected = exchange.answer.as_deref().unwrap_or_default();
        let header = exchange.header.as_ref().map(|header| format!("\r\n{header}\r\n"));
        let fits = match exchange.send {
            Some(_) => got == expected,
            None => summary(&got).starts_with(expected) && header.is_none_or(|header| got.contains(&header)),
        };
        (!fits).then_some(got)
    }

    /// Weights are random, so shares are only near: 200 requests are within 11 of 100 of the right share, save once in
    /// some 10,000 times.
    fn problem_of_shares(&self, exchange: &Exchange) -> Option<String> {
        const REQUESTS: u32 = 200;
        let counts = self.counts(exchange, REQUESTS);
        let percent = |name: &String| counts.get(name).copied().unwrap_or_default() * 100 / REQUESTS;
        let far = exchange.shares.iter().any(|(name, share)| percent(name).abs_diff(*share) > 11);
        (far || counts.len() > exchange.shares.len()).then(|| format!("{counts:?}"))
    }

    fn problem_of_backends(&self, exchange: &Exchange, count: usize) -> Option<String> {
        let counts = self.counts(exchange, 60);
        (counts.len() != count).then(|| format!("{counts:?}"))
    }

    /// How often each backend answers with 200; other answers are counted as they are.
    fn counts(&self, exchange: &Exchange, requests: u32) -> BTreeMap<String, u32> {
        let mut counts = BTreeMap::new();
        for _ in 0..requests {
            let answer = summary(&self.answer(exchange));
            let backend = answer.strip_prefix("200 ").and_then(|body| body.split(' ').next());
            *counts.entry(backend.unwrap_or(&answer).to_owned()).or_default() += 1;
        }
        counts
    }

    /// Waits until the proxy listens.
    fn answer(&self, exchange: &Exchange) -> String {
        let port = self.ports[&exchange.to];
        let started = Instant::now();
        let connection = loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Ok(connection) => break connection,
                Err(error) => assert!(started.elapsed() < Duration::from_secs(60), "nobody listens: {error}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        connection.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let got = match &exchange.tls {
            None => self.exchange(connection, exchange),
            Some(name) => {
                let config = Arc::new(self.tls(exchange.certificate.as_deref()));
                let name = ServerName::try_from(name.clone()).unwrap();
                let session = ClientConnection::new(config, name).unwrap();
                self.exchange(StreamOwned::new(session, connection), exchange)
            }
        };
        got.ok().filter(|text| !text.is_empty()).unwrap_or_else(|| "closed".to_owned())
    }

    fn exchange(&self, mut connection: impl Read + Write, exchange: &Exchange) -> io::Result<String> {
        if let Some(text) = &exchange.send {
            connection.write_all(text.as_bytes())?;
            let mut buffer = [0; 4096];
            let length = connection.read(&mut buffer)?;
            return Ok(String::from_utf8_lossy(&buffer[..length]).into_owned());
        }
        let path = exchange.get.as_deref().unwrap_or("/");
        let mut request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", exchange.host);
        for (name, value) in &exchange.headers {
            let value = self.backends.iter().fold(value.clone(), |value, backend| {
                value.replace(&format!("{{{}}}", backend.name), &format!("127.0.0.1:{}", backend.port))
            });
            request += &format!("{name}: {value}\r\n");
        }
        connection.write_all(format!("{request}\r\n").as_bytes())?;
        let mut answer = String::new();
        // Envoy waits a second before it closes some connections.
        while !is_whole(&answer) {
            let mut buffer = [0; 4096];
            match connection.read(&mut buffer)? {
                0 => break,
                length => answer += &String::from_utf8_lossy(&buffer[..length]),
            }
        }
        Ok(answer)
    }

    fn tls(&self, name: Option<&str>) -> ClientConfig {
        let certificates = |pem: &str| CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates(&self.authority.pem()).unwrap());
        let config = ClientConfig::builder().with_root_certificates(roots);
        let Some(name) = name else { return config.with_no_client_auth() };
        let issued = self.authority.issue([], [name]);
        let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
        config.with_client_auth_cert(certificates(&issued.chain).unwrap(), key).unwrap()
    }
}

/// Whether the body of an HTTP answer is as long as its head says.
fn is_whole(answer: &str) -> bool {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    length.is_some_and(|length: usize| body.len() >= length)
}

/// The status and the body of an answer, or the answer itself if it is not of HTTP.
fn summary(answer: &str) -> String {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return answer.to_owned() };
    let status = head.split(' ').nth(1).unwrap_or_default();
    format!("{status} {body}")
}
