//! From the errors of the crate `jsonschema` to findings: in our words, at the exact place, one for each cause.

use std::collections::{HashMap, HashSet};

use jsonschema::error::{TypeKind, ValidationErrorKind as Keyword};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

use crate::finding::{Edit, Finding};
use crate::format::{Reason, has_placeholder};
use crate::source::Span;
use crate::yaml::{Kind, Node, Scalar};

use super::Options;
use super::document::Item;
use super::formats;
use super::kinds::Schema;
use super::nulls::{self, Null};
use super::place::Place;
use super::suggest::{Guess, list, meant, respell, shown, unknown_field};

/// One thing that is wrong with the value at a place.
struct Problem<'a, 's> {
    place: Place<'a, 's>,
    pointer: String,
    /// Where the schema demands otherwise.
    demand: Option<&'s Value>,
    keyword: Keyword,
}

/// More are not reported of one resource: it is not what its kind says, and each costs a search for its place.
const MOST_PROBLEMS: usize = 1000;
/// A mapping with more unknown fields is not a misspelt one, so that no guesses are made.
const MOST_GUESSES: usize = 100;

/// Every way in which the document breaks the schema.
pub(super) fn findings(root: Node<'_>, kind: &str, schema: &Schema, options: &Options) -> Vec<Finding> {
    let errors = schema.validator.iter_errors(Item::Node(root));
    let nulls = nulls::find(root, schema).into_iter().map(null);
    let problems = errors.take(MOST_PROBLEMS).map(|error| problem(error, root, schema)).chain(nulls);
    let problems: Vec<_> = problems.filter(judged).take(MOST_PROBLEMS).collect();
    let explanation = Explanation { kind, schema, options, renamed: renamed(&problems, schema) };
    let wrong: HashSet<_> =
        problems.iter().filter(|problem| is_type(problem)).map(|problem| &problem.pointer).collect();
    let mut valued = HashSet::new();
    let mut findings = Vec::new();
    for problem in &problems {
        // Of a value of the wrong type nothing else can be said, and of a scalar one thing is enough.
        let repeats = !is_type(problem) && wrong.contains(&problem.pointer);
        if repeats || (problem.place.node().kind() == Kind::Scalar && !valued.insert(&problem.pointer)) {
            continue;
        }
        explanation.explain(problem, &mut findings);
    }
    findings
}

fn problem<'a, 's>(error: ValidationError<'_>, root: Node<'a>, schema: &'s Schema) -> Problem<'a, 's> {
    let parts = error.into_parts();
    let pointer = parts.instance_path.as_str().to_owned();
    let demand = schema.root.pointer(parts.schema_path.as_str());
    Problem { place: Place::find(root, schema, &pointer), pointer, demand, keyword: parts.kind }
}

fn is_type(problem: &Problem<'_, '_>) -> bool {
    matches!(problem.keyword, Keyword::Type { .. })
}

fn null<'a, 's>(null: Null<'a, 's>) -> Problem<'a, 's> {
    let (place, keyword) = match null {
        Null::Value(place) => (place, Keyword::Type { kind: TypeKind::Single(JsonType::Object) }),
        Null::Unknown(place, field) => (place, Keyword::AdditionalProperties { unexpected: vec![field] }),
    };
    Problem { pointer: place.pointer(), place, demand: None, keyword }
}

/// Not what something fills in later (nothing can be said of that), nor the version, which has a rule of its own.
fn judged(problem: &Problem<'_, '_>) -> bool {
    !problem.place.node().as_str().is_some_and(has_placeholder) && problem.pointer != "/apiVersion"
}

/// The fields that are there, but misspelt: pointer to the mapping, and right name.
fn renamed(problems: &[Problem<'_, '_>], schema: &Schema) -> HashSet<(String, String)> {
    let mut renamed = HashSet::new();
    for problem in problems {
        let Keyword::AdditionalProperties { unexpected } = &problem.keyword else { continue };
        if unexpected.len() > MOST_GUESSES {
            continue;
        }
        for entry in problem.place.node().entries().filter(|entry| unexpected.contains(&entry.key.key_text().into())) {
            if let Some(Guess::Spelling(field)) = unknown_field(entry, &problem.place, schema) {
                renamed.insert((problem.pointer.clone(), field));
            }
        }
    }
    renamed
}

struct Explanation<'s> {
    kind: &'s str,
    schema: &'s Schema,
    options: &'s Options,
    renamed: HashSet<(String, String)>,
}

