//! Our own format of tests; its keys are those of `schemas/test.json`.

use std::collections::BTreeMap;

use crate::envoy::value_of;
use crate::journey::Target;
use crate::source::Span;
use crate::trace::Headers;
use crate::yaml::{Kind, Node};

use super::case::{Ask, Case, Expectation, Sender, Wanted};
use super::destination::WantedDestination;
use super::reader::Reader;

pub(super) const FILE: &[&str] = &["defaults", "tests"];
pub(super) const TEST: &[&str] = &["name", "request", "expect", "expectNot"];
pub(super) const REQUEST: &[&str] = &[
    "from",
    "gateway",
    "url",
    "scheme",
    "host",
    "port",
    "path",
    "method",
    "headers",
    "http2",
    "sni",
    "principal",
    "sourceIp",
    "jwt",
    "trustJwt",
    "claims",
];
pub(super) const EXPECT: &[&str] = &[
    "destination",
    "destinations",
    "route",
    "virtualService",
    "delegate",
    "redirect",
    "directResponse",
    "status",
    "body",
    "request",
    "response",
    "timeout",
    "retries",
    "fault",
    "mirror",
    "allowed",
    "policy",
    "noRoute",
    "closed",
];
pub(super) const DESTINATION: &[&str] = &["host", "subset", "port", "weight"];
pub(super) const REDIRECT: &[&str] = &["status", "location"];
pub(super) const DIRECT_RESPONSE: &[&str] = &["status", "body"];
pub(super) const SENT: &[&str] = &["method", "host", "path", "headers"];
pub(super) const RESPONSE: &[&str] = &["headers"];
pub(super) const RETRIES: &[&str] = &["attempts", "perTryTimeout", "retryOn"];
pub(super) const FAULT: &[&str] = &["delay", "abort"];
pub(super) const DELAY: &[&str] = &["fixedDelay", "percentage"];
pub(super) const ABORT: &[&str] = &["httpStatus", "grpcStatus", "percentage"];
pub(super) const MIRROR: &[&str] = &["host", "subset", "port", "percentage"];

/// What is written for "there is to be none".
const NONE: &str = "none";

pub(super) fn read(document: Node<'_>, reader: &mut Reader, cases: &mut Vec<Case>) {
    if !reader.check_keys(document, FILE) {
        return;
    }
    let defaults = document.get("defaults");
    if let Some(defaults) = defaults {
        reader.check_keys(defaults, REQUEST);
    }
    let Some(tests) = document.get("tests") else { return };
    if tests.kind() != Kind::Sequence {
        reader.problem(tests.head(), "`tests` is a list");
    }
    for test in tests.items() {
        read_test(test, defaults, reader, cases);
    }
}

fn read_test(test: Node<'_>, defaults: Option<Node<'_>>, reader: &mut Reader, cases: &mut Vec<Case>) {
    if !reader.check_keys(test, TEST) {
        return;
    }
    let name = reader.required(test, "name").and_then(|name| reader.text(name)).unwrap_or_default();
    let request = test.get("request");
    if let Some(request) = request {
        reader.check_keys(request, REQUEST);
    }
    if !test.has("expect") && !test.has("expectNot") {
        reader.problem(test.head(), format!("test `{name}` expects nothing: write `expect` or `expectNot`"));
    }
    let asks = asks(&Layers { own: request, defaults }, test.head(), reader);
    // Mistakes of expectations are told once, however many requests there are.
    let mut expectations: Vec<Vec<Expectation>> = Vec::new();
    for _ in 0..asks.len().max(1) {
        let told = reader.problems.len();
        expectations.push(read_expectations(test, reader));
        if reader.problems.len() > told {
            break;
        }
    }
    for (ask, expectations) in asks.into_iter().zip(expectations) {
        cases.push(Case { name: name.clone(), at: test.head(), ask, expectations });
    }
}

fn read_expectations(test: Node<'_>, reader: &mut Reader) -> Vec<Expectation> {
    let mut found = Expectations { reader, list: Vec::new(), negated: false };
    for (key, negated) in [("expect", false), ("expectNot", true)] {
        if let Some(node) = test.get(key) {
            found.negated = negated;
            found.read(node);
        }
    }
    found.list
}

/// A request, and what it gets where it says nothing itself.
struct Layers<'n> {
    own: Option<Node<'n>>,
    defaults: Option<Node<'n>>,
}

impl<'n> Layers<'n> {
    fn get(&self, key: &str) -> Option<Node<'n>> {
        self.own.and_then(|own| own.get(key)).or_else(|| self.defaults?.get(key))
    }

    /// The first layer that has one of several keys that exclude each other.
    fn get_any<'k>(&self, keys: &[&'k str]) -> Option<(&'k str, Node<'n>)> {
        let layers = [self.own, self.defaults];
        let mut found =
            layers.into_iter().flatten().map(|layer| keys.iter().find_map(|key| Some((*key, layer.get(key)?))));
        found.find_map(|pair| pair)
    }
}

