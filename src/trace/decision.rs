//! What a proxy decided about a call, and why. Reasons that cost time are given when they are asked for.

use std::net::IpAddr;
use std::time::Duration;

use crate::envoy::Any;
use crate::envoy::cluster::Cluster;
use crate::envoy::core::HeaderValueOption;
use crate::envoy::listener::{FilterChain, Listener};
use crate::envoy::route::{ClusterWeight, RetryPolicy, Route, RouteAction, RouteConfiguration};

use super::answer::{Answer, Cors, Fault};
use super::call::{Call, Request};
use super::jwt::TokenVerdict;
use super::listener::Inspected;
use super::matching::Metadata;
use super::rbac::{Facts, Rules, Verdict};
use super::router::{HostChoice, Tried};

/// All that one proxy does with a call.
#[derive(Debug)]
pub struct Decision<'t> {
    /// The request as the last filter saw it.
    pub call: Call,
    pub listener: Option<&'t Listener>,
    /// What the listener learned; `None` if there is no listener.
    pub inspected: Option<Inspected>,
    pub chain: Option<ChainChoice<'t>>,
    /// What filters say, in their order.
    pub steps: Vec<Step<'t>>,
    /// `None` if the call did not get that far, or is not HTTP here.
    pub routing: Option<Routing<'t>>,
    pub outcome: Outcome<'t>,
    pub(super) metadata: Metadata,
    pub(super) identity: Option<String>,
    pub(super) remote: IpAddr,
}

#[derive(Clone, Copy, Debug)]
pub struct ChainChoice<'t> {
    /// The default chain comes after all others.
    pub index: usize,
    pub chain: &'t FilterChain,
}

#[derive(Clone, Debug)]
pub enum Step<'t> {
    Tokens(TokenVerdict),
    Policies(Policies<'t>),
    External(External<'t>),
    Fault(Fault),
    Cors(Cors),
    /// Another filter, by its name, and what is in force of its configuration.
    Other(&'t str, Option<&'t Any>),
}

/// One filter of policies.
#[derive(Clone, Copy, Debug)]
pub struct Policies<'t> {
    pub enforced: Option<Verdicts<'t>>,
    /// Policies that only tell what they would do.
    pub shadow: Option<Verdicts<'t>>,
    pub is_http: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Verdicts<'t> {
    pub rules: &'t Rules,
    pub verdict: Verdict<'t>,
}

/// A service that is asked for authorization; it is taken to agree.
#[derive(Clone, Copy, Debug)]
pub struct External<'t> {
    /// The cluster of the service.
    pub service: &'t str,
    /// Whether a policy makes the filter ask.
    pub asked: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Routing<'t> {
    /// Of the route configuration.
    pub name: &'t str,
    /// `None` if there is none of the name.
    pub configuration: Option<&'t RouteConfiguration>,
    pub host: Option<HostChoice<'t>>,
    /// The virtual host sends requests without TLS to HTTPS.
    pub redirects: bool,
    /// Position in the virtual host.
    pub route: Option<(usize, &'t Route)>,
}

#[derive(Debug)]
pub enum Outcome<'t> {
    Closed(Closed),
    Answer(Answer),
    /// The request goes to one of the targets.
    Forward(Box<Forward<'t>>),
    /// The bytes go to one of the targets.
    Connect(Vec<Target<'t>>),
}

/// Why a connection is closed without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    NoListener,
    NoChain,
    /// The chain has no filter that would send the call anywhere.
    NoFilter,
    PlainToTls,
    TlsToPlain,
    NoCertificate,
    /// The name in the certificate is none that the server accepts.
    NotAccepted,
    NotHttp,
    /// By a policy.
    Denied,
}

#[derive(Debug)]
pub struct Forward<'t> {
    pub action: &'t RouteAction,
    pub retry: Option<&'t RetryPolicy>,
    pub targets: Vec<Target<'t>>,
}

/// A cluster that takes a part of the requests.
#[derive(Clone, Debug)]
pub struct Target<'t> {
    pub name: &'t str,
    pub weight: u32,
    /// Of the weights of all targets.
    pub total: u32,
    /// `None` if there is none of the name: the proxy answers 503, or closes.
    pub cluster: Option<&'t Cluster>,
    /// What the route says of this one of several clusters.
    pub chosen: Option<&'t ClusterWeight>,
    /// As it is sent; `None` for what is not HTTP.
    pub request: Option<Request>,
}

