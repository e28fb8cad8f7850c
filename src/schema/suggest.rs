//! What the writer of an unknown field may have meant.

use std::collections::{HashSet, VecDeque};

use serde_json::Value;

use crate::finding::{Edit, Finding, nearest};
use crate::source::Span;
use crate::yaml::{Entry, Node};

use super::kinds::Schema;
use super::place::Place;

/// A guess, the best kind first.
pub(super) enum Guess {
    /// A known field in another spelling.
    Spelling(String),
    /// A field of the empty field right above: the indentation is missing.
    Indent(String),
    /// A field of a field of the same mapping.
    Deeper(String),
    /// A field of the mapping at this path, further out.
    Outer(String),
    /// A field of that path, somewhere else in the kind.
    Elsewhere(String),
}

/// What `entry`, an unknown field of the mapping at `place`, may have been meant to be.
pub(super) fn unknown_field(entry: Entry<'_>, place: &Place<'_, '_>, schema: &Schema) -> Option<Guess> {
    let name = entry.key.key_text();
    let fields = || fields(place, schema).filter(|field| !place.node().has(field));
    if let Some(field) = empty_field_above(entry, place).filter(|field| has_field(place, field, &name, schema)) {
        return Some(Guess::Indent(field));
    }
    if let Some(field) = meant(&name, fields()) {
        return Some(Guess::Spelling(field.to_owned()));
    }
    deeper(place, &name, schema)
        .map(Guess::Deeper)
        .or_else(|| outer(place, &name, schema).map(Guess::Outer))
        .or_else(|| elsewhere(&name, schema).map(Guess::Elsewhere))
}

impl Guess {
    /// Adds the guess to the finding about `entry`: as a fix where only one thing can have been meant.
    pub(super) fn tell(&self, finding: Finding, entry: Entry<'_>) -> Finding {
        match self {
            Guess::Spelling(field) => respell(finding, entry.key.at(), &entry.key.key_text(), field),
            Guess::Indent(field) => finding
                .help(format!("indent it, so that it becomes part of `{field}`"))
                .fix(format!("indent `{}` below `{field}`", entry.key.key_text()), indentation(entry)),
            Guess::Deeper(field) => finding.help(format!("move it into `{field}`")),
            Guess::Outer(path) => finding.help(format!("move it out, to `{path}`")),
            Guess::Elsewhere(path) => finding.help(format!("it is a field of `{path}`")),
        }
    }
}

/// Says that `at` should read `right`, and how to make it so.
pub(super) fn rename(finding: Finding, at: Span, wrong: &str, right: &str) -> Finding {
    let edit = Edit { at, text: right.to_owned() };
    finding.help(format!("write `{right}`")).fix(format!("replace `{wrong}` by `{right}`"), vec![edit])
}

/// As [`rename`], but the fix is left out where so many letters differ that it could be wrong.
pub(super) fn respell(finding: Finding, at: Span, wrong: &str, right: &str) -> Finding {
    if plain(wrong) == plain(right) || distance(wrong, right) <= 2 {
        return rename(finding, at, wrong, right);
    }
    finding.help(format!("write `{right}`"))
}

/// The candidate that `word` is meant to be: the same but for what people vary, or else the nearest, if it is alone.
pub(super) fn meant<'c>(word: &str, candidates: impl Iterator<Item = &'c str> + Clone) -> Option<&'c str> {
    let same = candidates.clone().find(|candidate| plain(candidate) == plain(word));
    same.or_else(|| {
        let near = nearest(word, candidates.clone())?;
        let rival = nearest(word, candidates.filter(|candidate| *candidate != near));
        rival.is_none_or(|rival| distance(word, rival) > distance(word, near)).then_some(near)
    })
}

fn distance(left: &str, right: &str) -> usize {
    strsim::osa_distance(&left.to_lowercase(), &right.to_lowercase())
}

/// A name without what people vary: case, `_` and `-`.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

fn fields<'s>(place: &Place<'_, 's>, schema: &'s Schema) -> impl Iterator<Item = &'s str> + Clone {
    names(place.schema(), schema)
}

