//! Tests of getyourguide/istio-config-validator (its `docs/test-cases.md`): requests against VirtualServices, and parts of
//! the rule that takes them, to be found as they are written there.

use crate::envoy::value_of;
use crate::journey::Target;
use crate::source::Span;
use crate::trace::Headers;
use crate::yaml::{Kind, Node};

use super::case::{Ask, Case, Expectation, Sender, Wanted};
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
                let Some(ask) = ask(authority, uri, method, &headers, request.head(), reader) else { continue };
                let expectations = expectations(test, negated);
                cases.push(Case { name: name.clone(), at: test.head(), ask, expectations });
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

/// A request to the VirtualService of a host, wherever that is in force.
fn ask(authority: &str, uri: &str, method: &str, headers: &Headers, at: Span, reader: &mut Reader) -> Option<Ask> {
    let url = format!("http://{authority}{uri}");
    let target = Target::parse(&url).map_err(|message| reader.problem(at, message)).ok()?;
    Some(Ask {
        sender: Sender::Anywhere,
        target,
        method: method.to_owned(),
        headers: headers.clone(),
        http2: false,
        server_name: None,
        principal: None,
        source: None,
        claims: None,
        trusts_tokens: false,
        random: None,
    })
}
