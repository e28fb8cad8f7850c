//! Compares the Rust types with Envoy's descriptor: a misspelt field, a wrong type or a missing value of an enum fails
//! the test at the end.

use std::collections::BTreeMap;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Value, json};

use super::descriptor;
use super::message::{Json, Message, Name, Violation};

/// The types that were seen. Types report themselves: see [`Json::audit`].
#[derive(Default)]
pub struct Audit {
    messages: BTreeMap<&'static str, Typed>,
    enums: BTreeMap<&'static str, &'static [&'static str]>,
    /// Messages whose fields are being reported.
    open: Vec<&'static str>,
    any_seen: bool,
}

struct Typed {
    fields: Vec<Name>,
    reprint: fn(&Value) -> Result<Value, Violation>,
}

impl Audit {
    pub fn field(&mut self, name: Name) {
        let open = self.open.last().and_then(|open| self.messages.get_mut(open));
        if let (Some(message), false) = (open, name.proto.is_empty()) {
            message.fields.push(name);
        }
    }

    /// `false` for a message that was seen before.
    pub fn enter<T: Message>(&mut self) -> bool {
        if self.messages.contains_key(T::TYPE) {
            return false;
        }
        let reprint = |value: &Value| T::read(value).map(|read| read.write());
        self.messages.insert(T::TYPE, Typed { fields: Vec::new(), reprint });
        self.open.push(T::TYPE);
        true
    }

    pub fn leave(&mut self) {
        self.open.pop();
    }

    pub fn enter_any(&mut self) -> bool {
        !std::mem::replace(&mut self.any_seen, true)
    }

    pub fn names(&mut self, enum_type: &'static str, names: &'static [&'static str]) {
        self.enums.insert(enum_type, names);
    }
}

#[test]
fn typed_messages_agree_with_the_descriptor() {
    const ROOT: Name = Name { proto: "", json: "" };
    let mut audit = Audit::default();
    super::bootstrap::Bootstrap::audit(ROOT, &mut audit);
    super::route::RouteConfiguration::audit(ROOT, &mut audit);
    assert!(audit.messages.len() > 200, "only {} messages were found", audit.messages.len());
    let of_messages = audit.messages.iter().flat_map(|(name, typed)| problems(name, typed));
    let of_enums = audit.enums.iter().filter_map(|(name, names)| enum_problem(name, names));
    let problems: Vec<_> = of_messages.chain(of_enums).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn enum_problem(full_name: &str, names: &[&str]) -> Option<String> {
    let Some(descriptor) = descriptor::enumeration(full_name) else {
        return Some(format!("no enum {full_name}"));
    };
    let expected: Vec<_> = descriptor.values().map(|value| value.name().to_owned()).collect();
    (expected != names).then(|| format!("{full_name} has the values {expected:?}"))
}

fn problems(full_name: &str, typed: &Typed) -> Vec<String> {
    let Some(message) = descriptor::message(full_name) else { return vec![format!("no message {full_name}")] };
    typed.fields.iter().flat_map(|name| field_problems(&message, *name, typed.reprint)).collect()
}

fn field_problems(
    message: &MessageDescriptor,
    name: Name,
    reprint: fn(&Value) -> Result<Value, Violation>,
) -> Vec<String> {
    let place = format!("{}.{}", message.full_name(), name.proto);
    let Some(field) = message.get_field_by_name(name.proto).filter(|field| field.json_name() == name.json) else {
        return vec![format!("no field {place}")];
    };
    let sample = field_sample(&field, false);
    let default = field_sample(&field, true);
    let kept = json!({ name.json: default });
    let after_default = if field.supports_presence() { kept.clone() } else { json!({}) };
    let cases = [
        (json!({ name.json: sample }), json!({ name.json: sample })),
        (json!({ name.proto: sample }), json!({ name.json: sample })),
        (kept, after_default),
    ];
    let wrong = cases.into_iter().filter(|(input, output)| reprint(input).as_ref() != Ok(output));
    wrong.map(|(input, _)| format!("{place}: {input} is printed as {:?}", reprint(&input))).collect()
}

fn field_sample(field: &FieldDescriptor, default: bool) -> Value {
    if field.is_map() {
        let Kind::Message(entry) = field.kind() else { panic!("a map is a message") };
        if default { json!({}) } else { json!({"k": sample(&entry.map_entry_value_field().kind(), false)}) }
    } else if field.is_list() {
        if default { json!([]) } else { json!([sample(&field.kind(), false)]) }
    } else {
        sample(&field.kind(), default)
    }
}

fn sample(kind: &Kind, default: bool) -> Value {
    let one = u32::from(!default);
    match kind {
        Kind::Double | Kind::Float => {
            if default {
                json!(0)
            } else {
                json!(1.5)
            }
        }
        Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64 => json!(one.to_string()),
        Kind::Bool => json!(!default),
        Kind::String => json!("a".repeat(one as usize)),
        Kind::Bytes => json!("TWFu".repeat(one as usize)),
        Kind::Enum(descriptor) => {
            let value = if default { descriptor.values().next() } else { descriptor.values().last() };
            json!(value.expect("an enum has values").name())
        }
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Duration" => json!(if default { "0s" } else { "1.500s" }),
            "google.protobuf.Struct" if !default => json!({"a": 1.5}),
            "google.protobuf.Any" => {
                json!({"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"})
            }
            "google.protobuf.Value" => json!("a"),
            wrapper if wrapper.starts_with("google.protobuf.") && wrapper.ends_with("Value") => {
                sample(&message.get_field_by_name("value").expect("a wrapper has a value").kind(), default)
            }
            _ => json!({}),
        },
        _ => json!(one),
    }
}
