//! What a test asks, and what it expects.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::Value;

use crate::envoy::Object;
use crate::journey::Target;
use crate::source::Span;
use crate::trace::{HeaderTest, Headers, Request};
use crate::yaml::Node;

use super::destination::WantedDestination;

/// One request of a test. A test of several hosts, paths, … is as many cases.
#[derive(Debug)]
pub struct Case {
    pub name: String,
    /// Of the test.
    pub at: Span,
    pub ask: Ask,
    pub expectations: Vec<Expectation>,
}

#[derive(Clone, Debug)]
pub struct Ask {
    pub sender: Sender,
    pub target: Target,
    pub method: String,
    pub headers: Headers,
    pub http2: bool,
    pub server_name: Option<String>,
    pub principal: Option<String>,
    pub source: Option<IpAddr>,
    pub claims: Option<Object>,
    /// Tokens are taken for genuine.
    pub trusts_tokens: bool,
    /// Chooses one of the targets that share the traffic.
    pub random: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    Workload(String),
    Gateway(String),
    /// A client without a proxy.
    Outside,
    /// Wherever the VirtualService of the host is in force: at its gateway, else in a sidecar.
    Anywhere,
}

/// One thing that is to be so, or not.
#[derive(Debug)]
pub struct Expectation {
    pub at: Span,
    /// How the file calls it: `request.path`.
    pub key: String,
    /// What the file wants, as it is written there.
    pub text: String,
    pub negated: bool,
    pub wanted: Wanted,
}

#[derive(Debug)]
pub enum Wanted {
    Destinations(Vec<WantedDestination>),
    Status(u16),
    Location(String),
    Body(String),
    /// The route itself answers.
    DirectResponse,
    Redirect,
    /// Of the request as the upstream gets it; `None` for a header that it does not get.
    Method(String),
    Host(String),
    Path(String),
    RequestHeader(String, Option<String>),
    ResponseHeader(String, Option<String>),
    /// `None` for no limit.
    Timeout(Option<Duration>),
    NoRetries,
    Attempts(u32),
    PerTryTimeout(Duration),
    RetryOn(String),
    NoFault,
    Delay(Duration),
    DelayPercentage(f64),
    AbortStatus(u16),
    AbortGrpcStatus(u32),
    AbortPercentage(f64),
    /// What endpoints are chosen by, in the words of [`HashPolicy`](crate::envoy::route::HashPolicy).
    Hash(String),
    NoHash,
    NoMirror,
    Mirror(WantedDestination, Option<f64>),
    /// The name of the route.
    Route(String),
    VirtualService(String),
    Delegate(String),
    /// The AuthorizationPolicy that decides.
    Policy(String),
    Allowed(bool),
    NoRoute,
    /// The reason, or a part of it; empty for any.
    Closed(String),
    /// What Envoy calls it; empty for none.
    Cluster(String),
    VirtualHost(String),
    RedirectPath(String),
    RequestMatch(Box<HeaderTest>),
    ResponseMatch(Box<HeaderTest>),
    /// A part of the rule that makes the route, as the VirtualService has it.
    Section(&'static str, Value),
}

impl Expectation {
    pub(super) fn new(node: Node<'_>, key: impl Into<String>, negated: bool, wanted: Wanted) -> Self {
        Self { at: node.head(), key: key.into(), text: one_line(node.raw()), negated, wanted }
    }
}

/// Long texts are cut.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 100;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

impl Ask {
    /// A request to the VirtualService of a host, wherever that is in force.
    pub(super) fn anywhere(authority: &str, path: &str, method: String, headers: Headers) -> Result<Self, String> {
        Ok(Self {
            sender: Sender::Anywhere,
            target: Target::parse(&format!("http://{authority}{path}"))?,
            method,
            headers,
            http2: false,
            server_name: None,
            principal: None,
            source: None,
            claims: None,
            trusts_tokens: false,
            random: None,
        })
    }

    /// What is sent at a time, in seconds since 1970.
    pub fn request(&self, now: u64) -> Option<Request> {
        let request = self.target.request(&self.method, self.headers.clone(), self.http2)?;
        let received = (!self.trusts_tokens).then_some(now);
        Some(Request { claims: self.claims.clone(), received, ..request })
    }

    /// `GET http://shop.test/ to gateway edge/shop with x-user: jason`
    pub fn title(&self) -> String {
        let method = if self.target.is_http() { format!("{} ", self.method) } else { String::new() };
        let from = match &self.sender {
            Sender::Workload(name) => format!(" from {name}"),
            Sender::Gateway(name) => format!(" to gateway {name}"),
            Sender::Outside => " from a client without a proxy".to_owned(),
            Sender::Anywhere => String::new(),
        };
        // Tokens are long, and maybe secret.
        let shown = self.headers.iter().filter(|(name, _)| *name != "authorization");
        let headers: Vec<_> = shown.map(|(name, value)| format!("{name}: {value}")).collect();
        let with = if headers.is_empty() { String::new() } else { format!(" with {}", headers.join(", ")) };
        format!("{method}{}{from}{with}", self.target)
    }
}
