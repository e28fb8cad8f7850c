//! How a Rust type becomes protobuf JSON and back, and the macros that define the types.
//!
//! One line per field. What protobuf JSON leaves out follows from the Rust type:
//!
//! | protobuf | Rust | left out |
//! |---|---|---|
//! | scalar, enum | `String`, `bool`, `u32`, `u64`, `f64`, `Bytes`, the enum | when it is the default |
//! | message, wrapper (`UInt32Value`), `Duration`, `Struct`, `Any` | `Option<…>` | when `None` |
//! | oneof | `Option<…>` of an enum made by [`oneof!`] | when `None` |
//! | repeated, map | `Vec<…>`, `BTreeMap<String, …>` | when empty |
//!
//! Fields have their protobuf names and are written in lowerCamelCase; both spellings are read. A field that Envoy
//! has and the type has not is kept in `untyped`, so that nothing is lost between reading and printing; a field that
//! Envoy has not is refused. `typed_messages_agree_with_the_descriptor` compares every type with Envoy's descriptor.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::descriptor;
use super::sink::{self, Kind, Sink, Tree};

/// A JSON object; also the value of a `google.protobuf.Struct`.
pub type Object = Map<String, Value>;

/// The protobuf name of a field, and the name that JSON has for it.
#[derive(Clone, Copy)]
pub struct Name {
    pub proto: &'static str,
    pub json: &'static str,
}

impl Name {
    fn is(self, key: &str) -> bool {
        key == self.json || key == self.proto
    }
}

/// A value that protobuf JSON can hold.
pub trait Json: Sized {
    fn emit(&self, sink: &mut dyn Sink);

    fn write(&self) -> Value {
        let mut tree = Tree::default();
        self.emit(&mut tree);
        tree.finish()
    }

    fn read(value: &Value) -> Result<Self, Violation>;

    /// Adds the value to the message that it is a part of. Oneofs add the member that is set.
    fn put(&self, name: Name, message: &mut dyn Sink) {
        message.key(name.json);
        self.emit(message);
    }

    /// The value, if `key` is its name.
    fn take(name: Name, key: &str, value: &Value) -> Option<Result<Self, Violation>> {
        name.is(key).then(|| Self::read(value))
    }

    #[cfg(test)]
    fn audit(name: Name, audit: &mut super::audit::Audit) {
        audit.field(name);
    }
}

/// A part of a message, which knows when it is left out.
pub trait Field {
    fn put(&self, name: Name, message: &mut dyn Sink);

    /// Whether `key` is the name of this field, which then has the value.
    fn take(&mut self, name: Name, key: &str, value: &Value) -> Result<bool, Violation>;

    #[cfg(test)]
    fn audit(name: Name, audit: &mut super::audit::Audit)
    where
        Self: Sized;
}

/// A protobuf message with a name of its own, which an `Any` can hold.
pub trait Message: Json {
    const TYPE: &'static str;

    /// Writes the fields into the object that is open.
    fn emit_fields(&self, object: &mut dyn Sink);

    fn read_entries<'a>(entries: &mut dyn Iterator<Item = (&'a String, &'a Value)>) -> Result<Self, Violation>;
}

impl<T: Message> Message for std::sync::Arc<T> {
    const TYPE: &'static str = T::TYPE;

    fn emit_fields(&self, object: &mut dyn Sink) {
        T::emit_fields(self, object);
    }

    fn read_entries<'a>(entries: &mut dyn Iterator<Item = (&'a String, &'a Value)>) -> Result<Self, Violation> {
        T::read_entries(entries).map(Self::new)
    }
}

/// What is wrong with a value, and where: ``listeners[3].address`: expected a string``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    path: Vec<Segment>,
    message: String,
    kind: ViolationKind,
}

/// What a value breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViolationKind {
    /// It is no value of its type.
    Form,
    /// It is for a field that the message does not have.
    UnknownField,
    /// It is one of the type, but not one that Envoy allows; or a message lacks something.
    Rule,
}

/// A step into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A field, as the value spells it; an absent one in lowerCamelCase.
    Key(String),
    Index(usize),
}

