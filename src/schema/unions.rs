//! Mappings in which one field says which other may be set (`x-union`), as `type` does in the filters of routes.

use serde_json::Value;

use crate::finding::Finding;
use crate::format::has_placeholder;
use crate::yaml::Node;

/// A field, and what belongs to its values.
pub(super) struct Union {
    discriminator: String,
    /// Value, and the field that it asks for.
    members: Vec<(String, String)>,
}

/// The union that a mapping is, if it is one.
pub(super) fn union(schema: &Value) -> Option<Union> {
    let union = schema.get("x-union")?;
    let members = union.get("fields")?.as_object()?.iter();
    let members = members.filter_map(|(value, field)| Some((value.clone(), field.as_str()?.to_owned()))).collect();
    Some(Union { discriminator: union.get("discriminator")?.as_str()?.to_owned(), members })
}

/// A field that belongs to another value, or else the field that is missing.
pub(super) fn finding(mapping: Node<'_>, union: &Union) -> Option<Finding> {
    let chosen = mapping.get(&union.discriminator)?;
    let value = chosen.as_str().filter(|value| !has_placeholder(value))?;
    let stray = union.members.iter().find(|(other, field)| other != value && mapping.has(field));
    if let Some((other, field)) = stray {
        let message = format!("`{field}` does not go with {} `{value}`", union.discriminator);
        let finding = Finding::new("conflicting-fields", mapping.key_at(field)?, message);
        return Some(finding.help(format!("remove `{field}`, or write `{}: {other}`", union.discriminator)));
    }
    let (_, field) = union.members.iter().find(|(member, field)| member == value && !mapping.has(field))?;
    let message = format!("{} `{value}` without `{field}`", union.discriminator);
    Some(Finding::new("missing-field", chosen.at(), message).help(format!("add `{field}`")))
}
