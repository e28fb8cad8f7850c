//! Reading nodes into values. It is silent: a field of the wrong type is absent and its siblings remain, for the schema
//! has reported it.

use std::ops::Deref;

use crate::format::Duration;
use crate::source::Span;
use crate::yaml::{Node, Scalar};

/// A value and where it is written.
#[derive(Clone, Copy, Debug)]
pub struct Located<T> {
    pub value: T,
    pub at: Span,
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Equal if the values are, wherever they stand.
impl<T: PartialEq> PartialEq for Located<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Located<T> {}

pub type Str<'a> = Located<&'a str>;
pub type Int = Located<i64>;
pub type Float = Located<f64>;
pub type Bool = Located<bool>;

impl<'a> Str<'a> {
    /// Whether the text holds a placeholder (`${VAR}`, `$(VAR)`) that something fills in later, so that nothing can be
    /// said of its value.
    pub fn is_placeholder(&self) -> bool {
        crate::format::has_placeholder(self.value)
    }
}

/// What a place of the tree is, as a `Self`; `None` where it is something else.
pub trait Read<'a>: Sized {
    fn read(node: Node<'a>) -> Option<Self>;
}

/// Large messages that are mostly absent are kept apart from those that hold them.
impl<'a, T: Read<'a>> Read<'a> for Box<T> {
    fn read(node: Node<'a>) -> Option<Self> {
        T::read(node).map(Box::new)
    }
}

/// What a field may be: it has a value when the key is absent, too.
pub trait Field<'a>: Default {
    fn field(node: Node<'a>) -> Self;
}

impl<'a, T: Read<'a>> Field<'a> for Option<T> {
    fn field(node: Node<'a>) -> Self {
        T::read(node)
    }
}

impl<'a, T: Read<'a>> Field<'a> for Vec<T> {
    fn field(node: Node<'a>) -> Self {
        exactly(node.items().count(), node.items().filter_map(T::read))
    }
}

/// Collects at most `count` values. Most lists have one or two, where growing would leave room for four.
fn exactly<T>(count: usize, values: impl Iterator<Item = T>) -> Vec<T> {
    let mut list = Vec::with_capacity(count);
    list.extend(values);
    list
}

/// A map of strings to values, in the order of the text.
#[derive(Clone, Debug)]
pub struct Map<'a, T>(Vec<(Str<'a>, T)>);

pub type Labels<'a> = Map<'a, Str<'a>>;

impl<'a, T> Map<'a, T> {
    pub fn get(&self, key: &str) -> Option<&T> {
        self.0.iter().find(|(name, _)| name.value == key).map(|(_, value)| value)
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Str<'a>, &T)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// Equal if the keys and values are, in whatever order.
impl<T: PartialEq> PartialEq for Map<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key.value) == Some(value))
    }
}

/// Of entries with the same key, the last counts, in the place of the first.
impl<'a, T> FromIterator<(Str<'a>, T)> for Map<'a, T> {
    fn from_iter<I: IntoIterator<Item = (Str<'a>, T)>>(entries: I) -> Self {
        let mut all: Vec<(Str<'a>, T)> = Vec::new();
        for (key, value) in entries {
            match all.iter_mut().find(|(own, _)| own.value == key.value) {
                Some(old) => old.1 = value,
                None => all.push((key, value)),
            }
        }
        Self(all)
    }
}

impl<T> Default for Map<'_, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'a, T: Clone> Map<'a, T> {
    /// The entries of both; where both have a key, the value is that of `self`.
    pub fn united(&self, other: &Self) -> Self {
        let others = other.0.iter().filter(|(key, _)| self.get(key.value).is_none());
        Self(self.0.iter().chain(others).cloned().collect())
    }
}

impl<'a> Labels<'a> {
    /// Labels that no source holds.
    pub fn of_texts(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let nowhere = |value| Str { value, at: Span::default() };
        Self(labels.into_iter().map(|(key, value)| (nowhere(key), nowhere(value))).collect())
    }

    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key).map(|value| value.value)
    }

    /// Whether all of `selector` are among these.
    pub fn contains(&self, selector: &Labels<'_>) -> bool {
        selector.iter().all(|(key, value)| self.text(key).is_some_and(|text| text == value.value))
    }
}

impl<'a, T: Read<'a>> Field<'a> for Map<'a, T> {
    fn field(node: Node<'a>) -> Self {
        let pairs = node.entries().filter_map(|entry| Some((key(entry.key), T::read(entry.value)?)));
        Self(exactly(node.entries().count(), pairs))
    }
}

impl<'a, T: Read<'a>> Read<'a> for Map<'a, T> {
    fn read(node: Node<'a>) -> Option<Self> {
        Some(Self::field(node))
    }
}

fn key<'a>(node: Node<'a>) -> Str<'a> {
    let value = node.as_str().unwrap_or(node.raw());
    Str { value, at: node.at() }
}

fn located<'a, T>(node: Node<'a>, value: Option<T>) -> Option<Located<T>> {
    value.map(|value| Located { value, at: node.at() })
}

impl<'a> Read<'a> for Str<'a> {
    fn read(node: Node<'a>) -> Option<Self> {
        located(node, node.as_str())
    }
}

impl<'a> Read<'a> for Int {
    fn read(node: Node<'a>) -> Option<Self> {
        let value = match node.scalar()? {
            Scalar::Int(value) => Some(value),
            Scalar::Float(value) if value.fract() == 0.0 => Some(value as i64),
            _ => None,
        };
        located(node, value)
    }
}

