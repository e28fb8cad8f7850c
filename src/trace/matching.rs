//! Matchers of texts, headers, parameters and metadata, ready to be asked (Envoy 1.40 `source/common/common/matchers.cc`,
//! `source/common/http/header_utility.h`).
//!
//! Each answers yes or no, says in words what it wants, and what it finds instead.

use std::fmt;

use serde_json::Value;

use crate::envoy::Object;
use crate::envoy::matcher::{Int64Range, ListMatcher, MetadataMatcher, StringMatcher, StringPattern, ValueMatcher};
use crate::envoy::route::{HeaderMatch, HeaderMatcher, QueryParameterMatch, QueryParameterMatcher};
use crate::format::Re2;

use super::call::Request;

/// A test of one text.
#[derive(Debug)]
pub struct TextTest {
    pattern: Pattern,
    ignore_case: bool,
}

#[derive(Debug)]
enum Pattern {
    Exact(String),
    Prefix(String),
    Suffix(String),
    Contains(String),
    Regex(Regex),
    /// A matcher that says nothing, which Envoy refuses.
    Nothing,
}

/// A regular expression that a text must match as a whole. One that RE2 refuses, and Envoy with it, matches nothing.
#[derive(Debug)]
pub struct Regex {
    text: String,
    compiled: Option<Re2>,
}

#[derive(Debug)]
pub struct HeaderTest {
    name: String,
    kind: ValueTest,
    invert: bool,
    missing_is_empty: bool,
}

#[derive(Debug)]
pub struct QueryTest {
    name: String,
    kind: ValueTest,
}

#[derive(Debug)]
enum ValueTest {
    Present(bool),
    Text(TextTest),
    Range(Int64Range),
}

/// A test of what filters found out about a request.
#[derive(Debug)]
pub struct MetadataTest {
    filter: String,
    path: Vec<String>,
    value: JsonTest,
    invert: bool,
}

#[derive(Debug)]
enum JsonTest {
    Null,
    Text(TextTest),
    Bool(bool),
    Present(bool),
    OneOf(Box<JsonTest>),
    Or(Vec<JsonTest>),
}

/// By filter.
pub type Metadata = Object;

impl Regex {
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), compiled: Re2::parse(text).ok() }
    }

    pub fn matches(&self, text: &str) -> bool {
        self.compiled.as_ref().is_some_and(|regex| regex.full_match(text))
    }
}

impl TextTest {
    pub fn new(matcher: &StringMatcher) -> Self {
        let ignore_case = matcher.ignore_case;
        let cased = |text: &String| if ignore_case { text.to_ascii_lowercase() } else { text.clone() };
        let pattern = match &matcher.pattern {
            Some(StringPattern::Exact(text)) => Pattern::Exact(cased(text)),
            Some(StringPattern::Prefix(text)) => Pattern::Prefix(cased(text)),
            Some(StringPattern::Suffix(text)) => Pattern::Suffix(cased(text)),
            Some(StringPattern::Contains(text)) => Pattern::Contains(cased(text)),
            Some(StringPattern::SafeRegex(regex)) => Pattern::Regex(Regex::new(&regex.regex)),
            None => Pattern::Nothing,
        };
        Self { pattern, ignore_case }
    }

    pub fn matches(&self, text: &str) -> bool {
        match &self.pattern {
            // Whether case counts is a matter of the expression.
            Pattern::Regex(regex) => regex.matches(text),
            _ if self.ignore_case => self.compares(&text.to_ascii_lowercase()),
            _ => self.compares(text),
        }
    }

    fn compares(&self, text: &str) -> bool {
        match &self.pattern {
            Pattern::Exact(own) => text == own,
            Pattern::Prefix(own) => text.starts_with(own.as_str()),
            Pattern::Suffix(own) => text.ends_with(own.as_str()),
            Pattern::Contains(own) => text.contains(own.as_str()),
            Pattern::Regex(_) | Pattern::Nothing => false,
        }
    }
}

