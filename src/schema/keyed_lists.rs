//! Lists whose items the API server tells apart by keys: no two may have the same.

use std::collections::HashMap;

use serde_json::Value;

use crate::finding::Finding;
use crate::format::has_placeholder;
use crate::yaml::Node;

use super::kinds::Schema;

/// A list whose items are told apart by keys (`x-kubernetes-list-map-keys`), and the way to it.
pub(super) struct KeyedList {
    way: Vec<Step>,
    keys: Vec<String>,
}

#[derive(Clone)]
enum Step {
    Field(String),
    AnyField,
    Items,
}

/// The lists with keys of a schema.
pub(super) fn of(schema: &Schema) -> Vec<KeyedList> {
    let mut found = Vec::new();
    collect(schema, &schema.root, Vec::new(), &mut found);
    found
}

fn collect(schema: &Schema, value: &Value, way: Vec<Step>, found: &mut Vec<KeyedList>) {
    let value = schema.resolve(value);
    let then = |step: Step| way.iter().cloned().chain([step]).collect::<Vec<_>>();
    if let Some(keys) = value.get("x-kubernetes-list-map-keys").and_then(Value::as_array) {
        let keys = keys.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        found.push(KeyedList { way: way.clone(), keys });
    }
    for (name, field) in value.get("properties").and_then(Value::as_object).into_iter().flatten() {
        collect(schema, field, then(Step::Field(name.clone())), found);
    }
    if let Some(items) = value.get("items") {
        collect(schema, items, then(Step::Items), found);
    }
    if let Some(free) = value.get("additionalProperties").filter(|free| free.is_object()) {
        collect(schema, free, then(Step::AnyField), found);
    }
}

/// Every item of the lists whose keys an item before it has.
pub(super) fn findings(root: Node<'_>, lists: &[KeyedList]) -> Vec<Finding> {
    let mut findings = Vec::new();
    lists.iter().for_each(|list| duplicates(root, &list.way, &list.keys, &mut findings));
    findings
}

fn duplicates(node: Node<'_>, way: &[Step], keys: &[String], findings: &mut Vec<Finding>) {
    match way.split_first() {
        Some((Step::Field(name), rest)) => {
            node.get(name).into_iter().for_each(|field| duplicates(field, rest, keys, findings))
        }
        Some((Step::AnyField, rest)) => node.entries().for_each(|entry| duplicates(entry.value, rest, keys, findings)),
        Some((Step::Items, rest)) => node.items().for_each(|item| duplicates(item, rest, keys, findings)),
        None => repeated_keys(node, keys, findings),
    }
}

fn repeated_keys(list: Node<'_>, keys: &[String], findings: &mut Vec<Finding>) {
    let mut seen: HashMap<Vec<String>, Node<'_>> = HashMap::new();
    for item in list.items() {
        let values: Vec<_> =
            keys.iter().map(|key| item.get(key).map(Node::key_text).unwrap_or_default().into_owned()).collect();
        if values.iter().any(|value| has_placeholder(value)) {
            continue;
        }
        let Some(first) = seen.insert(values.clone(), item) else { continue };
        let at = keys.iter().find_map(|key| item.get(key)).map_or(item.head(), Node::at);
        let what =
            keys.iter().zip(&values).map(|(key, value)| format!("{key} `{value}`")).collect::<Vec<_>>().join(", ");
        let before = keys.iter().find_map(|key| first.get(key)).map_or(first.head(), Node::at);
        findings
            .push(Finding::new("duplicate-entry", at, format!("{what} is there twice")).related(before, "first here"));
    }
}
