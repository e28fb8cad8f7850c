//! Our own format of tests; its keys are those of `schemas/test.json`.

pub(super) mod expectations;

use std::collections::BTreeMap;

use crate::envoy::value_of;
use crate::journey::Target;
use crate::source::Span;
use crate::trace::Headers;
use crate::yaml::{Kind, Node};

use super::case::{Ask, Case, Expectation, Sender};
use super::reader::Reader;
use expectations::read_expectations;

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
