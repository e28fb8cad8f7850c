//! Tests of getyourguide/istio-config-validator (its `docs/test-cases.md`): requests against VirtualServices, and parts of
//! the rule that takes them, to be found as they are written there.

use crate::envoy::value_of;
use crate::trace::Headers;
use crate::yaml::{Kind, Node};

use super::case::{Ask, Case, Expectation, Wanted};
use super::reader::Reader;

const FILE: &[&str] = &["testCases"];
const CASE: &[&str] =
    &["description", "wantMatch", "request", "route", "redirect", "rewrite", "fault", "headers", "delegate"];
const REQUEST: &[&str] = &["authority", "method", "uri", "headers"];
/// Parts of a rule that can be expected.
const SECTIONS: [&str; 6] = ["delegate", "route", "rewrite", "fault", "headers", "redirect"];

pub(super) fn read(document: Node<'_>, reader: &mut Reader, cases: &mut Vec<Case>) {
    if !reader.check_keys(document, FILE) {
        return;
    }
    for test in document.get("testCases").into_iter().flat_map(Node::items) {
        read_case(test, reader, cases);
    }
}

fn read_case(test: Node<'_>, reader: &mut Reader, cases: &mut Vec<Case>) {
    if !reader.check_keys(test, CASE) {
        return;
    }
    let name = test.get("description").and_then(|node| reader.text(node)).unwrap_or_default();
    let negated = !test.get("wantMatch").and_then(|node| reader.flag(node)).unwrap_or_default();
    let Some(request) = reader.required(test, "request").filter(|node| reader.check_keys(*node, REQUEST)) else {
        return;
    };
    let mut list = |key: &str| {
        let texts = request.get(key).map_or_else(Vec::new, |node| reader.texts(node));
        if texts.is_empty() {
            reader.problem(request.head(), format!("`{key}` has to name at least one"));
        }
        texts
    };
    let (authorities, methods, uris) = (list("authority"), list("method"), list("uri"));
    let headers = request.get("headers").map(|node| headers(node, reader)).unwrap_or_default();
    for uri in &uris {
        for authority in &authorities {
            for method in &methods {
                match Ask::anywhere(authority, uri, method.clone(), headers.clone()) {
                    Ok(ask) => {
                        let expectations = expectations(test, negated);
                        cases.push(Case { name: name.clone(), at: test.head(), ask, expectations });
                    }
                    Err(message) => reader.problem(request.head(), message),
                }
            }
        }
    }
}

fn expectations(test: Node<'_>, negated: bool) -> Vec<Expectation> {
    let found = SECTIONS.into_iter().filter_map(|section| {
        let node = test.get(section)?;
        let wanted = Wanted::Section(section, value_of(node));
        Some(Expectation::new(node, section, negated, wanted))
    });
    found.collect()
}

fn headers(node: Node<'_>, reader: &mut Reader) -> Headers {
    if node.kind() != Kind::Mapping {
        reader.problem(node.head(), "expected a mapping of headers");
    }
    node.entries().filter_map(|entry| Some((Reader::name(entry.key), reader.text(entry.value)?))).collect()
}
