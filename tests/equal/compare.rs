//! What is the same about two answers, and what is not.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

use meshlint::envoy::Config;
use meshlint::envoy::bootstrap::Bootstrap;
use meshlint::envoy::cluster::{Discovery, DiscoveryType, LbPolicy};
use meshlint::envoy::route::{Action, ClusterSpecifier, HashPolicy, HashPolicySpecifier};
use meshlint::format::decode_base64;
use meshlint::trace::{
    ALL, Call, ClientTls, Connection, Decision, KeyPlace, Outcome, Request, Step, Target, Tracer, Version, Way,
};
use serde_json::Value;

use super::client::{Answer, Probe, Seen};

/// What one of them made of a probe.
#[derive(Clone, Debug)]
pub struct Made {
    pub seen: Seen,
    /// What the access log says of it.
    pub logged: Option<Logged>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logged {
    pub flags: String,
    pub cluster: String,
    pub host: String,
    pub route: String,
    pub details: String,
}

/// What is not the same: where, and the two values.
pub struct Difference {
    pub what: String,
    pub envoy: String,
    pub other: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: Envoy `{}`, other `{}`", self.what, self.envoy, self.other)
    }
}

/// How much of what happens to a probe the configuration decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// Everything, the endpoint included.
    All,
    /// The endpoint is one of several.
    Cluster,
    /// The cluster is one of several.
    Route,
    /// Faults happen to some only, or a filter does what is not known.
    Nothing,
}

/// Lines of the log by the ports of the listener and of the client.
pub fn logged(log: &str) -> BTreeMap<(u16, u16), Logged> {
    let lines = log.lines().filter_map(|line| {
        let mut fields = line.split('\t').map(str::to_owned);
        let port = |address: &str| address.rsplit_once(':')?.1.parse().ok();
        let addresses = fields.next()?;
        let (local, remote) = addresses.split_once(' ')?;
        let ports = (port(local)?, port(remote)?);
        let mut next = || fields.next().unwrap_or_default();
        Some((ports, Logged { flags: next(), cluster: next(), host: next(), route: next(), details: next() }))
    });
    lines.collect()
}

/// These are new each time.
const NEW_EACH_TIME: [&str; 11] = [
    // Listeners have other ports.
    "x-forwarded-port",
    "date",
    "x-envoy-upstream-service-time",
    "x-request-id",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-sampled",
    "x-b3-parentspanid",
    "traceparent",
    "tracestate",
    "x-envoy-decorator-operation",
];

pub fn differences(envoy: &Made, other: &Made, certainty: Certainty) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut differ = |what: &str, envoy: &dyn fmt::Debug, other: &dyn fmt::Debug| {
        let (envoy, other) = (format!("{envoy:?}"), format!("{other:?}"));
        if envoy != other {
            found.push(Difference { what: what.to_owned(), envoy, other });
        }
    };
    if certainty == Certainty::Nothing {
        return found;
    }
    let envoy_seen = &envoy.seen;
    match (envoy_seen, &other.seen) {
        (Seen::Http(envoy), Seen::Http(other)) => {
            differ("status", &envoy.status, &other.status);
            if certainty != Certainty::Route {
                of_headers("", &envoy.headers, &other.headers, &mut differ);
                of_headers("trailer ", &envoy.trailers, &other.trailers, &mut differ);
                differ("cut", &envoy.is_cut, &other.is_cut);
                match (received(envoy), received(other)) {
                    (Some(envoy), Some(other)) => of_requests(&envoy, &other, certainty, &mut differ),
                    _ => differ("body", &envoy.body, &other.body),
                }
            }
        }
        (envoy, other) => differ("answer", &kind(envoy), &kind(other)),
    }
    if let (Some(envoy), Some(other)) = (&envoy.logged, &other.logged) {
        // While a client fails at its TLS, Envoy connects to the upstream. How far it gets is a matter of time.
        let is_race = envoy_seen == &Seen::Closed && envoy.details == "-" && other.details == "-";
        // So is whether a client's stream or its connection ends first.
        let have_left = [envoy, other].iter().all(|logged| ["DC", "DR"].contains(&&*logged.flags));
        if !have_left && (!is_race || envoy.flags == "UH") {
            differ("flags", &envoy.flags, &other.flags);
        }
        differ("route", &envoy.route, &other.route);
        if !have_left {
            differ("details", &details(envoy), &details(other));
        }
        if certainty != Certainty::Route {
            differ("cluster", &envoy.cluster, &other.cluster);
        }
        // The path of a socket is not told.
        if certainty == Certainty::All && !envoy.host.starts_with('/') && !is_race {
            differ("host", &envoy.host, &other.host);
        }
    } else {
        differ("logged", &envoy.logged.is_some(), &other.logged.is_some());
    }
    found
}