/// Each combination of senders, URLs, methods and sets of headers.
fn asks(layers: &Layers<'_>, at: Span, reader: &mut Reader) -> Vec<Ask> {
    let told = reader.problems.len();
    let senders = senders(layers, reader);
    let targets = targets(layers, at, reader);
    let methods = match layers.get("method") {
        Some(node) => reader.texts(node),
        None => vec!["GET".to_owned()],
    };
    let headers = header_sets(layers, reader);
    let common = common(layers, reader);
    let (Some(common), true) = (common, reader.problems.len() == told) else { return Vec::new() };
    let mut asks = Vec::new();
    for sender in &senders {
        for target in &targets {
            for method in &methods {
                for headers in &headers {
                    let mut headers = headers.clone();
                    if let Some(token) = &common.token {
                        headers.set("authorization", format!("Bearer {token}"));
                    }
                    asks.push(Ask {
                        sender: sender.clone(),
                        target: target.clone(),
                        method: method.clone(),
                        headers,
                        ..common.ask.clone()
                    });
                }
            }
        }
    }
    asks
}

/// What all requests of a test have.
struct Common {
    ask: Ask,
    token: Option<String>,
}

fn common(layers: &Layers<'_>, reader: &mut Reader) -> Option<Common> {
    let token = layers.get("jwt").and_then(|node| reader.text(node));
    let claims = layers.get("claims").and_then(|node| match value_of(node) {
        serde_json::Value::Object(claims) => Some(claims),
        _ => {
            reader.problem(node.head(), "expected a mapping");
            None
        }
    });
    let ask = Ask {
        sender: Sender::Anywhere,
        target: Target::parse("http://host/").ok()?,
        method: String::new(),
        headers: Headers::default(),
        http2: layers.get("http2").and_then(|node| reader.flag(node)).unwrap_or_default(),
        server_name: layers.get("sni").and_then(|node| reader.text(node)),
        principal: layers.get("principal").and_then(|node| reader.text(node)),
        source: layers.get("sourceIp").and_then(|node| {
            reader.parsed(node, |text| text.parse().map_err(|_| format!("`{text}` is not an address")))
        }),
        claims,
        trusts_tokens: layers.get("trustJwt").and_then(|node| reader.flag(node)).unwrap_or_default(),
        random: None,
    };
    Some(Common { ask, token })
}

fn senders(layers: &Layers<'_>, reader: &mut Reader) -> Vec<Sender> {
    match layers.get_any(&["from", "gateway"]) {
        Some(("gateway", node)) => reader.texts(node).into_iter().map(Sender::Gateway).collect(),
        Some((_, node)) => {
            let sender = |name: String| if name == "outside" { Sender::Outside } else { Sender::Workload(name) };
            reader.texts(node).into_iter().map(sender).collect()
        }
        None => vec![Sender::Anywhere],
    }
}

/// Either whole URLs, or all combinations of their parts.
fn targets(layers: &Layers<'_>, at: Span, reader: &mut Reader) -> Vec<Target> {
    match layers.get_any(&["url", "host"]) {
        Some(("url", node)) => {
            for key in ["scheme", "host", "port", "path"] {
                if let Some(at) = layers.own.and_then(|own| own.key_at(key)) {
                    reader.problem(at, format!("`url` and `{key}` exclude each other"));
                }
            }
            let urls = reader.texts(node);
            urls.iter().filter_map(|url| target(url, node.head(), reader)).collect()
        }
        Some((_, node)) => {
            let part = |key: &str, reader: &mut Reader| layers.get(key).and_then(|node| reader.text(node));
            let scheme = part("scheme", reader).unwrap_or_else(|| "http".to_owned());
            let port = part("port", reader).map(|port| format!(":{port}")).unwrap_or_default();
            let paths = layers.get("path").map_or_else(|| vec![String::new()], |node| reader.texts(node));
            let mut targets = Vec::new();
            for host in reader.texts(node) {
                for path in &paths {
                    targets.extend(target(&format!("{scheme}://{host}{port}{path}"), node.head(), reader));
                }
            }
            targets
        }
        None => {
            reader.problem(at, "the request needs `url` or `host`");
            Vec::new()
        }
    }
}

fn target(url: &str, at: Span, reader: &mut Reader) -> Option<Target> {
    Target::parse(url).map_err(|message| reader.problem(at, message)).ok()
}

