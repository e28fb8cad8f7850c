//! Nulls that the API server does not drop: values of mappings with free keys, and of fields that do not exist.
//!
//! It drops those of known fields before it validates, so [`super::document`] never shows a null entry to the validator.
//! Nulls in lists it does show.

use serde_json::Value;

use crate::yaml::{Kind, Node};

use super::kinds::Schema;
use super::place::Place;

/// A null that stays.
pub(super) enum Null<'a, 's> {
    /// The value at this place, where none can be null.
    Value(Place<'a, 's>),
    /// The field of this name in the mapping at this place, which has no such field.
    Unknown(Place<'a, 's>, String),
}

/// Whether any entry of a mapping within `node` is null.
pub(super) fn any(node: Node<'_>) -> bool {
    match node.kind() {
        Kind::Scalar => false,
        Kind::Sequence => node.items().any(any),
        Kind::Mapping => node.entries().any(|entry| entry.value.is_null() || any(entry.value)),
    }
}

pub(super) fn find<'a, 's>(root: Node<'a>, schema: &'s Schema) -> Vec<Null<'a, 's>> {
    let mut found = Vec::new();
    walk(&Place::root(root, schema), schema, &mut found);
    found
}

fn walk<'a, 's>(place: &Place<'a, 's>, schema: &'s Schema, found: &mut Vec<Null<'a, 's>>) {
    let Some(here) = place.schema().map(|here| schema.resolve(here)) else { return };
    for item in place.items(schema) {
        walk(&item, schema, found);
    }
    for entry in place.node().entries() {
        let key = entry.key.key_text();
        let field = place.entry(entry, schema);
        let known = here.get("properties").is_some_and(|fields| fields.get(&*key).is_some());
        match here.get("additionalProperties") {
            _ if !entry.value.is_null() => walk(&field, schema, found),
            Some(Value::Bool(false)) if !known => found.push(Null::Unknown(place.clone(), key.into_owned())),
            Some(free) if !known && !nullable(schema.resolve(free)) => found.push(Null::Value(field)),
            _ => {}
        }
    }
}

fn nullable(schema: &Value) -> bool {
    let types = schema.get("type").and_then(Value::as_array);
    schema.get("type").is_none() || types.is_some_and(|types| types.iter().any(|name| name == "null"))
}
