//! A bounded load from inside: so many requests, so many at a time, and what came back.

mod client;
mod report;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokio::task::JoinSet;
use tokio::time::Instant;

use client::Client;

pub use client::{Reply, ask};
pub use report::{Answers, Percentiles, Report};
pub use tls::Tls;

/// What is sent, and how.
#[derive(Clone, Debug)]
pub struct Load {
    /// Taken in turn.
    pub targets: Vec<Target>,
    pub requests: u64,
    /// How many clients send at the same time. Each keeps its connections.
    pub concurrency: usize,
    /// Requests in a second, of all clients together; as many as can be if absent.
    pub rate: Option<f64>,
    /// How long a client waits for an answer.
    pub timeout: Duration,
}

/// Where a request goes.
#[derive(Clone, Debug)]
pub struct Target {
    /// As the user wrote it.
    pub url: String,
    pub address: SocketAddr,
    pub tls: Option<Tls>,
    pub message: Message,
}

#[derive(Clone, Debug)]
pub enum Message {
    Http1(Request<Bytes>),
    Http2(Request<Bytes>),
    /// What comes back is read until it is as long as what was sent, or the connection ends.
    Bytes(Bytes),
}

impl Load {
    /// Sends all. `done` counts what has been answered, or has failed.
    pub async fn run(self, done: Arc<AtomicU64>) -> Report {
        let load = Arc::new(self);
        let (next, start) = (Arc::new(AtomicU64::new(0)), Instant::now());
        let mut clients = JoinSet::new();
        for _ in 0..load.concurrency.max(1) {
            let (load, next, done) = (Arc::clone(&load), Arc::clone(&next), Arc::clone(&done));
            clients.spawn(async move { load.send_some(&next, &done, start).await });
        }
        let mut report = Report::default();
        while let Some(client) = clients.join_next().await {
            if let Ok(own) = client {
                report.add(own);
            }
        }
        report.elapsed = start.elapsed();
        report.urls = load.targets.iter().map(|target| target.url.clone()).collect();
        report.finish()
    }

    /// One client: takes the next number until there is none.
    async fn send_some(&self, next: &AtomicU64, done: &AtomicU64, start: Instant) -> Report {
        let mut report = Report::default();
        let mut client = Client::new(&self.targets, self.timeout);
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= self.requests {
                return report;
            }
            if let Some(rate) = self.rate {
                tokio::time::sleep_until(start + Duration::from_secs_f64(number as f64 / rate)).await;
            }
            let target = (number % self.targets.len() as u64) as usize;
            let sent = Instant::now();
            let answer = client.send(target).await;
            report.record(target, answer, sent.elapsed());
            done.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use http::Version;

    use super::*;
    use crate::envoy::bootstrap::TestAuthority;
    use crate::proxy::Runtime;
    use crate::proxy::echo::{Behaviour, Echo, Setting};
    use crate::translate::Backend;

    async fn echo(errors: &[&str]) -> Echo {
        let setting = Arc::new(Setting {
            runtime: Runtime::new(Some(1), 1.0, 1),
            authority: Arc::new(TestAuthority::generate()),
            behaviour: Behaviour {
                errors: errors.iter().map(|text| text.parse().unwrap()).collect(),
                delays: Vec::new(),
            },
        });
        let backend = Backend {
            workload: "web".to_owned(),
            namespace: "shop".to_owned(),
            labels: [("version".to_owned(), "v1".to_owned())].into(),
            account: Some("spiffe://cluster.local/ns/shop/sa/web".to_owned()),
            ..Backend::default()
        };
        Echo::start(IpAddr::V4(Ipv4Addr::LOCALHOST), "10.0.0.1:80", &backend, [], &setting).await.unwrap()
    }

    fn request() -> Request<Bytes> {
        Request::get("http://web/").header("host", "web").body(Bytes::new()).unwrap()
    }

    async fn send(echo: &Echo, message: Message, tls: Option<Tls>, requests: u64) -> Vec<(String, String, u64)> {
        let target = Target { url: "http://web/".to_owned(), address: echo.address(), tls, message };
        let timeout = Duration::from_secs(5);
        let load = Load { targets: vec![target], requests, concurrency: 4, rate: None, timeout };
        let done = Arc::new(AtomicU64::new(0));
        let report = load.run(Arc::clone(&done)).await;
        assert_eq!((report.requests(), done.load(Ordering::Relaxed)), (requests, requests));
        let answers = report.answers();
        answers.into_iter().map(|answer| (answer.status, answer.by.unwrap_or_default(), answer.count)).collect()
    }

    #[tokio::test]
    async fn every_protocol_is_answered() {
        let echo = echo(&[]).await;
        let tls = |protocols: &[&str]| Some(Tls::new("web.test", protocols, None).unwrap());
        let cases = [
            (Message::Http1(request()), None, "200"),
            (Message::Http2(request()), None, "200"),
            (Message::Http1(request()), tls(&["http/1.1"]), "200"),
            (Message::Http2(request()), tls(&["h2"]), "200"),
            (Message::Bytes(Bytes::from_static(b"hello\n")), None, "answered"),
            (Message::Bytes(Bytes::from_static(b"hello\n")), tls(&[]), "answered"),
        ];
        for (message, tls, status) in cases {
            let shown = format!("{message:?}");
            let expected = [(status.to_owned(), "shop/web version=v1".to_owned(), 20)];
            assert_eq!(send(&echo, message, tls, 20).await, expected, "{shown}");
        }
    }

    #[tokio::test]
    async fn failures_are_told_apart() {
        let broken = echo(&["web=reset"]).await;
        let expected = |status: &str| [(status.to_owned(), String::new(), 5)];
        assert_eq!(send(&broken, Message::Http1(request()), None, 5).await, expected("closed"));
        let bytes = || Message::Bytes(Bytes::from_static(b"hello"));
        assert_eq!(send(&broken, bytes(), None, 5).await, expected("closed"));
        // Nothing listens here any more once the listener is gone.
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let target = Target { url: String::new(), address, tls: None, message: Message::Http1(request()) };
        let timeout = Duration::from_secs(5);
        let load = Load { targets: vec![target], requests: 1, concurrency: 1, rate: None, timeout };
        let report = load.run(Arc::default()).await;
        assert_eq!(report.answers()[0].status, "refused");
        let failing = echo(&["web=503"]).await;
        let mut request = request();
        *request.version_mut() = Version::HTTP_11;
        let answers = send(&failing, Message::Http1(request), None, 5).await;
        assert_eq!(answers, [("503".to_owned(), "shop/web version=v1".to_owned(), 5)]);
    }

    #[tokio::test]
    async fn errors_come_as_often_as_they_shall() {
        let echo = echo(&["web=500=20%"]).await;
        let answers = send(&echo, Message::Http1(request()), None, 2000).await;
        let failed = answers.iter().find(|(status, ..)| status == "500").map_or(0, |(.., count)| *count);
        // Beyond five standard deviations of 18.
        assert!((310..490).contains(&failed), "{answers:?}");
    }

    #[tokio::test]
    async fn a_rate_is_kept() {
        let echo = echo(&[]).await;
        let target = Target {
            url: "http://web/".to_owned(),
            address: echo.address(),
            tls: None,
            message: Message::Http1(request()),
        };
        let timeout = Duration::from_secs(5);
        let load = Load { targets: vec![target], requests: 21, concurrency: 4, rate: Some(100.0), timeout };
        let report = load.run(Arc::default()).await;
        assert!(report.elapsed >= Duration::from_millis(200), "{:?}", report.elapsed);
    }
}