impl Violation {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { path: Vec::new(), message: message.into(), kind: ViolationKind::Form }
    }

    pub(super) fn at(path: &[Segment], kind: ViolationKind, message: impl Into<String>) -> Self {
        Self { path: path.to_vec(), message: message.into(), kind }
    }

    pub(super) fn expected(what: &str) -> Self {
        Self::new(format!("expected {what}"))
    }

    /// The same problem, seen from the value that holds the place under `segment`.
    pub(super) fn under(mut self, segment: impl Into<Segment>) -> Self {
        self.path.insert(0, segment.into());
        self
    }

    pub fn path(&self) -> &[Segment] {
        &self.path
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    pub fn kind(&self) -> ViolationKind {
        self.kind
    }
}

impl From<&str> for Segment {
    fn from(key: &str) -> Self {
        Segment::Key(key.to_owned())
    }
}

impl From<&String> for Segment {
    fn from(key: &String) -> Self {
        Segment::Key(key.clone())
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Segment::Index(index)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let mut path = String::new();
        for segment in &self.path {
            match segment {
                Segment::Index(index) => path += &format!("[{index}]"),
                Segment::Key(key) if !plain(key) => path += &format!("[\"{key}\"]"),
                Segment::Key(key) if path.is_empty() => path += key,
                Segment::Key(key) => path += &format!(".{key}"),
            }
        }
        match path.as_str() {
            "" => f.write_str(&self.message),
            path => write!(f, "`{path}`: {}", self.message),
        }
    }
}

impl std::error::Error for Violation {}

/// Fields of a message that Envoy knows and its Rust type does not, in the order in which they were read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Untyped(Option<Box<Object>>);

impl Untyped {
    /// Keeps a field, if the message type has it.
    pub(super) fn keep(&mut self, message_type: &str, key: &str, value: &Value) -> Result<(), Violation> {
        if !descriptor::has_field(message_type, key) {
            return Err(Violation::new(format!("`{message_type}` has no such field")).under(key));
        }
        self.0.get_or_insert_default().insert(key.to_owned(), value.clone());
        Ok(())
    }

    /// A field by its protobuf name, which the value may spell in lowerCamelCase.
    pub fn get(&self, name: &str) -> Option<&Value> {
        field(self.0.as_deref()?, name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|object| object.keys()).map(String::as_str)
    }

    pub(super) fn put(&self, message: &'static str, sink: &mut dyn Sink) {
        let Some(object) = &self.0 else { return };
        sink.untyped(message, self);
        for (key, value) in object.iter() {
            sink.key(key);
            sink::emit(value, sink);
        }
    }
}

/// A field of a message that this crate has no type for, by its protobuf name.
pub fn field<'o>(object: &'o Object, name: &str) -> Option<&'o Value> {
    let mut camel = String::with_capacity(name.len());
    for part in name.split('_') {
        let mut letters = part.chars();
        match letters.next() {
            Some(first) if !camel.is_empty() => camel.push(first.to_ascii_uppercase()),
            Some(first) => camel.push(first),
            None => {}
        }
        camel.push_str(letters.as_str());
    }
    object.get(&camel).or_else(|| object.get(name))
}

/// A field of a message.
pub(super) type Part<'a> = (Name, &'a dyn Field);
pub(super) type PartMut<'a> = (Name, &'a mut dyn Field);

pub(super) fn emit_fields(message: &'static str, fields: &[Part<'_>], untyped: &Untyped, object: &mut dyn Sink) {
    for (name, field) in fields {
        field.put(*name, object);
    }
    untyped.put(message, object);
}

pub(super) fn emit_message(message: &impl Message, sink: &mut dyn Sink) {
    sink.open(Kind::Object);
    message.emit_fields(sink);
    sink.close();
}

pub(super) fn emit_list<T: Json>(items: &[T], sink: &mut dyn Sink) {
    sink.open(Kind::List);
    for item in items {
        item.emit(sink);
    }
    sink.close();
}

pub(super) fn read_fields<'a>(
    message_type: &str,
    entries: &mut dyn Iterator<Item = (&'a String, &'a Value)>,
    fields: &mut [PartMut<'_>],
    untyped: &mut Untyped,
) -> Result<(), Violation> {
    for (key, value) in entries.filter(|(_, value)| !value.is_null()) {
        let mut known = false;
        for (name, field) in fields.iter_mut() {
            known = known || field.take(*name, key, value).map_err(|error| error.under(key))?;
        }
        if !known {
            untyped.keep(message_type, key, value)?;
        }
    }
    Ok(())
}

pub(super) fn object(value: &Value) -> Result<&Object, Violation> {
    value.as_object().ok_or_else(|| Violation::expected("an object"))
}