/// Without what the library for TLS or the system says.
fn details(logged: &Logged) -> &str {
    logged.details.split('|').next().unwrap_or_default().trim_end_matches('}')
}

fn kind(seen: &Seen) -> String {
    match seen {
        Seen::Http(answer) => format!("{} {}", answer.status, answer.body),
        other => format!("{other:?}"),
    }
}

fn of_headers(
    prefix: &str,
    envoy: &BTreeMap<String, Vec<String>>,
    other: &BTreeMap<String, Vec<String>>,
    differ: &mut dyn FnMut(&str, &dyn fmt::Debug, &dyn fmt::Debug),
) {
    let mut names: Vec<_> = envoy.keys().chain(other.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let what = format!("{prefix}header {name}");
        match NEW_EACH_TIME.contains(&name.as_str()) {
            true => differ(&what, &envoy.contains_key(name), &other.contains_key(name)),
            // Values of cookies that a proxy makes are hashes of addresses and ports.
            false if name == "set-cookie" => differ(&what, &cookies(envoy), &cookies(other)),
            // The length follows from the body.
            false if name == "content-length" => {}
            false => differ(&what, &envoy.get(name), &other.get(name)),
        }
    }
}

fn cookies(headers: &BTreeMap<String, Vec<String>>) -> Vec<(&str, &str)> {
    let values = headers.get("set-cookie").into_iter().flatten();
    values
        .map(|value| (value.split('=').next().unwrap_or_default(), value.split_once(';').unwrap_or_default().1))
        .collect()
}

/// What the server behind the proxy says that it received.
fn received(answer: &Answer) -> Option<serde_json::Map<String, Value>> {
    match serde_json::from_str(&answer.body).ok()? {
        Value::Object(fields) if fields.contains_key("authority") => Some(fields),
        _ => None,
    }
}

fn of_requests(
    envoy: &serde_json::Map<String, Value>,
    other: &serde_json::Map<String, Value>,
    certainty: Certainty,
    differ: &mut dyn FnMut(&str, &dyn fmt::Debug, &dyn fmt::Debug),
) {
    // Not all endpoints of a cluster need to speak TLS.
    let same = ["method", "path", "authority", "version", "body", "tls"];
    let same = if certainty == Certainty::All { &same[..] } else { &same[..5] };
    for name in same {
        differ(&format!("upstream {name}"), &envoy.get(*name), &other.get(*name));
    }
    let headers = |fields: &serde_json::Map<String, Value>| -> BTreeMap<String, Vec<String>> {
        fields.get("headers").and_then(|headers| serde_json::from_value(headers.clone()).ok()).unwrap_or_default()
    };
    of_headers("upstream ", &headers(envoy), &headers(other), differ);
}

/// What `trace` says of probes.
pub struct Prophet {
    tracer: Tracer,
    ports: BTreeMap<String, u16>,
}

impl Prophet {
    pub fn new(bootstrap: &Bootstrap) -> Self {
        let resources = bootstrap.static_resources.clone().unwrap_or_default();
        let config = Config {
            node: bootstrap.node.clone(),
            listeners: resources.listeners,
            clusters: resources.clusters.into_iter().map(Into::into).collect(),
            ..Default::default()
        };
        let tracer = Tracer::new(config);
        for keys in tracer.absent_keys() {
            // Echoes say what is in the path.
            if let KeyPlace::Server(remote) = &keys.place
                && let Some((_, text)) = remote.http_uri.as_ref().unwrap().uri.split_once("/say/")
            {
                assert!(keys.bring(&String::from_utf8(decode_base64(text).unwrap()).unwrap()));
            }
        }
        Self { tracer, ports: super::scenario::ports(bootstrap) }
    }

