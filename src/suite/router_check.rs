//! Tests of Envoy's router_check_tool (Envoy 1.40 `test/tools/router_check/validation.proto`): requests against the routes
//! of a proxy, and the route's parts as Envoy calls them. Keys may be in snake_case or lowerCamelCase, as in all JSON of
//! protobuf.

use crate::envoy::route::HeaderMatcher;
use crate::envoy::{Json, value_of};
use crate::trace::{HeaderTest, Headers};
use crate::yaml::Node;

use super::case::{Ask, Case, Expectation, Wanted};
use super::reader::Reader;

const FILE: &[&str] = &["tests"];
const TEST: &[&str] = &["test_name", "input", "validate"];
const INPUT: &[&str] = &[
    "authority",
    "path",
    "method",
    "random_value",
    "ssl",
    "internal",
    "additional_request_headers",
    "additional_response_headers",
    "runtime",
];
const VALIDATE: &[&str] = &[
    "cluster_name",
    "virtual_cluster_name",
    "virtual_host_name",
    "host_rewrite",
    "path_rewrite",
    "path_redirect",
    "request_header_fields",
    "response_header_fields",
    "request_header_matches",
    "response_header_matches",
];

/// Keys of texts, of fields and of matchers, and what they ask for.
type OfText = (&'static str, fn(String) -> Wanted);
type OfField = (&'static str, fn(String, Option<String>) -> Wanted);
type OfMatch = (&'static str, fn(Box<HeaderTest>) -> Wanted);

pub(super) fn read(document: Node<'_>, reader: &mut Reader, cases: &mut Vec<Case>) {
    if !check_keys(document, FILE, reader) {
        return;
    }
    for test in document.get("tests").into_iter().flat_map(Node::items) {
        if !check_keys(test, TEST, reader) {
            continue;
        }
        let name = required(test, "test_name", reader).and_then(|node| reader.text(node)).unwrap_or_default();
        let ask = required(test, "input", reader).and_then(|node| read_input(node, reader));
        let validate = required(test, "validate", reader);
        let expectations = validate.map_or_else(Vec::new, |node| read_expectations(node, reader));
        if let Some(ask) = ask {
            cases.push(Case { name, at: test.head(), ask, expectations });
        }
    }
}

fn read_input(input: Node<'_>, reader: &mut Reader) -> Option<Ask> {
    if !check_keys(input, INPUT, reader) {
        return None;
    }
    let mut text = |key: &str| required(input, key, reader).and_then(|node| reader.text(node));
    let (authority, path, method) = (text("authority"), text("path"), text("method"));
    for key in ["runtime", "additional_response_headers"] {
        if let Some(node) = get(input, key) {
            reader.problem(node.head(), format!("`{key}` is not supported: no such thing is in what istiod makes"));
        }
    }
    let mut flag = |key: &str| get(input, key).and_then(|node| reader.flag(node)).unwrap_or_default();
    let (ssl, internal) = (flag("ssl"), flag("internal"));
    let random = get(input, "random_value").and_then(|node| reader.number(node)).unwrap_or_default();
    let mut headers = Headers::default();
    // The tool sets no scheme, but what a proxy before this one would have told of it.
    if ssl {
        headers.set("x-forwarded-proto", "https");
    }
    if internal {
        headers.set("x-envoy-internal", "true");
    }
    for (_, name, value) in header_values(input, "additional_request_headers", reader) {
        headers.add(&name, value);
    }
    let ask = Ask::anywhere(&authority?, &path?, method?, headers);
    let ask = ask.map_err(|message| reader.problem(input.head(), message)).ok()?;
    Some(Ask { random: Some(random), ..ask })
}

fn header_values<'a>(node: Node<'a>, key: &str, reader: &mut Reader) -> Vec<(Node<'a>, String, String)> {
    let items = get(node, key).into_iter().flat_map(Node::items);
    let pairs = items.filter_map(|item| {
        reader.check_keys(item, &["key", "value"]);
        let name = required(item, "key", reader).and_then(|node| reader.text(node))?;
        Some((item, name, item.get("value").and_then(|node| reader.text(node)).unwrap_or_default()))
    });
    pairs.collect()
}

fn read_expectations(validate: Node<'_>, reader: &mut Reader) -> Vec<Expectation> {
    if !check_keys(validate, VALIDATE, reader) {
        return Vec::new();
    }
    let mut list = Vec::new();
    let mut push = |node: Node<'_>, key: &str, wanted: Wanted| {
        list.push(Expectation::new(node, key, false, wanted));
    };
    let texts: [OfText; 5] = [
        ("cluster_name", Wanted::Cluster),
        ("virtual_host_name", Wanted::VirtualHost),
        ("host_rewrite", Wanted::Host),
        ("path_rewrite", Wanted::Path),
        ("path_redirect", Wanted::RedirectPath),
    ];
    for (key, wanted) in texts {
        if let Some(node) = get(validate, key)
            && let Some(text) = reader.text(node)
        {
            push(node, key, wanted(text));
        }
    }
    if let Some(node) = get(validate, "virtual_cluster_name") {
        reader.problem(node.head(), "`virtual_cluster_name` is not supported: istiod makes no virtual clusters");
    }
    let fields: [OfField; 2] =
        [("request_header_fields", Wanted::RequestHeader), ("response_header_fields", Wanted::ResponseHeader)];
    for (key, wanted) in fields {
        for (item, name, value) in header_values(validate, key, reader) {
            push(item, key, wanted(name.to_lowercase(), Some(value).filter(|value| !value.is_empty())));
        }
    }
    let matches: [OfMatch; 2] =
        [("request_header_matches", Wanted::RequestMatch), ("response_header_matches", Wanted::ResponseMatch)];
    for (key, wanted) in matches {
        for item in get(validate, key).into_iter().flat_map(Node::items) {
            match HeaderMatcher::read(&value_of(item)) {
                Ok(matcher) => push(item, key, wanted(Box::new(HeaderTest::new(&matcher)))),
                Err(violation) => reader.problem(item.head(), violation.to_string()),
            }
        }
    }
    list
}

fn check_keys(node: Node<'_>, keys: &[&str], reader: &mut Reader) -> bool {
    let camel: Vec<_> = keys.iter().map(|key| camel_case(key)).collect();
    let all: Vec<_> = keys.iter().copied().chain(camel.iter().map(String::as_str)).collect();
    reader.check_keys(node, &all)
}

fn get<'a>(node: Node<'a>, key: &str) -> Option<Node<'a>> {
    node.get(key).or_else(|| node.get(&camel_case(key)))
}

fn required<'a>(node: Node<'a>, key: &str, reader: &mut Reader) -> Option<Node<'a>> {
    get(node, key).or_else(|| reader.required(node, key))
}

fn camel_case(key: &str) -> String {
    let mut parts = key.split('_');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(&part[..1].to_uppercase());
        text.push_str(&part[1..]);
    }
    text
}