pub(super) fn list<T: Json>(value: &Value) -> Result<Vec<T>, Violation> {
    let items = value.as_array().ok_or_else(|| Violation::expected("a list"))?;
    let read = |(index, item)| T::read(item).map_err(|error| error.under(index));
    items.iter().enumerate().map(read).collect()
}

impl<T: Json> Field for Option<T> {
    fn put(&self, name: Name, message: &mut dyn Sink) {
        if let Some(value) = self {
            value.put(name, message);
        }
    }

    fn take(&mut self, name: Name, key: &str, value: &Value) -> Result<bool, Violation> {
        let Some(taken) = T::take(name, key, value) else { return Ok(false) };
        *self = Some(taken?);
        Ok(true)
    }

    #[cfg(test)]
    fn audit(name: Name, audit: &mut super::audit::Audit) {
        T::audit(name, audit);
    }
}

impl<T: Json> Field for Vec<T> {
    fn put(&self, name: Name, message: &mut dyn Sink) {
        if !self.is_empty() {
            message.key(name.json);
            emit_list(self, message);
        }
    }

    fn take(&mut self, name: Name, key: &str, value: &Value) -> Result<bool, Violation> {
        if !name.is(key) {
            return Ok(false);
        }
        *self = list(value)?;
        Ok(true)
    }

    #[cfg(test)]
    fn audit(name: Name, audit: &mut super::audit::Audit) {
        T::audit(name, audit);
    }
}

impl<T: Json> Field for BTreeMap<String, T> {
    fn put(&self, name: Name, message: &mut dyn Sink) {
        if !self.is_empty() {
            message.key(name.json);
            message.open(Kind::Object);
            for (key, value) in self {
                message.key(key);
                value.emit(message);
            }
            message.close();
        }
    }

    fn take(&mut self, name: Name, key: &str, value: &Value) -> Result<bool, Violation> {
        if !name.is(key) {
            return Ok(false);
        }
        let read = |(key, value): (&String, _)| Ok((key.clone(), T::read(value).map_err(|error| error.under(key))?));
        *self = object(value)?.iter().map(read).collect::<Result<_, _>>()?;
        Ok(true)
    }

    #[cfg(test)]
    fn audit(name: Name, audit: &mut super::audit::Audit) {
        T::audit(name, audit);
    }
}

/// What is behind a pointer is written as it is. Resources that many proxies share are kept once, in an [`Arc`].
macro_rules! pointers {
    ($($pointer:ident),+) => {$(
        impl<T: Json> Json for $pointer<T> {
            fn emit(&self, sink: &mut dyn Sink) {
                T::emit(self, sink);
            }

            fn read(value: &Value) -> Result<Self, Violation> {
                T::read(value).map($pointer::new)
            }

            #[cfg(test)]
            fn audit(name: Name, audit: &mut super::audit::Audit) {
                T::audit(name, audit);
            }
        }
    )+};
}

pointers!(Box, Arc);

/// A field that is left out when it has the default value of its type.
macro_rules! plain_field {
    ($($type:ty),+) => {$(
        impl $crate::envoy::message::Field for $type {
            fn put(&self, name: $crate::envoy::message::Name, message: &mut dyn $crate::envoy::sink::Sink) {
                if *self != <$type>::default() {
                    $crate::envoy::message::Json::put(self, name, message);
                }
            }

            fn take(
                &mut self,
                name: $crate::envoy::message::Name,
                key: &str,
                value: &serde_json::Value,
            ) -> Result<bool, $crate::envoy::message::Violation> {
                let Some(taken) = <$type as $crate::envoy::message::Json>::take(name, key, value) else {
                    return Ok(false);
                };
                *self = taken?;
                Ok(true)
            }

            #[cfg(test)]
            fn audit(name: $crate::envoy::message::Name, audit: &mut $crate::envoy::audit::Audit) {
                <$type as $crate::envoy::message::Json>::audit(name, audit);
            }
        }
    )+};
}

