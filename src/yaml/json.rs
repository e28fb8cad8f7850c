//! A value as one line of JSON.

use std::io::{self, Write};

use super::node::{Kind, Node};
use super::scalar::{Scalar, float_json};

/// Writes a value just as Go's `encoding/json` does: the keys sorted by their bytes, no blanks, and the characters that
/// HTML or JavaScript could misread as escapes.
pub fn write_json(node: Node<'_>, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
    match node.kind() {
        Kind::Mapping => write_mapping(node, out),
        Kind::Sequence => {
            out.write_all(b"[")?;
            for (index, item) in node.items().enumerate() {
                if index > 0 {
                    out.write_all(b",")?;
                }
                write_json(item, out)?;
            }
            out.write_all(b"]")
        }
        Kind::Scalar => write_scalar(node.scalar().unwrap_or(Scalar::Null), out),
    }
}

fn write_mapping(node: Node<'_>, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
    let mut entries: Vec<_> = node.entries().map(|entry| (entry.key.key_text(), entry.value)).collect();
    entries.sort_by(|(one, _), (other, _)| one.as_bytes().cmp(other.as_bytes()));
    out.write_all(b"{")?;
    for (index, (key, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        write_string(&key, out)?;
        out.write_all(b":")?;
        write_json(value, out)?;
    }
    out.write_all(b"}")
}

fn write_scalar(scalar: Scalar<'_>, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
    match scalar {
        Scalar::Null => out.write_all(b"null"),
        Scalar::Bool(value) => write!(out, "{value}"),
        Scalar::Int(value) => write!(out, "{value}"),
        Scalar::Uint(value) => write!(out, "{value}"),
        Scalar::Float(value) => out.write_all(float_json(value).as_bytes()),
        Scalar::String(text) => write_string(text, out),
    }
}

fn write_string(text: &str, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
    out.write_all(b"\"")?;
    let mut from = 0;
    for (at, character) in text.char_indices() {
        let escape = match character {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\x08' => "\\b",
            '\x0C' => "\\f",
            '\0'..' ' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => "",
            _ => continue,
        };
        out.write_all(&text.as_bytes()[from..at])?;
        match escape {
            "" => write!(out, "\\u{:04x}", u32::from(character))?,
            escape => out.write_all(escape.as_bytes())?,
        }
        from = at + character.len_utf8();
    }
    out.write_all(&text.as_bytes()[from..])?;
    out.write_all(b"\"")
}