impl Explanation<'_> {
    fn explain(&self, problem: &Problem<'_, '_>, findings: &mut Vec<Finding>) {
        let place = &problem.place;
        let schema = place.schema().map(|schema| self.schema.resolve(schema)).unwrap_or(&Value::Null);
        if schema.get("x-unsupported").is_some() && !is_type(problem) {
            return findings.push(unsupported(place, schema));
        }
        match &problem.keyword {
            Keyword::Type { .. } => findings.push(wrong_type(place, schema)),
            Keyword::AdditionalProperties { unexpected } => findings.extend(self.unknown_fields(place, unexpected)),
            Keyword::Required { property } => {
                let field = property.as_str().unwrap_or_default();
                findings.extend(self.missing(problem, &[field]));
            }
            Keyword::AnyOf { .. } | Keyword::OneOfNotValid { .. } => match alternatives(problem.demand).as_slice() {
                [] => findings.push(out_of_range(place, problem.demand)),
                fields => findings.extend(self.missing(problem, &self.current(place, fields))),
            },
            Keyword::OneOfMultipleValid { .. } => findings.push(conflict(place, &alternatives(problem.demand))),
            Keyword::Enum { options } => findings.push(not_listed(place, options)),
            Keyword::Format { format } => findings.extend(badly_formed(format, place)),
            Keyword::PropertyNames { error } => findings.extend(bad_key(place, error)),
            Keyword::UniqueItems => findings.extend(repeated(place)),
            keyword => findings.push(out_of_bounds(place, keyword)),
        }
    }

    /// The fields that are not deprecated.
    fn current<'f>(&self, place: &Place<'_, '_>, fields: &[&'f str]) -> Vec<&'f str> {
        let deprecated = |name: &str| {
            let field = place.schema().and_then(|schema| self.schema.field(schema, name));
            field.is_some_and(|field| field.get("deprecated").is_some())
        };
        fields.iter().copied().filter(|field| !deprecated(field)).collect()
    }

    fn unknown_fields(&self, place: &Place<'_, '_>, unexpected: &[String]) -> Vec<Finding> {
        let mut findings = Vec::new();
        let unexpected: HashSet<_> = unexpected.iter().map(String::as_str).collect();
        let guess = |entry| (unexpected.len() <= MOST_GUESSES).then(|| unknown_field(entry, place, self.schema));
        for entry in place.node().entries() {
            let name = entry.key.key_text();
            let allowed = || self.options.allows(&format!("{}.{}", self.prefix(place), name));
            if !unexpected.contains(&*name) || has_placeholder(&name) || allowed() {
                continue;
            }
            let message = format!("unknown field `{name}`{}", within(place));
            let finding = Finding::new("unknown-field", entry.key.at(), message);
            findings.push(match guess(entry).flatten() {
                Some(guess) => guess.tell(finding, entry),
                None => finding,
            });
        }
        findings
    }

    fn prefix(&self, place: &Place<'_, '_>) -> String {
        match place.fields() {
            fields if fields.is_empty() => self.kind.to_owned(),
            fields => format!("{}.{fields}", self.kind),
        }
    }

    /// One of `fields` has to be there. Nothing, if one is: misspelt.
    fn missing(&self, problem: &Problem<'_, '_>, fields: &[&str]) -> Option<Finding> {
        if fields.iter().any(|field| self.renamed.contains(&(problem.pointer.clone(), (*field).to_owned()))) {
            return None;
        }
        let place = &problem.place;
        let owner = if place.path().is_empty() { self.kind.to_owned() } else { place.path() };
        let message = match fields {
            [field] => format!("`{owner}` has no `{field}`"),
            _ => format!("`{owner}` has none of {}", list(fields.iter().copied())),
        };
        let mut finding = Finding::new("missing-field", place.at(), message);
        for field in fields {
            let described =
                place.schema().and_then(|schema| self.schema.field(schema, field)?.get("description")?.as_str());
            if let Some(text) = described {
                finding = finding.help(format!("add `{field}`: {}", text.trim_end_matches('.')));
            }
        }
        Some(finding)
    }
}

fn within(place: &Place<'_, '_>) -> String {
    match place.path() {
        path if path.is_empty() => String::new(),
        path => format!(" in `{path}`"),
    }
}

/// The fields of which a `oneOf` or `anyOf` asks for one; empty where it is not about fields.
fn alternatives(demand: Option<&Value>) -> Vec<&str> {
    let branches = demand.and_then(Value::as_array).into_iter().flatten();
    branches.filter_map(|branch| branch.get("required")?.get(0)?.as_str()).collect()
}

