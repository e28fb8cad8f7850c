use std::borrow::Cow;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, JsonNumber, NodeIdentity, Object};
use serde_json::{Number, Value};

use crate::yaml::{Kind, Node, Scalar};

/// Our YAML tree as the crate `jsonschema` reads documents: in place, without a copy.
///
/// Entries of mappings whose value is null are left out, for the API server drops them before it validates
/// (`PruneNonNullableNullsWithoutDefaults` in k8s.io/apiextensions-apiserver). What it does not drop, [`super::nulls`]
/// reports.
pub(super) struct Yaml;

/// A value of the tree, or the text of a key on its own.
#[derive(Clone, Copy)]
pub(super) enum Item<'a> {
    Node(Node<'a>),
    Key(&'a str),
}

impl Json for Yaml {
    type Node<'a> = Item<'a>;
    type PreparedKey = String;
    type StringBuffer = String;
    /// A look-up is a scan, so one pass over a mapping replaces it gladly.
    const KEYS_PER_LOOKUP: usize = 2;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>(buffer: &mut String, string: &str, f: impl FnOnce(Item<'_>) -> T) -> T {
        buffer.clear();
        buffer.push_str(string);
        f(Item::Key(buffer))
    }
}

impl<'a> Item<'a> {
    fn scalar(self) -> Option<Scalar<'a>> {
        match self {
            Item::Node(node) => node.scalar(),
            Item::Key(text) => Some(Scalar::String(text)),
        }
    }

    fn of_kind(self, kind: Kind) -> Option<Node<'a>> {
        match self {
            Item::Node(node) if node.kind() == kind => Some(node),
            _ => None,
        }
    }
}

impl<'a> jsonschema::json::Node<'a, Yaml> for Item<'a> {
    type Object = Mapping<'a>;
    type Array = Sequence<'a>;
    type Number = Digits;

    fn as_object(&self) -> Option<Mapping<'a>> {
        self.of_kind(Kind::Mapping).map(Mapping)
    }

    fn as_array(&self) -> Option<Sequence<'a>> {
        self.of_kind(Kind::Sequence).map(Sequence)
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        match self.scalar()? {
            Scalar::String(text) => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    fn as_number(&self) -> Option<Digits> {
        match self.scalar()? {
            Scalar::Int(value) => Some(Digits::Int(value)),
            Scalar::Uint(value) => Some(Digits::Uint(value)),
            Scalar::Float(value) => Some(Digits::Float(value)),
            Scalar::Null | Scalar::Bool(_) | Scalar::String(_) => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        match self.scalar()? {
            Scalar::Bool(value) => Some(value),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        self.json_type() == JsonType::Null
    }

    fn json_type(&self) -> JsonType {
        match self.scalar() {
            Some(Scalar::Null) => JsonType::Null,
            Some(Scalar::Bool(_)) => JsonType::Boolean,
            Some(Scalar::Int(_) | Scalar::Uint(_) | Scalar::Float(_)) => JsonType::Number,
            Some(Scalar::String(_)) => JsonType::String,
            None if self.of_kind(Kind::Mapping).is_some() => JsonType::Object,
            None => JsonType::Array,
        }
    }

    fn equals_value(&self, expected: &Value) -> bool {
        match (self.scalar(), expected) {
            (Some(Scalar::String(text)), Value::String(expected)) => text == expected,
            (Some(Scalar::String(_)), _) | (_, Value::String(_)) => false,
            _ => *self.to_value() == *expected,
        }
    }

    fn to_value(&self) -> Cow<'a, Value> {
        Cow::Owned(value(*self))
    }

    fn identity(&self) -> Option<NodeIdentity> {
        match *self {
            Item::Node(node) => Some(NodeIdentity::tagged(std::ptr::from_ref(node.tree()) as usize, node.index())),
            Item::Key(_) => None,
        }
    }
}

fn value(item: Item<'_>) -> Value {
    let node = match item {
        Item::Node(node) => node,
        Item::Key(text) => return text.into(),
    };
    match node.scalar() {
        Some(Scalar::Null) => Value::Null,
        Some(Scalar::Bool(value)) => value.into(),
        Some(Scalar::Int(value)) => value.into(),
        Some(Scalar::Uint(value)) => value.into(),
        Some(Scalar::Float(value)) => value.into(),
        Some(Scalar::String(text)) => text.into(),
        None if node.kind() == Kind::Sequence => node.items().map(|item| value(Item::Node(item))).collect(),
        None => node.entries().map(|entry| (entry.key.key_text(), value(Item::Node(entry.value)))).collect(),
    }
}

#[derive(Clone, Copy)]
pub(super) struct Mapping<'a>(Node<'a>);

impl<'a> Object<'a, Yaml> for Mapping<'a> {
    type Node = Item<'a>;
    type MemberName = Cow<'a, str>;
    type MembersIter = Box<dyn Iterator<Item = (Cow<'a, str>, Item<'a>)> + 'a>;

    fn len(&self) -> usize {
        self.0.entries().filter(|entry| !entry.value.is_null()).count()
    }

    fn get(&self, key: &String) -> Option<Item<'a>> {
        self.0.get(key).map(Item::Node)
    }

    fn members(&self) -> Self::MembersIter {
        let entries = self.0.entries().filter(|entry| !entry.value.is_null());
        Box::new(entries.map(|entry| (entry.key.key_text(), Item::Node(entry.value))))
    }
}

#[derive(Clone, Copy)]
pub(super) struct Sequence<'a>(Node<'a>);

impl<'a> Array<'a, Yaml> for Sequence<'a> {
    type Node = Item<'a>;
    type ElementsIter = Box<dyn Iterator<Item = Item<'a>> + 'a>;

    fn len(&self) -> usize {
        self.0.items().count()
    }

    fn elements(&self) -> Self::ElementsIter {
        Box::new(self.0.items().map(Item::Node))
    }
}

/// A number as YAML had it.
#[derive(Clone, Copy)]
pub(super) enum Digits {
    Int(i64),
    Uint(u64),
    Float(f64),
}

impl JsonNumber for Digits {
    fn as_u64(&self) -> Option<u64> {
        match *self {
            Digits::Int(value) => value.try_into().ok(),
            Digits::Uint(value) => Some(value),
            Digits::Float(_) => None,
        }
    }

    fn as_i64(&self) -> Option<i64> {
        match *self {
            Digits::Int(value) => Some(value),
            Digits::Uint(value) => value.try_into().ok(),
            Digits::Float(_) => None,
        }
    }

    fn as_f64(&self) -> Option<f64> {
        Some(match *self {
            Digits::Int(value) => value as f64,
            Digits::Uint(value) => value as f64,
            Digits::Float(value) => value,
        })
    }

    fn as_str(&self) -> Cow<'_, str> {
        Cow::Owned(match *self {
            Digits::Int(value) => value.to_string(),
            Digits::Uint(value) => value.to_string(),
            Digits::Float(value) => value.to_string(),
        })
    }

    fn to_number(&self) -> Cow<'_, Number> {
        Cow::Owned(match *self {
            Digits::Int(value) => value.into(),
            Digits::Uint(value) => value.into(),
            // JSON has no infinity. The number is for errors, which we explain from the tree instead.
            Digits::Float(value) => Number::from_f64(value).unwrap_or(0.into()),
        })
    }

    /// `1.0` counts, as it does for the API server.
    fn is_integer(&self) -> bool {
        match *self {
            Digits::Int(_) | Digits::Uint(_) => true,
            Digits::Float(value) => value.fract() == 0.0,
        }
    }
}
