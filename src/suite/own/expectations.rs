//! What tests of our own format expect.

use crate::suite::case::{Expectation, Wanted};
use crate::suite::destination::WantedDestination;
use crate::suite::reader::Reader;
use crate::yaml::{Kind, Node};

pub(in crate::suite) const EXPECT: &[&str] = &[
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
    "consistentHash",
    "allowed",
    "policy",
    "noRoute",
    "closed",
];
pub(in crate::suite) const DESTINATION: &[&str] = &["host", "subset", "port", "weight"];
pub(in crate::suite) const REDIRECT: &[&str] = &["status", "location"];
pub(in crate::suite) const DIRECT_RESPONSE: &[&str] = &["status", "body"];
pub(in crate::suite) const SENT: &[&str] = &["method", "host", "path", "headers"];
pub(in crate::suite) const RESPONSE: &[&str] = &["headers"];
pub(in crate::suite) const RETRIES: &[&str] = &["attempts", "perTryTimeout", "retryOn"];
pub(in crate::suite) const FAULT: &[&str] = &["delay", "abort"];
pub(in crate::suite) const DELAY: &[&str] = &["fixedDelay", "percentage"];
pub(in crate::suite) const ABORT: &[&str] = &["httpStatus", "grpcStatus", "percentage"];
pub(in crate::suite) const HASH: &[&str] = &["httpHeaderName", "httpCookie", "httpQueryParameterName", "useSourceIp"];
pub(in crate::suite) const MIRROR: &[&str] = &["host", "subset", "port", "percentage"];

/// What is written for "there is to be none".
const NONE: &str = "none";

pub(super) fn read_expectations(test: Node<'_>, reader: &mut Reader) -> Vec<Expectation> {
    let mut found = Expectations { reader, list: Vec::new(), negated: false };
    for (key, negated) in [("expect", false), ("expectNot", true)] {
        if let Some(node) = test.get(key) {
            found.negated = negated;
            found.read(node);
        }
    }
    found.list
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
            "consistentHash" => self.hash(node),
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

    /// The keys are those of DestinationRules, but a cookie is its name alone.
    fn hash(&mut self, node: Node<'_>) {
        const KEY: &str = "consistentHash";
        if is_none(node) {
            return self.push(node, KEY, Wanted::NoHash);
        }
        if !self.reader.check_keys(node, HASH) {
            return;
        }
        for entry in node.entries() {
            let (name, value) = (entry.key.key_text(), entry.value);
            let key = format!("{KEY}.{name}");
            match &*name {
                "httpHeaderName" => self.text(value, &key, |name| Wanted::Hash(format!("header `{name}`"))),
                "httpCookie" => self.text(value, &key, |name| Wanted::Hash(format!("cookie `{name}`"))),
                "httpQueryParameterName" => {
                    self.text(value, &key, |name| Wanted::Hash(format!("query parameter `{name}`")))
                }
                _ => self.only_true(value, &key, Wanted::Hash("the address of the client".to_owned())),
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
