use std::borrow::Cow;

/// A scalar as go-yaml v2 and JSON understand it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// Above `i64::MAX`.
    Uint(u64),
    Float(f64),
    String(&'a str),
}

impl<'a> Scalar<'a> {
    /// What a plain (unquoted) scalar means.
    pub(super) fn resolve(text: &'a str) -> Self {
        // Stand-in until the resolver is written.
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
            "true" | "True" | "TRUE" | "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Scalar::Bool(true),
            "false" | "False" | "FALSE" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Scalar::Bool(false),
            _ if text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => {
                let int = text.parse().map(Scalar::Int);
                let float = || text.parse().map(Scalar::Float);
                int.or_else(|_| float()).unwrap_or(Scalar::String(text))
            }
            _ => Scalar::String(text),
        }
    }

    /// As the key of a JSON object.
    pub(super) fn into_key(self) -> Cow<'a, str> {
        match self {
            Scalar::String(text) => Cow::Borrowed(text),
            Scalar::Null => Cow::Borrowed("null"),
            Scalar::Bool(value) => Cow::Borrowed(if value { "true" } else { "false" }),
            Scalar::Int(value) => Cow::Owned(value.to_string()),
            Scalar::Uint(value) => Cow::Owned(value.to_string()),
            Scalar::Float(value) => Cow::Owned(value.to_string()),
        }
    }
}