fn conflict(place: &Place<'_, '_>, fields: &[&str]) -> Finding {
    let written = place.node().entries().filter(|entry| !entry.value.is_null());
    let mut rivals = written.filter(|entry| fields.iter().any(|field| *field == entry.key.key_text()));
    let first = rivals.next();
    let second = rivals.next().or(first);
    let names =
        list(place.node().entries().filter_map(|entry| fields.iter().copied().find(|f| *f == entry.key.key_text())));
    let at = second.map_or(place.at(), |entry| entry.key.at());
    let finding = Finding::new("conflicting-fields", at, format!("only one of {names} can be set{}", within(place)));
    let others = first.into_iter().chain(rivals);
    others
        .fold(finding, |finding, other| finding.related(other.key.at(), "the other"))
        .help("keep the one that is meant and remove the rest")
}

fn unsupported(place: &Place<'_, '_>, schema: &Value) -> Finding {
    let name = place.key().map(Node::key_text).unwrap_or_default();
    let at = place.key().map_or(place.at(), Node::at);
    let finding = Finding::new("unsupported-field", at, format!("Istio does not support `{name}`{}", around(place)));
    match schema.get("description").and_then(Value::as_str).and_then(|text| text.split_once("; ")) {
        Some((_, instead)) => finding.help(instead.trim_end_matches('.')),
        None => finding.help(format!("remove `{name}`")),
    }
}

fn around(place: &Place<'_, '_>) -> String {
    place.parent().map(|parent| within(&parent)).unwrap_or_default()
}

fn wrong_type(place: &Place<'_, '_>, schema: &Value) -> Finding {
    let node = place.node();
    let expected = expected(schema);
    if node.is_null() {
        let message = format!("`{}` is null where {} is expected", place.path(), in_words(expected));
        return Finding::new("null-value", place.at(), message).help("write a value, or remove the entry");
    }
    let message = format!("`{}` is {}, not {}", place.path(), what(node), in_words(expected));
    let finding = Finding::new("wrong-type", place.at(), message);
    match (expected, node.scalar()) {
        ("string", Some(Scalar::Bool(_) | Scalar::Int(_) | Scalar::Uint(_) | Scalar::Float(_))) => {
            let text = format!("\"{}\"", node.raw());
            let help = format!("YAML reads `{}` as {}; quote it", node.raw(), what(node));
            finding.help(help).fix(format!("replace it by `{text}`"), vec![Edit { at: node.at(), text }])
        }
        ("integer" | "number" | "boolean", Some(Scalar::String(text))) if is_a(expected, text) => {
            let edit = Edit { at: node.at(), text: text.to_owned() };
            finding.help("remove the quotes").fix(format!("replace it by `{text}`"), vec![edit])
        }
        ("array", Some(_)) => {
            let edit = Edit { at: node.at(), text: format!("[{}]", node.raw()) };
            finding.help("make it a list of one").fix(format!("replace it by `{}`", edit.text), vec![edit])
        }
        ("array", None) => finding.help("put `- ` in front of its first field"),
        ("object", None) => finding.help("remove the `- `: there is only one"),
        ("object", Some(_)) => match schema.get("properties").and_then(Value::as_object) {
            Some(fields) if fields.len() <= 8 => {
                finding.help(format!("write one of its fields below it: {}", list(fields.keys().map(String::as_str))))
            }
            _ => finding,
        },
        _ => finding,
    }
}

/// The type that a schema asks for, null aside.
fn expected(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::Array(types)) => types.first().and_then(Value::as_str).unwrap_or_default(),
        Some(one) => one.as_str().unwrap_or_default(),
        None => "",
    }
}

fn in_words(expected: &str) -> &'static str {
    match expected {
        "string" => "a string",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a mapping",
        _ => "such a value",
    }
}

