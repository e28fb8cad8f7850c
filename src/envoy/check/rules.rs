//! The rules of protoc-gen-validate, as far as they do not depend on the time of day.
//!
//! <https://github.com/bufbuild/protoc-gen-validate/blob/v1.2.1/validate/validate.proto> says what each means. Where
//! languages differ, the C++ of Envoy counts: a `pattern` has to match the whole text.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use prost_reflect::{
    DynamicMessage, EnumDescriptor, EnumValueDescriptor, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor,
    ReflectMessage, Value,
};
use regex::{Regex, bytes};

use super::Subject;
use crate::envoy::any::type_name;

/// The rules of one message type.
pub(super) struct MessageRules {
    fields: HashMap<u32, FieldRules>,
    pub(super) required_oneofs: Vec<OneofDescriptor>,
}

/// The rules of a field, or of the items of a list, or of the keys or values of a map.
#[derive(Default)]
pub(super) struct FieldRules {
    pub(super) required: bool,
    /// The message in the field is not to be validated.
    pub(super) skip: bool,
    /// Envoy refuses the field, although it is still there.
    pub(super) disallowed: bool,
    /// `StringRules` and its like.
    rules: Option<DynamicMessage>,
    /// The type of the field, if it is an enum.
    values: Option<EnumDescriptor>,
    nested: HashMap<String, FieldRules>,
}

type Cache<T> = LazyLock<Mutex<HashMap<String, T>>>;

/// By the full names of messages.
static RULES: Cache<Arc<MessageRules>> = LazyLock::new(Mutex::default);

/// By their patterns.
static REGEXES: Cache<Option<Regex>> = LazyLock::new(Mutex::default);