impl ValueTest {
    fn matches(&self, value: &str) -> bool {
        match self {
            ValueTest::Present(wanted) => *wanted,
            ValueTest::Text(test) => test.matches(value),
            ValueTest::Range(range) => {
                value.parse::<i64>().is_ok_and(|number| (range.start..range.end).contains(&number))
            }
        }
    }
}

impl HeaderTest {
    pub fn new(matcher: &HeaderMatcher) -> Self {
        let kind = match &matcher.specifier {
            Some(HeaderMatch::StringMatch(text)) => ValueTest::Text(TextTest::new(text)),
            Some(HeaderMatch::PresentMatch(wanted)) => ValueTest::Present(*wanted),
            Some(HeaderMatch::RangeMatch(range)) => ValueTest::Range(range.clone()),
            None => ValueTest::Present(true),
        };
        Self {
            name: matcher.name.to_ascii_lowercase(),
            kind,
            invert: matcher.invert_match,
            missing_is_empty: matcher.treat_missing_header_as_empty,
        }
    }

    pub fn matches(&self, request: &Request) -> bool {
        match (request.header(&self.name), &self.kind) {
            (None, ValueTest::Present(wanted)) => (!self.missing_is_empty && *wanted) == self.invert,
            // An absent header passes no test, not even the opposite of one.
            (None, _) => self.missing_is_empty && self.kind.matches("") != self.invert,
            (Some(value), kind) => kind.matches(&value) != self.invert,
        }
    }

    /// What the request has instead.
    pub fn mismatch(&self, request: &Request) -> Option<String> {
        (!self.matches(request)).then(|| format!("{self}, but {}", found(request.header(&self.name).as_deref())))
    }
}

impl QueryTest {
    pub fn new(matcher: &QueryParameterMatcher) -> Self {
        let kind = match &matcher.specifier {
            Some(QueryParameterMatch::StringMatch(text)) => ValueTest::Text(TextTest::new(text)),
            Some(QueryParameterMatch::PresentMatch(wanted)) => ValueTest::Present(*wanted),
            None => ValueTest::Present(true),
        };
        Self { name: matcher.name.clone(), kind }
    }

    /// Of several values the first counts.
    fn value<'r>(&self, request: &'r Request) -> Option<&'r str> {
        request.query().find(|(name, _)| *name == self.name).map(|(_, value)| value)
    }

    pub fn matches(&self, request: &Request) -> bool {
        match (self.value(request), &self.kind) {
            (None, kind) => matches!(kind, ValueTest::Present(false)),
            (Some(value), kind) => kind.matches(value),
        }
    }

    pub fn mismatch(&self, request: &Request) -> Option<String> {
        (!self.matches(request)).then(|| format!("{self}, but {}", found(self.value(request))))
    }
}

fn found(value: Option<&str>) -> String {
    value.map_or_else(|| "it is absent".to_owned(), |value| format!("it is `{value}`"))
}

impl MetadataTest {
    pub fn new(matcher: &MetadataMatcher) -> Self {
        Self {
            filter: matcher.filter.clone(),
            path: matcher.path.iter().map(|segment| segment.key.clone().unwrap_or_default()).collect(),
            value: matcher.value.as_ref().map_or(JsonTest::Or(Vec::new()), JsonTest::new),
            invert: matcher.invert,
        }
    }

    fn value<'m>(&self, metadata: &'m Metadata) -> &'m Value {
        let mut value = metadata.get(&self.filter).unwrap_or(&Value::Null);
        for key in &self.path {
            value = value.get(key).unwrap_or(&Value::Null);
        }
        value
    }

    pub fn matches(&self, metadata: &Metadata) -> bool {
        self.value.matches(self.value(metadata)) != self.invert
    }

    pub fn mismatch(&self, metadata: &Metadata) -> Option<String> {
        let found = match self.value(metadata) {
            Value::Null => "it is absent".to_owned(),
            value => format!("it is `{value}`"),
        };
        (!self.matches(metadata)).then(|| format!("{self}, but {found}"))
    }
}