fn what(node: Node<'_>) -> &'static str {
    match node.scalar() {
        Some(Scalar::Null) => "null",
        Some(Scalar::Bool(_)) => "a boolean",
        Some(Scalar::Int(_) | Scalar::Uint(_) | Scalar::Float(_)) => "a number",
        Some(Scalar::String(_)) => "a string",
        None if node.kind() == Kind::Mapping => "a mapping",
        None => "a list",
    }
}

fn is_a(expected: &str, text: &str) -> bool {
    match expected {
        "integer" => text.parse::<i64>().is_ok(),
        "number" => text.parse::<f64>().is_ok_and(f64::is_finite),
        _ => matches!(text, "true" | "false"),
    }
}

fn not_listed(place: &Place<'_, '_>, options: &Value) -> Finding {
    let legal = || options.as_array().into_iter().flatten().filter_map(Value::as_str).filter(|value| !value.is_empty());
    let node = place.node();
    let text = shown(node);
    let finding = Finding::new("invalid-value", place.at(), format!("`{}` cannot be `{text}`", place.path()));
    match meant(&text, legal()) {
        Some(value) => respell(finding, node.at(), &text, value),
        None => finding.help(format!("write one of {}", list(legal()))),
    }
}

/// A number outside of all ranges of an `anyOf`.
fn out_of_range(place: &Place<'_, '_>, demand: Option<&Value>) -> Finding {
    let range = |branch: &Value| match (branch.get("const"), branch.get("minimum"), branch.get("maximum")) {
        (Some(value), _, _) => Some(value.to_string()),
        (None, Some(least), Some(most)) => Some(format!("{least} to {most}")),
        _ => None,
    };
    let ranges: Vec<_> = demand.and_then(Value::as_array).into_iter().flatten().filter_map(range).collect();
    let message = format!("`{}` cannot be `{}`", place.path(), shown(place.node()));
    Finding::new("invalid-value", place.at(), message).help(format!("write {}", ranges.join(" or ")))
}

/// Items of a list that is a set.
fn repeated(place: &Place<'_, '_>) -> Vec<Finding> {
    let mut firsts = HashMap::new();
    let mut findings = Vec::new();
    for item in place.node().items() {
        let first = *firsts.entry(item.raw()).or_insert(item);
        if first.index() != item.index() {
            let message = format!("`{}` is there twice in `{}`", shown(item), place.path());
            let finding = Finding::new("duplicate-entry", item.at(), message).related(first.at(), "first here");
            findings.push(finding.help("remove one of them"));
        }
    }
    findings
}

/// Numbers, lengths and counts.
fn out_of_bounds(place: &Place<'_, '_>, keyword: &Keyword) -> Finding {
    let path = place.path();
    let value = shown(place.node());
    let invalid = |message: String| Finding::new("invalid-value", place.at(), message);
    match keyword {
        Keyword::Minimum { limit } => {
            invalid(format!("`{path}` is {value}, less than {limit}")).help(format!("write {limit} or more"))
        }
        Keyword::ExclusiveMinimum { limit } => {
            invalid(format!("`{path}` is {value}, not more than {limit}")).help(format!("write more than {limit}"))
        }
        Keyword::Maximum { limit } => {
            invalid(format!("`{path}` is {value}, more than {limit}")).help(format!("write {limit} or less"))
        }
        Keyword::MinLength { .. } => invalid(format!("`{path}` is empty")).help("write a value, or remove the field"),
        Keyword::MaxLength { limit: 0 } => invalid(format!("`{path}` has to be empty")).help("remove the field"),
        Keyword::MaxLength { limit } => invalid(format!("`{path}` is longer than {limit} characters")),
        Keyword::MinItems { limit: 1 } | Keyword::MinProperties { limit: 1 } => {
            invalid(format!("`{path}` is empty")).help("fill it, or remove it")
        }
        Keyword::MinItems { limit } | Keyword::MinProperties { limit } => {
            invalid(format!("`{path}` has fewer than {limit} entries"))
        }
        Keyword::MaxItems { limit } | Keyword::MaxProperties { limit } => {
            invalid(format!("`{path}` has more than {limit} entries"))
        }
        _ => invalid(format!("`{path}` cannot be `{value}`")),
    }
}

fn badly_formed(format: &str, place: &Place<'_, '_>) -> Option<Finding> {
    let (rule, reason) = formats::explain(format, place.node().as_str()?)?;
    Some(because(rule, place, place.node().at(), &reason))
}

/// The reason after the name of the field.
fn because(rule: &'static str, place: &Place<'_, '_>, at: Span, reason: &Reason) -> Finding {
    let name = place.key().map(Node::key_text).unwrap_or_default();
    let finding = Finding::new(rule, at, format!("{name}: {}", reason.message()));
    reason.instruction().into_iter().fold(finding, |finding, help| finding.help(help))
}

/// A key of a mapping whose keys have a form.
fn bad_key(place: &Place<'_, '_>, error: &ValidationError<'_>) -> Option<Finding> {
    let name = error.instance().as_str()?;
    let entry = place.node().entries().find(|entry| entry.key.key_text() == name)?;
    let at = entry.key.at();
    Some(match error.kind() {
        Keyword::Format { format } => {
            let (rule, reason) = formats::explain(format, name)?;
            because(rule, place, at, &reason)
        }
        Keyword::MinLength { .. } => Finding::new("invalid-value", at, format!("empty key{}", within(place))),
        Keyword::MaxLength { limit } => {
            let message = format!("the key `{}`{} is longer than {limit} characters", shown(entry.key), within(place));
            Finding::new("invalid-value", at, message)
        }
        _ => Finding::new("invalid-value", at, format!("`{name}` cannot be a key{}", within(place))),
    })
}