impl<'a> Read<'a> for Float {
    fn read(node: Node<'a>) -> Option<Self> {
        let value = match node.scalar()? {
            Scalar::Int(value) => Some(value as f64),
            Scalar::Uint(value) => Some(value as f64),
            Scalar::Float(value) => Some(value),
            _ => None,
        };
        located(node, value)
    }
}

impl<'a> Read<'a> for Bool {
    fn read(node: Node<'a>) -> Option<Self> {
        let value = match node.scalar()? {
            Scalar::Bool(value) => Some(value),
            _ => None,
        };
        located(node, value)
    }
}

impl<'a> Read<'a> for Located<Duration> {
    fn read(node: Node<'a>) -> Option<Self> {
        located(node, Duration::parse(node.as_str()?).ok())
    }
}

/// Anything, read later.
impl<'a> Read<'a> for Node<'a> {
    fn read(node: Node<'a>) -> Option<Self> {
        (!node.is_null()).then_some(node)
    }
}

/// A value of named fields. It can be read from any node: what is not there is absent.
pub trait Message<'a>: Read<'a> {
    fn read_fields(node: Node<'a>) -> Self;
}

/// A number or a name, as ports of Kubernetes are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum IntOrStr<'a> {
    Int(i64),
    Str(&'a str),
}

impl<'a> Read<'a> for Located<IntOrStr<'a>> {
    fn read(node: Node<'a>) -> Option<Self> {
        let value = match node.scalar()? {
            Scalar::Int(value) => Some(IntOrStr::Int(value)),
            Scalar::String(text) => Some(IntOrStr::Str(text)),
            _ => None,
        };
        located(node, value)
    }
}

/// Defines a message: a struct of fields that are read from the keys of a mapping, `camelCase` for `snake_case`, and the
/// `node` that it was read from. The JSON name is given where it is another (`field as "name"`).
macro_rules! message {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident<$lt:lifetime> { $( $(#[$field_meta:meta])* $field:ident $(as $key:literal)? : $type:ty ),* $(,)? }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub struct $name<$lt> {
            pub node: $crate::yaml::Node<$lt>,
            $( $(#[$field_meta])* pub $field: $type, )*
        }

        impl<$lt> $crate::model::read::Read<$lt> for $name<$lt> {
            fn read(node: $crate::yaml::Node<$lt>) -> Option<Self> {
                (node.kind() == $crate::yaml::Kind::Mapping).then(|| <Self as $crate::model::read::Message>::read_fields(node))
            }
        }

        impl<$lt> $crate::model::read::Message<$lt> for $name<$lt> {
            fn read_fields(node: $crate::yaml::Node<$lt>) -> Self {
                #[allow(unused_mut)]
                let mut message = Self { node, $( $field: Default::default() ),* };
                for _entry in node.entries() {
                    let _key = _entry.key.key_text();
                    $( if message!(@is _key, $field $($key)?) {
                        message.$field = $crate::model::read::Field::field(_entry.value);
                        continue;
                    } )*
                }
                message
            }
        }
    )*};
    (@is $text:ident, $field:ident $key:literal) => { $text == $key };
    // Names are made by the compiler, since every key of the input is compared with many.
    (@is $text:ident, $field:ident) => {{
        const FIELD: &str = $crate::model::read::plain_name(stringify!($field));
        const LENGTH: usize = $crate::model::read::json_name_length(FIELD);
        const JSON: [u8; LENGTH] = $crate::model::read::json_name(FIELD);
        $text.as_bytes() == JSON || $text == FIELD
    }};
}
pub(crate) use message;

/// The name of an identifier, which may be raw (`r#type`).
pub(crate) const fn plain_name(identifier: &'static str) -> &'static str {
    match identifier.as_bytes() {
        [b'r', b'#', ..] => identifier.split_at(2).1,
        _ => identifier,
    }
}

pub(crate) const fn json_name_length(field: &str) -> usize {
    let (mut length, mut at) = (0, 0);
    while at < field.len() {
        length += (field.as_bytes()[at] != b'_') as usize;
        at += 1;
    }
    length
}

/// The name that protobuf gives a field in JSON: `loadBalancer` for `load_balancer`. Both are read.
pub(crate) const fn json_name<const LENGTH: usize>(field: &str) -> [u8; LENGTH] {
    let mut name = [0; LENGTH];
    let (mut length, mut at) = (0, 0);
    while at < field.len() {
        let byte = field.as_bytes()[at];
        if byte != b'_' {
            let starts_word = at > 0 && field.as_bytes()[at - 1] == b'_';
            name[length] = if starts_word { byte.to_ascii_uppercase() } else { byte };
            length += 1;
        }
        at += 1;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    message! {
        #[allow(dead_code, reason = "its `node` is not asked for")]
        pub struct Sample<'a> {
            load_balancer: Option<Str<'a>>,
            r#type: Option<Str<'a>>,
            http2_max: Option<Str<'a>>,
            other as "other-name": Option<Str<'a>>,
        }
    }

    #[test]
    fn fields_have_json_names() {
        let read = |key: &str| {
            let text = format!("{key}: x\n");
            let (tree, _) = crate::yaml::parse(crate::source::SourceId::default(), &text);
            let sample = Sample::read_fields(tree.roots().next().unwrap());
            [sample.load_balancer, sample.r#type, sample.http2_max, sample.other].map(|field| field.is_some())
        };
        for (key, fields) in [
            ("loadBalancer", [true, false, false, false]),
            ("load_balancer", [true, false, false, false]),
            ("loadBalance", [false; 4]),
            ("loadbalancer", [false; 4]),
            ("type", [false, true, false, false]),
            ("http2Max", [false, false, true, false]),
            ("other-name", [false, false, false, true]),
            ("other", [false; 4]),
        ] {
            assert_eq!(read(key), fields, "{key}");
        }
    }
}