fn names<'s>(object: Option<&'s Value>, schema: &'s Schema) -> impl Iterator<Item = &'s str> + Clone {
    let fields = object.and_then(|object| schema.resolve(object).get("properties")?.as_object());
    fields.into_iter().flat_map(|fields| fields.keys().map(String::as_str))
}

fn empty_field_above(entry: Entry<'_>, place: &Place<'_, '_>) -> Option<String> {
    let above = place.node().entries().take_while(|other| other.key.index() != entry.key.index());
    let empty = above.filter(|other| other.value.is_null()).last()?;
    Some(empty.key.key_text().into_owned())
}

/// Whether the field `field` of the mapping at `place` has itself a field `name`, perhaps in a list.
fn has_field(place: &Place<'_, '_>, field: &str, name: &str, schema: &Schema) -> bool {
    let inner = place.schema().and_then(|object| schema.field(object, field));
    let inner = inner.map(|inner| schema.items(inner).unwrap_or(inner));
    names(inner, schema).any(|inner| inner == name)
}

/// The one field of the mapping that has a field `name`; of several, the one that is written.
fn deeper(place: &Place<'_, '_>, name: &str, schema: &Schema) -> Option<String> {
    let all: Vec<_> = fields(place, schema).filter(|field| has_field(place, field, name, schema)).collect();
    let written: Vec<_> = all.iter().copied().filter(|field| place.node().has(field)).collect();
    match (written.as_slice(), all.as_slice()) {
        ([only], _) | ([], [only]) => Some((*only).to_owned()),
        _ => None,
    }
}

fn outer(place: &Place<'_, '_>, name: &str, schema: &Schema) -> Option<String> {
    let mut outer = place.parent()?;
    loop {
        if fields(&outer, schema).any(|field| field == name) {
            let path = outer.path();
            return Some(if path.is_empty() { "the top level".to_owned() } else { path });
        }
        outer = outer.parent()?;
    }
}

/// The path of the mapping with a field `name`, if the kind has only one.
fn elsewhere(name: &str, schema: &Schema) -> Option<String> {
    let mut found = None;
    let mut seen = HashSet::new();
    let mut queue = VecDeque::from([(String::new(), &schema.root)]);
    while let Some((path, value)) = queue.pop_front() {
        let value = schema.resolve(value);
        if !seen.insert(std::ptr::from_ref(value)) {
            continue;
        }
        if names(Some(value), schema).any(|field| field == name) && found.replace(path.clone()).is_some() {
            return None;
        }
        for field in names(Some(value), schema).filter(|field| !matches!(*field, "metadata" | "status")) {
            let path = if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
            queue.extend(schema.field(value, field).map(|inner| (path, inner)));
        }
        let free = value.get("additionalProperties").filter(|free| free.is_object());
        queue.extend(free.map(|free| (format!("{path}.*"), free)));
        queue.extend(schema.items(value).map(|item| (format!("{path}[]"), item)));
    }
    found.filter(|path| !path.is_empty())
}

/// Two blanks in front of every line of an entry.
fn indentation(entry: Entry<'_>) -> Vec<Edit> {
    let at = Span { end: entry.value.at().end.max(entry.key.at().end), ..entry.key.at() };
    let text = entry.key.tree().text();
    let first = text[..at.start as usize].rfind('\n').map_or(0, |newline| newline + 1);
    let starts =
        std::iter::once(first).chain(text[at.range()].match_indices('\n').map(|(i, _)| at.start as usize + i + 1));
    let blank = |start: &usize| text[*start..].lines().next().is_some_and(|line| line.trim().is_empty());
    let insert = |start| Edit { at: Span::new(at.source, start..start), text: "  ".to_owned() };
    starts.filter(|start| !blank(start)).map(insert).collect()
}

/// For lists of legal names in messages.
pub(super) fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// What a node is, for people.
pub(super) fn shown(node: Node<'_>) -> String {
    const LIMIT: usize = 40;
    let text = node.as_str().unwrap_or(node.raw());
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if line.len() < text.trim_end().len() => format!("{line}…"),
        None => line.to_owned(),
    }
}