impl JsonTest {
    fn new(matcher: &ValueMatcher) -> Self {
        match matcher {
            ValueMatcher::StringMatch(text) => JsonTest::Text(TextTest::new(text)),
            ValueMatcher::BoolMatch(wanted) => JsonTest::Bool(*wanted),
            ValueMatcher::PresentMatch(wanted) => JsonTest::Present(*wanted),
            ValueMatcher::ListMatch(ListMatcher::OneOf(item)) => JsonTest::OneOf(Box::new(JsonTest::new(item))),
            ValueMatcher::OrMatch(either) => JsonTest::Or(either.value_matchers.iter().map(JsonTest::new).collect()),
            ValueMatcher::NullMatch(_) => JsonTest::Null,
            // A list or a matcher of a kind that nobody renders.
            _ => JsonTest::Or(Vec::new()),
        }
    }

    fn matches(&self, value: &Value) -> bool {
        match self {
            JsonTest::Null => value.is_null(),
            JsonTest::Text(test) => value.as_str().is_some_and(|text| test.matches(text)),
            JsonTest::Bool(wanted) => value.as_bool() == Some(*wanted),
            JsonTest::Present(wanted) => value.is_null() != *wanted,
            JsonTest::OneOf(item) => value.as_array().is_some_and(|list| list.iter().any(|value| item.matches(value))),
            JsonTest::Or(either) => either.iter().any(|test| test.matches(value)),
        }
    }
}

impl fmt::Display for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.compiled {
            Some(_) => write!(f, "`{}`", self.text),
            None => write!(f, "`{}`, which is no regular expression of RE2", self.text),
        }
    }
}

impl fmt::Display for TextTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pattern {
            Pattern::Exact(text) => write!(f, "be `{text}`")?,
            Pattern::Prefix(text) => write!(f, "start with `{text}`")?,
            Pattern::Suffix(text) => write!(f, "end with `{text}`")?,
            Pattern::Contains(text) => write!(f, "contain `{text}`")?,
            Pattern::Regex(regex) => write!(f, "match {regex}")?,
            Pattern::Nothing => f.write_str("be what nothing says")?,
        }
        f.write_str(if self.ignore_case { " in any case" } else { "" })
    }
}

impl fmt::Display for ValueTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValueTest::Present(true) => f.write_str("be present"),
            ValueTest::Present(false) => f.write_str("be absent"),
            ValueTest::Text(test) => test.fmt(f),
            ValueTest::Range(range) => write!(f, "be a number from {} to below {}", range.start, range.end),
        }
    }
}

impl fmt::Display for HeaderTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let modal = if self.invert { "must not" } else { "must" };
        match self.name.strip_prefix(':') {
            Some(name) => write!(f, "{name} {modal} {}", self.kind),
            None => write!(f, "header `{}` {modal} {}", self.name, self.kind),
        }
    }
}

impl fmt::Display for QueryTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "query parameter `{}` must {}", self.name, self.kind)
    }
}

impl fmt::Display for MetadataTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let modal = if self.invert { "must not" } else { "must" };
        let path = match self.path.split_first() {
            Some((first, claims)) if first == "payload" => claims,
            _ => &self.path,
        };
        write!(f, "claim `{}` {modal} {}", path.join("."), self.value)
    }
}