fn lock<T>(cache: &'static Cache<T>) -> MutexGuard<'static, HashMap<String, T>> {
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is kept holds on to descriptors.
pub(in crate::envoy) fn forget() {
    lock(&RULES).clear();
    lock(&REGEXES).clear();
}

impl MessageRules {
    /// Reading the options of a message takes longer than checking it, so it is done once for each type.
    pub(super) fn of(descriptor: &MessageDescriptor) -> Arc<Self> {
        let mut rules = lock(&RULES);
        if let Some(known) = rules.get(descriptor.full_name()) {
            return known.clone();
        }
        let read = Arc::new(Self::read(descriptor));
        rules.insert(descriptor.full_name().to_owned(), read.clone());
        read
    }

    fn read(descriptor: &MessageDescriptor) -> Self {
        let options = descriptor.options();
        if flag(&options, "validate.disabled") || flag(&options, "validate.ignored") {
            return Self { fields: HashMap::new(), required_oneofs: Vec::new() };
        }
        let fields = descriptor.fields().filter_map(|field| Some((field.number(), FieldRules::of_field(&field)?)));
        let required = |oneof: &OneofDescriptor| flag(&oneof.options(), "validate.required");
        Self { fields: fields.collect(), required_oneofs: descriptor.oneofs().filter(required).collect() }
    }

    pub(super) fn of_field(&self, field: &FieldDescriptor) -> Option<&FieldRules> {
        self.fields.get(&field.number())
    }
}

/// Whether Envoy refuses the value of an enum, although it is still there.
pub(super) fn is_disallowed(value: &EnumValueDescriptor) -> bool {
    flag(&value.options(), "envoy.annotations.disallowed_by_default_enum")
}

impl FieldRules {
    fn of_field(field: &FieldDescriptor) -> Option<Self> {
        let options = field.options();
        // Descriptors know only extensions that were decoded with them.
        let extension = options.descriptor().parent_pool().get_extension_by_name("validate.rules")?;
        let disallowed = flag(&options, "envoy.annotations.disallowed_by_default");
        let rules = options.has_extension(&extension).then(|| options.get_extension(&extension).into_owned());
        let rules = rules.as_ref().and_then(Value::as_message).map(|rules| Self::read(rules, &field.kind()));
        (disallowed || rules.is_some()).then(|| Self { disallowed, ..rules.unwrap_or_default() })
    }

    /// Reads a `validate.FieldRules`.
    fn read(message: &DynamicMessage, kind: &Kind) -> Self {
        let mut read = Self { values: kind.as_enum().cloned(), ..Self::default() };
        for (field, value) in message.fields() {
            let Some(rules) = value.as_message() else { continue };
            read.required |= bool_of(rules, "required");
            if field.name() == "message" {
                read.skip = bool_of(rules, "skip");
            } else {
                read.nested = nested(rules, kind);
                read.rules = Some(rules.clone());
            }
        }
        read
    }

    /// The rules of the items of a list.
    pub(super) fn of_items(&self) -> Option<&FieldRules> {
        self.nested.get("items")
    }

    /// The rules of the keys and of the values of a map.
    pub(super) fn of_entries(&self) -> (Option<&FieldRules>, Option<&FieldRules>) {
        (self.nested.get("keys"), self.nested.get("values"))
    }

    pub(super) fn unique(&self) -> bool {
        self.rules.as_ref().is_some_and(|rules| bool_of(rules, "unique"))
    }

    /// What is wrong with the number of items or entries.
    pub(super) fn count_problems(&self, count: usize) -> Vec<String> {
        let bound = |name: &str| Some(set(self.rules.as_ref()?, name)?.as_u64()? as usize);
        if count == 0 && self.rules.as_ref().is_some_and(|rules| bool_of(rules, "ignore_empty")) {
            return Vec::new();
        }
        let mut problems = Vec::new();
        if let Some(least) = bound("min_items").or(bound("min_pairs")).filter(|least| count < *least) {
            problems.push(format!("must have at least {}", counted(least as u64, "item")));
        }
        if let Some(most) = bound("max_items").or(bound("max_pairs")).filter(|most| count > *most) {
            problems.push(format!("must have at most {}", counted(most as u64, "item")));
        }
        problems
    }

    /// What is wrong with a single value.
    pub(super) fn problems(&self, subject: &Subject<'_>) -> Vec<String> {
        let Some(rules) = &self.rules else { return Vec::new() };
        if bool_of(rules, "ignore_empty") && subject.is_empty() {
            return Vec::new();
        }
        let mut problems = range_problem(rules, subject).into_iter().collect::<Vec<_>>();
        problems.extend(rules.fields().filter_map(|(rule, bound)| match subject {
            Subject::Text(text) => text_problem(rule.name(), bound, text, strict(rules)),
            Subject::Bytes(bytes) => bytes_problem(rule.name(), bound, bytes),
            Subject::Int(number) => self.enum_problem(rule.name(), bound, *number),
            Subject::Any(type_url) => any_problem(rule.name(), bound, type_url),
            Subject::Bool(_) | Subject::Float(_) | Subject::Message => None,
        }));
        problems.extend(rules.fields().filter_map(|(rule, bound)| membership_problem(rule.name(), bound, subject)));
        problems
    }

    fn enum_problem(&self, rule: &str, bound: &Value, number: i128) -> Option<String> {
        let known = self.values.as_ref()?.values().any(|value| i128::from(value.number()) == number);
        (rule == "defined_only" && bound.as_bool()? && !known)
            .then(|| "must be one of the values of the enum".to_owned())
    }
}

impl Subject<'_> {
    fn is_empty(&self) -> bool {
        match self {
            Subject::Bool(value) => !value,
            Subject::Int(number) => *number == 0,
            Subject::Float(number) => *number == 0.0,
            Subject::Text(text) | Subject::Any(text) => text.is_empty(),
            Subject::Bytes(bytes) => bytes.is_empty(),
            Subject::Message => false,
        }
    }

    /// Whether this is the value that a rule names.
    fn is(&self, named: &Value) -> bool {
        match (self, named) {
            (Subject::Bool(value), Value::Bool(named)) => value == named,
            (Subject::Text(text), Value::String(named)) => text == named,
            (Subject::Bytes(bytes), Value::Bytes(named)) => bytes == named,
            (subject, named) => subject.number().zip(Number::of(named)).is_some_and(|(number, named)| number == named),
        }
    }

    fn number(&self) -> Option<Number> {
        match self {
            Subject::Int(number) => Some(Number::Int(*number)),
            Subject::Float(number) => Some(Number::Float(*number)),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Number {
    Int(i128),
    Float(f64),
}

impl Number {
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::I32(number) | Value::EnumNumber(number) => Number::Int((*number).into()),
            Value::I64(number) => Number::Int((*number).into()),
            Value::U32(number) => Number::Int((*number).into()),
            Value::U64(number) => Number::Int((*number).into()),
            Value::F32(number) => Number::Float((*number).into()),
            Value::F64(number) => Number::Float(*number),
            Value::Message(time) => {
                let part = |name| time.get_field_by_name(name).as_deref().and_then(Number::of);
                let (Number::Int(seconds), Number::Int(nanos)) = (part("seconds")?, part("nanos")?) else {
                    return None;
                };
                Number::Int(seconds * 1_000_000_000 + nanos)
            }
            _ => return None,
        })
    }
}

/// `gt`, `gte`, `lt`, `lte`. A lower bound above the upper one asks for values outside of both.
fn range_problem(rules: &DynamicMessage, subject: &Subject<'_>) -> Option<String> {
    let number = subject.number()?;
    let bound = |name: &str| set(rules, name).and_then(|value| Some((Number::of(&value)?, show(&value))));
    let (above, from, below, to) = (bound("gt"), bound("gte"), bound("lt"), bound("lte"));
    let low = above.clone().or(from.clone()).map(|(low, _)| low);
    let high = below.clone().or(to.clone()).map(|(high, _)| high);
    let exclusive = low.zip(high).is_some_and(|(low, high)| high < low);
    let broken_low = above.filter(|(low, _)| number <= *low).map(|(_, low)| format!("greater than {low}"));
    let broken_low = broken_low.or(from.filter(|(low, _)| number < *low).map(|(_, low)| format!("at least {low}")));
    let broken_high = below.filter(|(high, _)| number >= *high).map(|(_, high)| format!("less than {high}"));
    let broken_high = broken_high.or(to.filter(|(high, _)| number > *high).map(|(_, high)| format!("at most {high}")));
    match (broken_low, broken_high) {
        (Some(low), Some(high)) => Some(format!("must be {low} or {high}")),
        (Some(broken), None) | (None, Some(broken)) if !exclusive => Some(format!("must be {broken}")),
        _ => None,
    }
}

/// `const`, `in` and `not_in`, which all types but messages have.
fn membership_problem(rule: &str, bound: &Value, subject: &Subject<'_>) -> Option<String> {
    let listed = bound.as_list().unwrap_or_default();
    let among = || listed.iter().map(show).collect::<Vec<_>>().join(", ");
    match rule {
        "const" if !subject.is(bound) => Some(format!("must be {}", show(bound))),
        "in" if !matches!(subject, Subject::Any(_)) && !listed.iter().any(|value| subject.is(value)) => {
            Some(format!("must be one of {}", among()))
        }
        "not_in" if listed.iter().any(|value| subject.is(value)) => Some(format!("must not be one of {}", among())),
        _ => None,
    }
}

fn any_problem(rule: &str, bound: &Value, type_url: &str) -> Option<String> {
    let listed =
        bound.as_list()?.iter().filter_map(Value::as_str).any(|listed| type_name(listed) == type_name(type_url));
    match rule {
        "in" if !listed => Some("must not have this type".to_owned()),
        "not_in" if listed => Some("must not have this type".to_owned()),
        _ => None,
    }
}

fn text_problem(rule: &str, bound: &Value, text: &str, strict: bool) -> Option<String> {
    let affix = bound.as_str().unwrap_or_default();
    let characters = || text.chars().count();
    match rule {
        "len" | "min_len" | "max_len" => length_problem(rule, bound, characters(), "character"),
        "len_bytes" | "min_bytes" | "max_bytes" => length_problem(rule, bound, text.len(), "byte"),
        "pattern" => (!full_match(affix, text)).then(|| format!("must match `{affix}`")),
        "prefix" => (!text.starts_with(affix)).then(|| format!("must start with `{affix}`")),
        "suffix" => (!text.ends_with(affix)).then(|| format!("must end with `{affix}`")),
        "contains" => (!text.contains(affix)).then(|| format!("must contain `{affix}`")),
        "not_contains" => text.contains(affix).then(|| format!("must not contain `{affix}`")),
        "well_known_regex" => header_problem(bound.as_enum_number()?, text, strict),
        _ => format_problem(rule, bound.as_bool()?, text),
    }
}

/// The rules that name a format of texts.
fn format_problem(rule: &str, asked: bool, text: &str) -> Option<String> {
    let (ok, what) = match rule {
        "email" => (
            text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && is_hostname(host)),
            "an e-mail address",
        ),
        "hostname" => (is_hostname(text), "a host name"),
        "ip" => (text.parse::<IpAddr>().is_ok(), "an IP address"),
        "ipv4" => (text.parse::<Ipv4Addr>().is_ok(), "an IPv4 address"),
        "ipv6" => (text.parse::<Ipv6Addr>().is_ok(), "an IPv6 address"),
        "address" => (text.parse::<IpAddr>().is_ok() || is_hostname(text), "an IP address or a host name"),
        "uri" => (full_match("[A-Za-z][A-Za-z0-9+.-]*:[^\\s]*", text), "a URI with a scheme"),
        "uri_ref" => (full_match("[^\\s]*", text), "a URI or a reference"),
        "uuid" => (full_match("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text), "a UUID"),
        _ => return None,
    };
    (asked && !ok).then(|| format!("must be {what}"))
}

fn bytes_problem(rule: &str, bound: &Value, bytes: &[u8]) -> Option<String> {
    let affix = bound.as_bytes().map(|bytes| &bytes[..]).unwrap_or_default();
    let pattern = || bytes::Regex::new(&format!("^(?:{})$", bound.as_str()?)).ok();
    let ip =
        |length: &[usize]| (bound.as_bool() == Some(true) && !length.contains(&bytes.len())).then_some("an IP address");
    match rule {
        "len" | "min_len" | "max_len" => length_problem(rule, bound, bytes.len(), "byte"),
        "pattern" if pattern().is_some_and(|pattern| !pattern.is_match(bytes)) => {
            Some("must match the pattern".to_owned())
        }
        "prefix" if !bytes.starts_with(affix) => Some("must start with the prefix".to_owned()),
        "suffix" if !bytes.ends_with(affix) => Some("must end with the suffix".to_owned()),
        "contains" if !bytes.windows(affix.len().max(1)).any(|window| window == affix) => {
            Some("must contain the bytes".to_owned())
        }
        "ip" => ip(&[4, 16]).map(|what| format!("must be {what}")),
        "ipv4" => ip(&[4]).map(|what| format!("must be {what} of version 4")),
        "ipv6" => ip(&[16]).map(|what| format!("must be {what} of version 6")),
        _ => None,
    }
}

fn length_problem(rule: &str, bound: &Value, length: usize, unit: &str) -> Option<String> {
    let bound = bound.as_u64()?;
    let length = length as u64;
    let (broken, how) = match rule {
        "len" | "len_bytes" => (length != bound, "exactly"),
        "min_len" | "min_bytes" => (length < bound, "at least"),
        _ => (length > bound, "at most"),
    };
    broken.then(|| format!("must have {how} {}", counted(bound, unit)))
}

/// `well_known_regex`: 1 is the name of an HTTP header, 2 is its value.
fn header_problem(known: i32, text: &str, strict: bool) -> Option<String> {
    let what = if known == 1 { "name" } else { "value" };
    let pattern = match (known, strict) {
        (1, true) => r":?[0-9a-zA-Z!#$%&'*+\-.^_|~\x60]+",
        (2, true) => r"[^\x00-\x08\n-\x1f\x7f]*",
        (1 | 2, false) => r"[^\x00\n\r]*",
        _ => return None,
    };
    (!full_match(pattern, text)).then(|| format!("must be a valid {what} of an HTTP header"))
}

fn full_match(pattern: &str, text: &str) -> bool {
    let mut regexes = lock(&REGEXES);
    let regex = regexes.entry(pattern.to_owned()).or_insert_with(|| Regex::new(&format!("^(?:{pattern})$")).ok());
    regex.as_ref().is_none_or(|regex| regex.is_match(text))
}

fn is_hostname(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    text.len() <= 253 && text.split('.').all(|label| full_match("[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", label))
}

fn nested(rules: &DynamicMessage, kind: &Kind) -> HashMap<String, FieldRules> {
    let kind_of = |name: &str| match kind {
        Kind::Message(entry) if entry.is_map_entry() && name == "keys" => entry.map_entry_key_field().kind(),
        Kind::Message(entry) if entry.is_map_entry() => entry.map_entry_value_field().kind(),
        kind => kind.clone(),
    };
    let read = |name: &str| Some((name.to_owned(), FieldRules::read(set(rules, name)?.as_message()?, &kind_of(name))));
    ["items", "keys", "values"].into_iter().filter_map(read).collect()
}

/// The value of a rule, if it is set.
fn set(rules: &DynamicMessage, name: &str) -> Option<Value> {
    rules.has_field_by_name(name).then(|| rules.get_field_by_name(name).map(|value| value.into_owned()))?
}

fn bool_of(rules: &DynamicMessage, name: &str) -> bool {
    set(rules, name).and_then(|value| value.as_bool()) == Some(true)
}

/// Whether headers are held to RFC 7230; unless the rules say otherwise, they are.
fn strict(rules: &DynamicMessage) -> bool {
    set(rules, "strict").and_then(|value| value.as_bool()) != Some(false)
}

fn flag(options: &DynamicMessage, extension: &str) -> bool {
    let extension = options.descriptor().parent_pool().get_extension_by_name(extension);
    extension.is_some_and(|extension| options.get_extension(&extension).as_bool() == Some(true))
}

fn counted(number: u64, unit: &str) -> String {
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// A bound as a person writes it.
fn show(value: &Value) -> String {
    match (value, Number::of(value)) {
        (Value::String(text), _) => format!("`{text}`"),
        (Value::Bool(value), _) => format!("`{value}`"),
        (Value::Message(_), Some(Number::Int(nanos))) => format!("{}s", nanos as f64 / 1e9),
        (_, Some(Number::Int(number))) => number.to_string(),
        (_, Some(Number::Float(number))) => number.to_string(),
        _ => "the value of the rule".to_owned(),
    }
}