/// One set, or a list of them; those of the defaults are in all.
fn header_sets(layers: &Layers<'_>, reader: &mut Reader) -> Vec<Headers> {
    let mut sets = vec![BTreeMap::new()];
    for node in [layers.defaults, layers.own].into_iter().flatten().filter_map(|layer| layer.get("headers")) {
        let own: Vec<_> = match node.kind() {
            Kind::Sequence => node.items().map(|set| header_set(set, reader)).collect(),
            _ => vec![header_set(node, reader)],
        };
        let united = |set: &BTreeMap<String, String>| {
            own.iter().map(|own| set.clone().into_iter().chain(own.clone()).collect()).collect::<Vec<_>>()
        };
        sets = sets.iter().flat_map(united).collect();
    }
    sets.into_iter().map(|set| set.into_iter().collect()).collect()
}

fn header_set(node: Node<'_>, reader: &mut Reader) -> BTreeMap<String, String> {
    if node.kind() != Kind::Mapping {
        reader.problem(node.head(), "expected a mapping of headers");
    }
    let pairs =
        node.entries().filter_map(|entry| Some((Reader::name(entry.key).to_lowercase(), reader.text(entry.value)?)));
    pairs.collect()
}

/// The expectations of a test.
struct Expectations<'r> {
    reader: &'r mut Reader,
    list: Vec<Expectation>,
    negated: bool,
}