    fn decide(&self, probe: &Probe) -> Decision<'_> {
        let tls = probe.tls.as_ref().map(|tls| ClientTls {
            server_name: tls.name.clone(),
            application_protocols: tls.protocols.clone(),
            identity: tls.certificate.clone(),
        });
        let destination = SocketAddr::from(([127, 0, 0, 1], self.ports[&probe.to]));
        let request = probe.path.as_ref().map(|path| Request {
            method: probe.method.0.clone(),
            received: SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs()),
            headers: probe.headers.iter().map(|(name, value)| (name, value.as_str())).collect(),
            version: if probe.http2 { Version::Http2 } else { Version::Http1 },
            ..Request::get(&*probe.host, &**path)
        });
        let connection = Connection { destination, source: IpAddr::from([127, 0, 0, 1]), tls };
        self.tracer.decide(Call { connection, request }, Way::Outbound)
    }

    pub fn certainty(&self, probe: &Probe) -> Certainty {
        let decision = self.decide(probe);
        let is_random = decision.steps.iter().any(|step| match step {
            Step::Fault(fault) => {
                let sometimes = |part: u64| part > 0 && part < ALL;
                fault.delay.is_some_and(|(_, part)| sometimes(part))
                    || fault.abort.is_some_and(|(_, part)| sometimes(part))
            }
            _ => false,
        });
        match decision.targets() {
            _ if is_random => Certainty::Nothing,
            // A host that the request itself names is looked for by DNS, which is not to be asked.
            [only]
                if only.cluster.is_some_and(|own| own.by_name().is_some()) && !probe.host.contains(".localhost:") =>
            {
                Certainty::Nothing
            }
            // Logs tell one of the clusters even if none is reached.
            [] if is_weighted(&decision) => Certainty::Route,
            [] => Certainty::All,
            [only] => self.certainty_of(&decision, only, probe),
            _ => Certainty::Route,
        }
    }

    fn certainty_of(&self, decision: &Decision<'_>, target: &Target<'_>, probe: &Probe) -> Certainty {
        let by_hash = target.cluster.is_some_and(|own| matches!(own.lb_policy, LbPolicy::RingHash | LbPolicy::Maglev));
        let is_keyed = match &decision.outcome {
            Outcome::Forward(forward) => forward.action.hash_policy.iter().any(|policy| has_key(policy, probe)),
            _ => false,
        };
        let is_one = by_hash && is_keyed || self.tracer.upstreams(decision, target).len() <= 1;
        if is_one { Certainty::All } else { Certainty::Cluster }
    }

    /// Where what happened is not what was foretold.
    pub fn difference(&self, probe: &Probe, envoy: &Made) -> Option<Difference> {
        // Why an upstream cannot be reached, no configuration tells.
        if envoy.logged.as_ref().is_some_and(|logged| logged.flags.split(',').any(|flag| flag == "UF")) {
            return None;
        }
        // Trace knows no tunnels in HTTP/2.
        if probe.protocol.is_some() {
            return None;
        }
        let asks_for_trouble = |name: &str| name.starts_with("x-echo-") && name != "x-echo-header";
        if probe.headers.iter().any(|(name, _)| asks_for_trouble(name)) || self.certainty(probe) == Certainty::Nothing {
            return None;
        }
        let decision = self.decide(probe);
        // What other filters do, only those know who execute them.
        if decision.steps.iter().any(|step| matches!(step, Step::Other(..))) {
            return None;
        }
        // Answers to gRPC are in trailers.
        if probe.headers.iter().any(|(_, value)| value == "application/grpc") {
            return None;
        }
        let told =
            |what: &str, other: String, envoy: String| Difference { what: format!("trace: {what}"), envoy, other };
        match (&decision.outcome, &envoy.seen) {
            (Outcome::Closed(_), Seen::Closed) => None,
            (Outcome::Answer(answer), Seen::Http(seen)) => {
                let header = |name: &str| seen.headers.get(name).map(|values| values.join(","));
                if answer.status != seen.status {
                    return Some(told("status", format!("{} by {:?}", answer.status, answer.by), kind(&envoy.seen)));
                }
                if answer.location != header("location") {
                    return Some(told(
                        "location",
                        format!("{:?}", answer.location),
                        format!("{:?}", header("location")),
                    ));
                }
                let has_body = probe.method.0 != "HEAD" && answer.body != seen.body;
                has_body.then(|| told("body", answer.body.clone(), seen.body.clone()))
            }
            (Outcome::Forward(_), Seen::Http(seen)) => self.request_difference(&decision, probe, seen),
            // Bytes that are a request are not foretold.
            (Outcome::Connect(_), Seen::Http(_)) if probe.path.is_none() => None,
            (Outcome::Connect(_), Seen::Nothing) => None,
            (Outcome::Connect(_), Seen::Bytes(_)) => None,
            (Outcome::Connect(targets), Seen::Closed) => targets
                .iter()
                .all(|target| self.reaches(&decision, target))
                .then(|| told("connection", "connected".to_owned(), "closed".to_owned())),
            (outcome, seen) => Some(told("outcome", short(format!("{outcome:?}")), kind(seen))),
        }
    }

    /// Whether a target has an endpoint, as far as the configuration tells: the destination of a connection is not known here.
    fn reaches(&self, decision: &Decision<'_>, target: &Target<'_>) -> bool {
        let is_redirected = target
            .cluster
            .is_none_or(|cluster| matches!(cluster.discovery, Some(Discovery::Type(DiscoveryType::OriginalDst))));
        !is_redirected && !self.tracer.upstreams(decision, target).is_empty()
    }

    fn request_difference(&self, decision: &Decision<'_>, probe: &Probe, seen: &Answer) -> Option<Difference> {
        let Some(received) = received(seen) else {
            let reaches = |target: &Target<'_>| self.reaches(decision, target);
            let foretold = seen.status == 503 && !decision.targets().iter().all(reaches);
            // Whether a protocol may change is no matter of routes, and some answers have no body.
            let upgraded = probe.headers.iter().any(|(name, _)| name == "upgrade") || probe.method.0 == "HEAD";
            return (!foretold && !upgraded).then(|| Difference {
                what: "trace: outcome".to_owned(),
                envoy: format!("{} {}", seen.status, seen.body),
                other: format!(
                    "forwarded to {:?}",
                    decision.targets().iter().map(|target| target.name).collect::<Vec<_>>()
                ),
            });
        };
        let [target] = decision.targets() else { return None };
        let request = target.request.as_ref()?;
        let text = |name: &str| received.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let pairs = [("method", &request.method), ("path", &request.path), ("authority", &request.authority)];
        let wrong = pairs.into_iter().find(|(name, own)| text(name) != **own);
        wrong.map(|(name, own)| Difference {
            what: format!("trace: upstream {name}"),
            envoy: text(name),
            other: own.clone(),
        })
    }
}

/// Whether the request itself tells what is hashed.
fn has_key(policy: &HashPolicy, probe: &Probe) -> bool {
    let header = |name: &str| probe.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value);
    match &policy.policy {
        Some(HashPolicySpecifier::Header(own)) => header(&own.header_name.to_ascii_lowercase()).is_some(),
        Some(HashPolicySpecifier::Cookie(own)) => {
            header("cookie").is_some_and(|all| all.contains(&format!("{}=", own.name)))
        }
        Some(HashPolicySpecifier::QueryParameter(own)) => {
            probe.path.as_ref().is_some_and(|path| path.contains(&format!("&{}=", own.name)))
        }
        _ => false,
    }
}

fn is_weighted(decision: &Decision<'_>) -> bool {
    let route = decision.routing.as_ref().and_then(|routing| routing.route);
    route.is_some_and(|(_, route)| match &route.action {
        Some(Action::Route(action)) => matches!(action.cluster_specifier, Some(ClusterSpecifier::WeightedClusters(_))),
        _ => false,
    })
}

fn short(mut text: String) -> String {
    if let Some((at, _)) = text.char_indices().nth(160) {
        text.truncate(at);
    }
    text
}
