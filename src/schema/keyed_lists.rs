//! Lists whose items the API server tells apart by keys (`x-kubernetes-list-map-keys`): no two may have the same.

use std::collections::HashMap;

use serde_json::Value;

use crate::finding::Finding;
use crate::format::has_placeholder;
use crate::yaml::Node;

/// The keys of a list, if it has some.
pub(super) fn keys(schema: &Value) -> Option<Vec<String>> {
    let keys = schema.get("x-kubernetes-list-map-keys")?.as_array()?;
    Some(keys.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// Every item whose keys an item before it has.
pub(super) fn findings(list: Node<'_>, keys: &[String]) -> Vec<Finding> {
    let mut seen: HashMap<Vec<String>, Node<'_>> = HashMap::new();
    let mut findings = Vec::new();
    for item in list.items() {
        let value = |key: &String| item.get(key).map(Node::key_text).unwrap_or_default().into_owned();
        let values: Vec<_> = keys.iter().map(value).collect();
        if values.iter().any(|value| has_placeholder(value)) {
            continue;
        }
        let named = keys.iter().zip(&values).filter(|(_, value)| !value.is_empty());
        let what = named.map(|(key, value)| format!("{key} `{value}`")).collect::<Vec<_>>().join(", ");
        if let Some(first) = seen.insert(values, item) {
            let at = |item: Node<'_>| keys.iter().find_map(|key| item.get(key)).map_or(item.head(), Node::at);
            let finding = Finding::new("duplicate-entry", at(item), format!("{what} is there twice"));
            findings.push(finding.related(at(first), "first here"));
        }
    }
    findings
}
