use std::fmt::Write;

use serde_json::Value;

use crate::source::Span;
use crate::yaml::{Entry, Kind, Node};

use super::kinds::Schema;

/// One step into a document.
#[derive(Clone, Copy)]
enum Step<'a> {
    /// The key as it is written, and the value below it.
    Field(Node<'a>, Node<'a>),
    Item(usize, Node<'a>),
}

/// A value in a document, the way to it, and the schema of each value on the way.
#[derive(Clone)]
pub(super) struct Place<'a, 's> {
    root: Node<'a>,
    steps: Vec<Step<'a>>,
    /// Of the root and then of each step; as long as the schema knows the way.
    schemas: Vec<&'s Value>,
}

impl<'a, 's> Place<'a, 's> {
    pub(super) fn root(root: Node<'a>, schema: &'s Schema) -> Self {
        Self { root, steps: Vec::new(), schemas: vec![&schema.root] }
    }

    /// The place that a JSON pointer names; as far as the document has it.
    pub(super) fn find(root: Node<'a>, schema: &'s Schema, pointer: &str) -> Self {
        let mut place = Self::root(root, schema);
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            let next = match place.node().kind() {
                Kind::Mapping => place.field(&token, schema),
                Kind::Sequence => token.parse().ok().and_then(|index| place.item(index, schema)),
                Kind::Scalar => None,
            };
            let Some(next) = next else { break };
            place = next;
        }
        place
    }

    fn field(&self, key: &str, schema: &'s Schema) -> Option<Self> {
        let entry = self.node().entries().find(|entry| entry.key.key_text() == key)?;
        Some(self.entry(entry, schema))
    }

    /// The value of an entry of this mapping.
    pub(super) fn entry(&self, entry: Entry<'a>, schema: &'s Schema) -> Self {
        let demand = self.schema().and_then(|own| schema.field(own, &entry.key.key_text()));
        self.below(Step::Field(entry.key, entry.value), demand)
    }

    fn item(&self, index: usize, schema: &'s Schema) -> Option<Self> {
        self.items(schema).nth(index)
    }

    /// The items of this list.
    pub(super) fn items(&self, schema: &'s Schema) -> impl Iterator<Item = Self> {
        let demand = self.schema().and_then(|own| schema.items(own));
        self.node().items().enumerate().map(move |(index, item)| self.below(Step::Item(index, item), demand))
    }

    fn below(&self, step: Step<'a>, schema: Option<&'s Value>) -> Self {
        let mut place = self.clone();
        place.steps.push(step);
        place.schemas.extend(schema);
        place
    }

    pub(super) fn node(&self) -> Node<'a> {
        match self.steps.last() {
            Some(Step::Field(_, node) | Step::Item(_, node)) => *node,
            None => self.root,
        }
    }

    /// `None` where the schema has no say.
    pub(super) fn schema(&self) -> Option<&'s Value> {
        self.schemas.get(self.steps.len()).copied()
    }

    /// The value around this one.
    pub(super) fn parent(&self) -> Option<Self> {
        let mut parent = self.clone();
        parent.steps.pop()?;
        parent.schemas.truncate(parent.steps.len() + 1);
        Some(parent)
    }

    /// The key of this value, or of the list that it is in.
    pub(super) fn key(&self) -> Option<Node<'a>> {
        self.steps.iter().rev().find_map(|step| match step {
            Step::Field(key, _) => Some(*key),
            Step::Item(..) => None,
        })
    }

    /// Where to point for the whole value: the scalar itself, the key of a collection, the first key of an item.
    pub(super) fn at(&self) -> Span {
        let node = self.node();
        let own = node.kind() == Kind::Scalar && node.at().start < node.at().end;
        match self.steps.last() {
            Some(Step::Field(key, _)) if !own => key.at(),
            _ => node.head(),
        }
    }

    /// As people write it: `spec.http[0].match[1].headers["x-user.id"]`.
    pub(super) fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.steps {
            // Writing to a string cannot fail.
            let _ = match step {
                Step::Item(index, _) => write!(path, "[{index}]"),
                Step::Field(key, _) => match key.key_text() {
                    key if key.contains(['.', '/', '[']) => write!(path, "[\"{key}\"]"),
                    key if path.is_empty() => write!(path, "{key}"),
                    key => write!(path, ".{key}"),
                },
            };
        }
        path
    }

    /// As a JSON pointer.
    pub(super) fn pointer(&self) -> String {
        let token = |step: &Step<'_>| match step {
            Step::Item(index, _) => format!("/{index}"),
            Step::Field(key, _) => format!("/{}", key.key_text().replace('~', "~0").replace('/', "~1")),
        };
        self.steps.iter().map(token).collect()
    }

    /// The fields on the way, without indexes: `spec.http.match`.
    pub(super) fn fields(&self) -> String {
        let mut path = String::new();
        for step in &self.steps {
            if let Step::Field(key, _) = step {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&key.key_text());
            }
        }
        path
    }
}