/// Defines a message. The text is its full protobuf name.
macro_rules! message {
    ($(#[$meta:meta])* pub struct $type:ident = $full:literal { $($field:ident: $kind:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $type {
            $(pub $field: $kind,)*
            pub untyped: $crate::envoy::message::Untyped,
        }

        impl $crate::envoy::message::Message for $type {
            const TYPE: &'static str = $full;

            fn emit_fields(&self, object: &mut dyn $crate::envoy::sink::Sink) {
                let fields: &[$crate::envoy::message::Part<'_>] = &[$((name!(stringify!($field)), &self.$field)),*];
                $crate::envoy::message::emit_fields(Self::TYPE, fields, &self.untyped, object);
            }

            fn read_entries<'a>(
                entries: &mut dyn Iterator<Item = (&'a String, &'a serde_json::Value)>,
            ) -> Result<Self, $crate::envoy::message::Violation> {
                let mut read = Self::default();
                let Self { $($field,)* untyped } = &mut read;
                let fields: &mut [$crate::envoy::message::PartMut<'_>] = &mut [$((name!(stringify!($field)), $field)),*];
                $crate::envoy::message::read_fields(Self::TYPE, entries, fields, untyped)?;
                Ok(read)
            }
        }

        impl $crate::envoy::message::Json for $type {
            fn emit(&self, sink: &mut dyn $crate::envoy::sink::Sink) {
                $crate::envoy::message::emit_message(self, sink);
            }

            fn read(value: &serde_json::Value) -> Result<Self, $crate::envoy::message::Violation> {
                let object = $crate::envoy::message::object(value)?;
                $crate::envoy::message::Message::read_entries(&mut object.iter())
            }

            #[cfg(test)]
            fn audit(name: $crate::envoy::message::Name, audit: &mut $crate::envoy::audit::Audit) {
                audit.field(name);
                if audit.enter::<$type>() {
                    $(<$kind as $crate::envoy::message::Field>::audit(name!(stringify!($field)), audit);)*
                    audit.leave();
                }
            }
        }
    };
}

/// Defines a oneof: one variant per member, with the protobuf name of the member.
macro_rules! oneof {
    ($(#[$meta:meta])* pub enum $type:ident { $($variant:ident: $kind:ty = $member:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[allow(clippy::large_enum_variant, reason = "the large member is the usual one")]
        pub enum $type {
            $($variant($kind),)+
        }

        impl $crate::envoy::message::Json for $type {
            fn emit(&self, sink: &mut dyn $crate::envoy::sink::Sink) {
                sink.open($crate::envoy::sink::Kind::Object);
                self.put($crate::envoy::message::Name { proto: "", json: "" }, sink);
                sink.close();
            }

            fn read(_: &serde_json::Value) -> Result<Self, $crate::envoy::message::Violation> {
                Err($crate::envoy::message::Violation::new("a oneof is not a value of its own"))
            }

            fn put(&self, _: $crate::envoy::message::Name, message: &mut dyn $crate::envoy::sink::Sink) {
                match self {
                    $(Self::$variant(value) => $crate::envoy::message::Json::put(value, name!($member), message),)+
                }
            }

            fn take(
                _: $crate::envoy::message::Name,
                key: &str,
                value: &serde_json::Value,
            ) -> Option<Result<Self, $crate::envoy::message::Violation>> {
                $(
                    if let Some(taken) = <$kind as $crate::envoy::message::Json>::take(name!($member), key, value) {
                        return Some(taken.map(Self::$variant));
                    }
                )+
                None
            }

            #[cfg(test)]
            fn audit(_: $crate::envoy::message::Name, audit: &mut $crate::envoy::audit::Audit) {
                $(<$kind as $crate::envoy::message::Json>::audit(name!($member), audit);)+
            }
        }
    };
}

/// Defines a message that is nothing but a oneof, as the enum. `Other` holds what has no variant.
macro_rules! choice {
    (
        $(#[$meta:meta])*
        pub enum $type:ident = $full:literal { $($variant:ident: $kind:ty = $member:literal),+ $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $type {
            $($variant($kind),)+
            Other($crate::envoy::message::Untyped),
        }

        impl Default for $type {
            fn default() -> Self {
                Self::Other(Default::default())
            }
        }

        impl $crate::envoy::message::Message for $type {
            const TYPE: &'static str = $full;

            fn emit_fields(&self, object: &mut dyn $crate::envoy::sink::Sink) {
                match self {
                    $(Self::$variant(value) => $crate::envoy::message::Json::put(value, name!($member), object),)+
                    Self::Other(untyped) => untyped.put(Self::TYPE, object),
                }
            }

            fn read_entries<'a>(
                entries: &mut dyn Iterator<Item = (&'a String, &'a serde_json::Value)>,
            ) -> Result<Self, $crate::envoy::message::Violation> {
                let entries: Vec<_> = entries.filter(|(_, value)| !value.is_null()).collect();
                if let [(key, value)] = entries[..] {
                    $(
                        if let Some(taken) = <$kind as $crate::envoy::message::Json>::take(name!($member), key, value) {
                            return taken.map(Self::$variant).map_err(|error| error.under(key));
                        }
                    )+
                }
                let mut untyped = $crate::envoy::message::Untyped::default();
                for (key, value) in entries {
                    untyped.keep(Self::TYPE, key, value)?;
                }
                Ok(Self::Other(untyped))
            }
        }

        impl $crate::envoy::message::Json for $type {
            fn emit(&self, sink: &mut dyn $crate::envoy::sink::Sink) {
                $crate::envoy::message::emit_message(self, sink);
            }

            fn read(value: &serde_json::Value) -> Result<Self, $crate::envoy::message::Violation> {
                let object = $crate::envoy::message::object(value)?;
                $crate::envoy::message::Message::read_entries(&mut object.iter())
            }

            #[cfg(test)]
            fn audit(name: $crate::envoy::message::Name, audit: &mut $crate::envoy::audit::Audit) {
                audit.field(name);
                if audit.enter::<$type>() {
                    $(<$kind as $crate::envoy::message::Json>::audit(name!($member), audit);)+
                    audit.leave();
                }
            }
        }
    };
}

/// Defines an enum with the names that protobuf has for its values. The first is the default.
macro_rules! names {
    ($(#[$meta:meta])* pub enum $type:ident = $full:literal { $first:ident = $name:literal $(, $variant:ident = $other:literal)* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type {
            #[default]
            $first,
            $($variant,)*
        }

        impl $type {
            pub fn name(self) -> &'static str {
                match self {
                    Self::$first => $name,
                    $(Self::$variant => $other,)*
                }
            }
        }

        impl $crate::envoy::message::Json for $type {
            fn emit(&self, sink: &mut dyn $crate::envoy::sink::Sink) {
                sink.scalar($crate::envoy::sink::Scalar::Text(self.name()));
            }

            fn read(value: &serde_json::Value) -> Result<Self, $crate::envoy::message::Violation> {
                match $crate::envoy::scalar::enum_name($full, value)?.as_ref() {
                    $name => Ok(Self::$first),
                    $($other => Ok(Self::$variant),)*
                    unknown => Err($crate::envoy::message::Violation::new(format!("`{}` has no value `{unknown}`", $full))),
                }
            }

            #[cfg(test)]
            fn audit(name: $crate::envoy::message::Name, audit: &mut $crate::envoy::audit::Audit) {
                audit.field(name);
                audit.names($full, &[$name, $($other),*]);
            }
        }

        plain_field!($type);
    };
}

/// Gives a message that names an extension and configures it a constructor.
macro_rules! extension {
    ($type:ident) => {
        impl $type {
            pub fn new(name: impl Into<String>, config: impl Into<$crate::envoy::Any>) -> Self {
                Self { name: name.into(), typed_config: Some(config.into()), ..Default::default() }
            }
        }
    };
}

/// The [`Name`] of a field from its Rust identifier, at compile time.
macro_rules! name {
    ($text:expr) => {{
        const PROTO: &str = $crate::envoy::message::unraw($text);
        const CAMEL: &$crate::envoy::message::Camel<{ PROTO.len() }> = &$crate::envoy::message::Camel::of(PROTO);
        const NAME: $crate::envoy::message::Name = $crate::envoy::message::Name { proto: PROTO, json: CAMEL.text() };
        NAME
    }};
}

/// `match` of `r#match`.
pub const fn unraw(identifier: &str) -> &str {
    match identifier.as_bytes() {
        [b'r', b'#', ..] => identifier.split_at(2).1,
        _ => identifier,
    }
}

/// A field's name in lowerCamelCase, as protobuf makes it: an underscore goes, the letter after it is upper case.
pub struct Camel<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Camel<N> {
    pub const fn of(name: &str) -> Self {
        let name = name.as_bytes();
        let mut camel = Self { bytes: [0; N], length: 0 };
        let (mut at, mut upper) = (0, false);
        while at < name.len() {
            if name[at] == b'_' {
                upper = true;
            } else {
                camel.bytes[camel.length] = if upper { name[at].to_ascii_uppercase() } else { name[at] };
                camel.length += 1;
                upper = false;
            }
            at += 1;
        }
        camel
    }

    pub const fn text(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => panic!("field names are ASCII"),
        }
    }
}
