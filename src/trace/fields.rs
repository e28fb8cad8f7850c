//! The fields of messages that have no type here: JSON by the names of protobuf or of JavaScript.

use std::time::Duration;

use serde_json::Value;

use super::parts_of_a_million;
use crate::envoy::core::{DenominatorType, FractionalPercent, HeaderValueOption};
use crate::envoy::{Json, Object};

/// `name` is as in protobuf: `max_tokens`.
pub fn field<'o>(object: &'o Object, name: &str) -> Option<&'o Value> {
    object.get(name).or_else(|| object.get(&camel(name))).filter(|value| !value.is_null())
}

pub fn message<'o>(object: &'o Object, name: &str) -> Option<&'o Object> {
    field(object, name)?.as_object()
}

pub fn number(object: &Object, name: &str) -> Option<u64> {
    match field(object, name)? {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64(),
    }
}

pub fn duration(object: &Object, name: &str) -> Option<Duration> {
    Duration::read(field(object, name)?).ok()
}

pub fn list<'o>(object: &'o Object, name: &str) -> impl Iterator<Item = &'o Value> {
    field(object, name).and_then(Value::as_array).into_iter().flatten()
}

pub fn header_options(object: &Object, name: &str) -> Vec<HeaderValueOption> {
    list(object, name).filter_map(|value| HeaderValueOption::read(value).ok()).collect()
}

/// The default of a fraction that runtime could change, in millionths.
pub fn millionths(object: &Object, name: &str) -> u64 {
    let fraction = message(object, name).and_then(|own| message(own, "default_value"));
    let Some(fraction) = fraction else { return 0 };
    let numerator = number(fraction, "numerator").unwrap_or(0).try_into().unwrap_or(u32::MAX);
    let denominator = field(fraction, "denominator").and_then(|value| DenominatorType::read(value).ok());
    let denominator = denominator.unwrap_or_default();
    parts_of_a_million(&FractionalPercent { numerator, denominator, ..Default::default() })
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (first, rest) = part.split_at(part.len().min(1));
        camel.push_str(&first.to_ascii_uppercase());
        camel.push_str(rest);
    }
    camel
}
