//! Ways into a document, to the places that a schema marks.

use serde_json::Value;

use crate::yaml::Node;

use super::kinds::Schema;

/// From the root to any number of places.
#[derive(Clone, Default)]
pub(super) struct Way(Vec<Step>);

#[derive(Clone)]
enum Step {
    Field(String),
    /// All fields, where keys are free.
    AnyField,
    Items,
}

/// The way to each part of the schema that has a mark.
pub(super) fn marked<T>(schema: &Schema, mark: impl Fn(&Value) -> Option<T>) -> Vec<(Way, T)> {
    let mut found = Vec::new();
    collect(schema, &schema.root, &Way::default(), &mark, &mut found);
    found
}

fn collect<T>(
    schema: &Schema,
    part: &Value,
    way: &Way,
    mark: &impl Fn(&Value) -> Option<T>,
    found: &mut Vec<(Way, T)>,
) {
    let part = schema.resolve(part);
    found.extend(mark(part).map(|mark| (way.clone(), mark)));
    for (name, field) in part.get("properties").and_then(Value::as_object).into_iter().flatten() {
        collect(schema, field, &way.then(Step::Field(name.clone())), mark, found);
    }
    if let Some(items) = part.get("items") {
        collect(schema, items, &way.then(Step::Items), mark, found);
    }
    if let Some(free) = part.get("additionalProperties").filter(|free| free.is_object()) {
        collect(schema, free, &way.then(Step::AnyField), mark, found);
    }
}

impl Way {
    fn then(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// The places that a document has.
    pub(super) fn places<'a>(&self, root: Node<'a>) -> Vec<Node<'a>> {
        let mut places = vec![root];
        for step in &self.0 {
            places = match step {
                Step::Field(name) => places.into_iter().filter_map(|place| place.get(name)).collect(),
                Step::AnyField => places.into_iter().flat_map(Node::entries).map(|entry| entry.value).collect(),
                Step::Items => places.into_iter().flat_map(Node::items).collect(),
            };
        }
        places
    }
}