impl fmt::Display for JsonTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JsonTest::Null => f.write_str("be null"),
            JsonTest::Text(test) => test.fmt(f),
            JsonTest::Bool(wanted) => write!(f, "be {wanted}"),
            JsonTest::Present(true) => f.write_str("be present"),
            JsonTest::Present(false) => f.write_str("be absent"),
            JsonTest::OneOf(item) => write!(f, "have an item that must {item}"),
            JsonTest::Or(either) => {
                for (index, test) in either.iter().enumerate() {
                    write!(f, "{}{test}", if index > 0 { " or " } else { "" })?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{HeaderTest, MetadataTest, QueryTest, Request};
    use crate::envoy::Json;
    use crate::envoy::matcher::MetadataMatcher;
    use crate::envoy::route::{HeaderMatcher, QueryParameterMatcher};
    use crate::trace::Headers;

    #[test]
    fn headers_are_compared_as_envoy_does() {
        let exact = json!({"name": "X-User", "stringMatch": {"exact": "1"}});
        let not_exact = json!({"name": "x-user", "stringMatch": {"exact": "1"}, "invertMatch": true});
        let without = json!({"name": "x-user", "stringMatch": {"exact": "1"}, "invertMatch": true,
            "treatMissingHeaderAsEmpty": true});
        let present = json!({"name": "x-user", "presentMatch": true});
        let absent = json!({"name": "x-user", "presentMatch": true, "invertMatch": true});
        let empty = json!({"name": "x-user", "stringMatch": {"exact": ""}});
        let any_case = json!({"name": "x-user", "stringMatch": {"prefix": "AB", "ignoreCase": true}});
        let regex = json!({"name": "x-user", "stringMatch": {"safeRegex": {"regex": "a.*"}}});
        let range = json!({"name": "x-user", "rangeMatch": {"start": "1", "end": "3"}});
        // The matcher, and of the header absent, ``, `1`, twice `1`, `abc`: which pass.
        let table = [
            (exact, [false, false, true, false, false]),
            (not_exact, [false, true, false, true, true]),
            (without, [true, true, false, true, true]),
            (present, [false, true, true, true, true]),
            (absent, [true, false, false, false, false]),
            (empty, [false, true, false, false, false]),
            (any_case, [false, false, false, false, true]),
            (regex, [false, false, false, false, true]),
            (range, [false, false, true, false, false]),
        ];
        let values: [&[&str]; 5] = [&[], &[""], &["1"], &["1", "1"], &["abc"]];
        for (matcher, expected) in table {
            let test = HeaderTest::new(&HeaderMatcher::read(&matcher).unwrap());
            let found = values.map(|values| {
                let headers: Headers = values.iter().map(|value| ("x-user", *value)).collect();
                test.matches(&Request { headers, ..Request::get("a", "/") })
            });
            assert_eq!(found, expected, "{matcher}");
        }
    }

    #[test]
    fn parameters_are_compared_undecoded() {
        let table = [
            (json!({"name": "k", "stringMatch": {"exact": "v"}}), "/?k=v", true),
            (json!({"name": "k", "stringMatch": {"exact": "v"}}), "/?k=%76", false),
            (json!({"name": "k", "stringMatch": {"exact": "v"}}), "/?a=b&k=v#x", true),
            (json!({"name": "k", "stringMatch": {"exact": "v"}}), "/?k=w&k=v", false),
            (json!({"name": "k", "stringMatch": {"exact": ""}}), "/?k", true),
            (json!({"name": "k", "presentMatch": true}), "/?k", true),
            (json!({"name": "k", "presentMatch": true}), "/?K=1", false),
            (json!({"name": "k", "presentMatch": true}), "/k", false),
        ];
        for (matcher, path, expected) in table {
            let test = QueryTest::new(&QueryParameterMatcher::read(&matcher).unwrap());
            assert_eq!(test.matches(&Request::get("a", path)), expected, "{matcher} {path}");
        }
    }

    #[test]
    fn claims_are_found_by_their_path() {
        let claim = |value: serde_json::Value, invert: bool| {
            json!({"filter": "f", "path": [{"key": "payload"}, {"key": "groups"}], "invert": invert,
                "value": {"orMatch": {"valueMatchers": [
                    {"listMatch": {"oneOf": {"stringMatch": {"exact": value}}}}, {"stringMatch": {"exact": value}}]}}})
        };
        let listed = json!({"f": {"payload": {"groups": ["a", "b"]}}});
        let text = json!({"f": {"payload": {"groups": "a"}}});
        let table = [
            (claim("a".into(), false), &listed, true),
            (claim("c".into(), false), &listed, false),
            (claim("a".into(), false), &text, true),
            (claim("a".into(), true), &text, false),
            (claim("c".into(), true), &json!({}), true),
        ];
        for (matcher, metadata, expected) in table {
            let test = MetadataTest::new(&MetadataMatcher::read(&matcher).unwrap());
            assert_eq!(test.matches(metadata.as_object().unwrap()), expected, "{matcher} {metadata}");
        }
    }
}