impl Expectations<'_> {
    fn push(&mut self, node: Node<'_>, key: impl Into<String>, wanted: Wanted) {
        self.list.push(Expectation::new(node, key, self.negated, wanted));
    }

    fn text(&mut self, node: Node<'_>, key: &str, wanted: impl FnOnce(String) -> Wanted) {
        if let Some(text) = self.reader.text(node) {
            self.push(node, key, wanted(text));
        }
    }

    fn number<T: std::str::FromStr>(&mut self, node: Node<'_>, key: &str, wanted: impl FnOnce(T) -> Wanted) {
        if let Some(number) = self.reader.number(node) {
            self.push(node, key, wanted(number));
        }
    }

    fn read(&mut self, node: Node<'_>) {
        if !self.reader.check_keys(node, EXPECT) {
            return;
        }
        for entry in node.entries() {
            self.read_key(&entry.key.key_text(), entry.value);
        }
    }

    fn read_key(&mut self, key: &str, node: Node<'_>) {
        match key {
            "destination" | "destinations" => self.destinations(key, node),
            "route" => self.text(node, key, Wanted::Route),
            "virtualService" => self.text(node, key, Wanted::VirtualService),
            "delegate" => self.text(node, key, Wanted::Delegate),
            "policy" => self.text(node, key, Wanted::Policy),
            "body" => self.text(node, key, Wanted::Body),
            "status" => self.number(node, key, Wanted::Status),
            "redirect" => self.answer(node, key, REDIRECT, Wanted::Redirect),
            "directResponse" => self.answer(node, key, DIRECT_RESPONSE, Wanted::DirectResponse),
            "request" => self.sent(node),
            "response" => {
                if self.reader.check_keys(node, RESPONSE)
                    && let Some(headers) = node.get("headers")
                {
                    self.headers("response.headers", headers, Wanted::ResponseHeader);
                }
            }
            "timeout" => match is_none(node) {
                true => self.push(node, key, Wanted::Timeout(None)),
                false => {
                    self.duration(node, key, |limit| Wanted::Timeout(Some(limit).filter(|limit| !limit.is_zero())))
                }
            },
            "retries" => self.retries(node),
            "fault" => self.fault(node),
            "mirror" => self.mirror(node),
            "allowed" => {
                if let Some(allowed) = self.reader.flag(node) {
                    self.push(node, key, Wanted::Allowed(allowed));
                }
            }
            "noRoute" => self.only_true(node, key, Wanted::NoRoute),
            "closed" => match node.scalar() {
                Some(crate::yaml::Scalar::Bool(_)) => self.only_true(node, key, Wanted::Closed(String::new())),
                _ => self.text(node, key, Wanted::Closed),
            },
            _ => {}
        }
    }

    fn only_true(&mut self, node: Node<'_>, key: &str, wanted: Wanted) {
        match self.reader.flag(node) {
            Some(true) => self.push(node, key, wanted),
            Some(false) => self.reader.problem(node.head(), format!("`{key}: false` says nothing: use `expectNot`")),
            None => {}
        }
    }

    fn duration(&mut self, node: Node<'_>, key: &str, wanted: impl FnOnce(std::time::Duration) -> Wanted) {
        if let Some(duration) = self.reader.duration(node) {
            self.push(node, key, wanted(duration));
        }
    }

    /// A list is all there is; a single one may share the traffic with others only if its weight says so.
    fn destinations(&mut self, key: &str, node: Node<'_>) {
        let items: Vec<_> = if node.kind() == Kind::Sequence { node.items().collect() } else { vec![node] };
        let wanted: Vec<_> = items.into_iter().filter_map(|item| self.destination(item, DESTINATION)).collect();
        self.push(node, key, Wanted::Destinations(wanted));
    }

    /// A host, or a mapping.
    fn destination(&mut self, node: Node<'_>, keys: &[&str]) -> Option<WantedDestination> {
        if node.kind() == Kind::Scalar {
            return Some(WantedDestination { host: self.reader.text(node), ..Default::default() });
        }
        if !self.reader.check_keys(node, keys) {
            return None;
        }
        Some(WantedDestination {
            host: node.get("host").and_then(|node| self.reader.text(node)),
            subset: node.get("subset").and_then(|node| self.reader.text(node)),
            port: node.get("port").and_then(|node| self.reader.number(node)),
            weight: node.get("weight").and_then(|node| self.reader.number(node)),
        })
    }

    fn answer(&mut self, node: Node<'_>, key: &str, keys: &[&str], kind: Wanted) {
        if !self.reader.check_keys(node, keys) {
            return;
        }
        self.push(node, key, kind);
        for entry in node.entries() {
            let (name, value) = (entry.key.key_text(), entry.value);
            let key = format!("{key}.{name}");
            match &*name {
                "status" => self.number(value, &key, Wanted::Status),
                "location" => self.text(value, &key, Wanted::Location),
                _ => self.text(value, &key, Wanted::Body),
            }
        }
    }

    fn sent(&mut self, node: Node<'_>) {
        if !self.reader.check_keys(node, SENT) {
            return;
        }
        for entry in node.entries() {
            match &*entry.key.key_text() {
                "method" => self.text(entry.value, "request.method", Wanted::Method),
                "host" => self.text(entry.value, "request.host", Wanted::Host),
                "path" => self.text(entry.value, "request.path", Wanted::Path),
                _ => self.headers("request.headers", entry.value, Wanted::RequestHeader),
            }
        }
    }

    /// A header without a value is one that is not to be there.
    fn headers(&mut self, key: &str, node: Node<'_>, wanted: fn(String, Option<String>) -> Wanted) {
        if node.kind() != Kind::Mapping {
            self.reader.problem(node.head(), "expected a mapping of headers");
        }
        for entry in node.entries() {
            let name = Reader::name(entry.key).to_lowercase();
            let value = if entry.value.is_null() { None } else { self.reader.text(entry.value) };
            self.push(entry.value, format!("{key}.{name}"), wanted(name, value));
        }
    }

    fn retries(&mut self, node: Node<'_>) {
        if is_none(node) {
            return self.push(node, "retries", Wanted::NoRetries);
        }
        if !self.reader.check_keys(node, RETRIES) {
            return;
        }
        for entry in node.entries() {
            match &*entry.key.key_text() {
                "attempts" => self.number(entry.value, "retries.attempts", Wanted::Attempts),
                "perTryTimeout" => self.duration(entry.value, "retries.perTryTimeout", Wanted::PerTryTimeout),
                _ => self.text(entry.value, "retries.retryOn", Wanted::RetryOn),
            }
        }
    }

    fn fault(&mut self, node: Node<'_>) {
        if is_none(node) {
            return self.push(node, "fault", Wanted::NoFault);
        }
        if !self.reader.check_keys(node, FAULT) {
            return;
        }
        for (part, keys) in [("delay", DELAY), ("abort", ABORT)] {
            let Some(node) = node.get(part).filter(|node| self.reader.check_keys(*node, keys)) else { continue };
            for entry in node.entries() {
                let name = entry.key.key_text();
                let (key, value) = (format!("fault.{part}.{name}"), entry.value);
                match (part, &*name) {
                    ("delay", "fixedDelay") => self.duration(value, &key, Wanted::Delay),
                    ("delay", _) => self.number(value, &key, Wanted::DelayPercentage),
                    (_, "httpStatus") => self.number(value, &key, Wanted::AbortStatus),
                    (_, "grpcStatus") => self.number(value, &key, Wanted::AbortGrpcStatus),
                    _ => self.number(value, &key, Wanted::AbortPercentage),
                }
            }
        }
    }

    fn mirror(&mut self, node: Node<'_>) {
        if is_none(node) {
            return self.push(node, "mirror", Wanted::NoMirror);
        }
        let items: Vec<_> = if node.kind() == Kind::Sequence { node.items().collect() } else { vec![node] };
        for item in items {
            let percentage = item.get("percentage").and_then(|node| self.reader.number(node));
            if let Some(destination) = self.destination(item, MIRROR) {
                self.push(item, "mirror", Wanted::Mirror(destination, percentage));
            }
        }
    }
}

fn is_none(node: Node<'_>) -> bool {
    node.as_str() == Some(NONE)
}