impl Closed {
    /// The same in words.
    pub fn text(self) -> &'static str {
        match self {
            Closed::NoListener => "no listener is for the address",
            Closed::NoChain => "no filter chain takes the connection",
            Closed::NoFilter => "no filter of the chain sends it anywhere",
            Closed::PlainToTls => "the client sends plain text where TLS is needed",
            Closed::TlsToPlain => "the client starts TLS where plain HTTP is expected",
            Closed::NoCertificate => "the client shows no certificate",
            Closed::NotAccepted => "the server accepts no certificate with this name",
            Closed::NotHttp => "what the client sends is not HTTP",
            Closed::Denied => "policies deny it",
        }
    }
}

/// Envoy's timeout of routes that set none.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15);

impl<'t> Decision<'t> {
    pub(super) fn closed(call: Call, reason: Closed) -> Self {
        Self {
            listener: None,
            inspected: None,
            chain: None,
            steps: Vec::new(),
            routing: None,
            outcome: Outcome::Closed(reason),
            metadata: Metadata::new(),
            identity: None,
            remote: call.connection.source,
            call,
        }
    }

    /// Where the call may go.
    pub fn targets(&self) -> &[Target<'t>] {
        match &self.outcome {
            Outcome::Forward(forward) => &forward.targets,
            Outcome::Connect(targets) => targets,
            Outcome::Closed(_) | Outcome::Answer(_) => &[],
        }
    }

    /// The routes that were tried, in order, and what each of them wants that the request is not.
    pub fn tried(&self) -> Vec<Tried<'t>> {
        let routing = self.routing.as_ref().filter(|routing| !routing.redirects);
        let host = routing.and_then(|routing| routing.host);
        let tried = host.zip(self.call.request.as_ref()).map(|(host, request)| host.tried(request, &self.metadata));
        tried.unwrap_or_default()
    }

    /// Why a policy of a step does not match; `None` if it does.
    pub fn mismatch(&self, policies: &Policies<'_>, verdicts: &Verdicts<'_>, policy: usize) -> Option<String> {
        let facts = Facts {
            connection: &self.call.connection,
            server_name: self.inspected.as_ref().and_then(|inspected| inspected.server_name.as_deref()),
            identity: self.identity.as_deref(),
            remote: self.remote,
            request: self.call.request.as_ref().filter(|_| policies.is_http),
            metadata: &self.metadata,
        };
        verdicts.rules.policies.get(policy)?.mismatch(&facts)
    }

    /// The identity in the client's certificate, if it has one and TLS ends here.
    pub fn identity(&self) -> Option<&str> {
        self.identity.as_deref()
    }

    /// What route and virtual host add to the headers of the response, and what they remove.
    pub fn response_changes(&self) -> (Vec<&'t HeaderValueOption>, Vec<&'t str>) {
        let routing = self.routing.as_ref();
        let route = routing.and_then(|routing| routing.route).map(|(_, route)| route);
        let host = routing.and_then(|routing| routing.host).map(|host| host.host);
        let of_route = route.map(|own| (&own.response_headers_to_add, &own.response_headers_to_remove));
        let of_host = host.map(|own| (&own.response_headers_to_add, &own.response_headers_to_remove));
        let levels = || of_route.into_iter().chain(of_host);
        let removed = levels().flat_map(|(_, removed)| removed).map(String::as_str);
        (levels().flat_map(|(added, _)| added).collect(), removed.collect())
    }
}

impl<'t> ChainChoice<'t> {
    pub(super) fn new(listener: &'t Listener, index: usize) -> Self {
        static EMPTY: std::sync::LazyLock<FilterChain> = std::sync::LazyLock::new(FilterChain::default);
        Self { index, chain: listener.chains().nth(index).unwrap_or(&EMPTY) }
    }
}

impl Forward<'_> {
    /// Of the whole request, with all tries; `None` for no limit.
    pub fn timeout(&self) -> Option<Duration> {
        timeout(self.action)
    }
}

/// How long a request may take, with all tries; `None` for no limit.
pub fn timeout(action: &RouteAction) -> Option<Duration> {
    Some(action.timeout.unwrap_or(DEFAULT_TIMEOUT)).filter(|timeout| !timeout.is_zero())
}

impl Target<'_> {
    /// The part of requests, in percent.
    pub fn share(&self) -> f64 {
        f64::from(self.weight) * 100.0 / f64::from(self.total.max(1))
    }
}
