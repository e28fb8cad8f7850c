//! A JSON value as YAML that every reader takes for the same value: Kubernetes (YAML 1.1, by go-yaml), Envoy (yaml-cpp)
//! and readers of YAML 1.2.
//!
//! They disagree about plain scalars: `yes`, `0o17`, `1_000`, `12:30:45` and `2026-01-31` are strings for some and not for
//! others. So a string is only left plain where no reader could take it for anything else.

use serde_json::{Map, Number, Value};

use crate::yaml::{Kind, Node, Scalar};

/// The value as a document in block style. Reading it gives the same value, with the keys in the same order.
pub fn to_yaml(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, 0, Place::Document, &mut out);
    out
}

/// The value of a node, with the keys of objects in the order of the text.
pub fn value_of(node: Node<'_>) -> Value {
    match node.kind() {
        Kind::Mapping => {
            let entries = node.entries().map(|entry| (entry.key.key_text().into_owned(), value_of(entry.value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        Kind::Sequence => node.items().map(value_of).collect(),
        Kind::Scalar => match node.scalar().unwrap_or(Scalar::Null) {
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => value.into(),
            Scalar::Int(number) => number.into(),
            Scalar::Uint(number) => number.into(),
            Scalar::Float(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
            Scalar::String(text) => text.into(),
        },
    }
}

/// What a value follows on its line.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Document,
    Key,
    Dash,
}

fn write_value(value: &Value, indent: usize, place: Place, out: &mut String) {
    match value {
        Value::Object(object) if !object.is_empty() => write_object(object, indent, place, out),
        Value::Array(items) if !items.is_empty() => write_list(items, indent, place, out),
        scalar => {
            if place != Place::Document {
                out.push(' ');
            }
            write_scalar(scalar, indent, out);
            out.push('\n');
        }
    }
}

fn write_object(object: &Map<String, Value>, indent: usize, place: Place, out: &mut String) {
    for (index, (key, value)) in object.iter().enumerate() {
        match (place, index) {
            (Place::Dash, 0) => out.push(' '),
            (Place::Key, 0) => start_line(indent, true, out),
            _ => start_line(indent, false, out),
        }
        write_text(key, out);
        out.push(':');
        // The items of a list are not indented; the fields of an object are.
        let deeper = if value.is_array() { indent } else { indent + 2 };
        write_value(value, deeper, Place::Key, out);
    }
}

fn write_list(items: &[Value], indent: usize, place: Place, out: &mut String) {
    for (index, item) in items.iter().enumerate() {
        match (place, index) {
            (Place::Dash, 0) => out.push(' '),
            (Place::Key, 0) => start_line(indent, true, out),
            _ => start_line(indent, false, out),
        }
        out.push('-');
        write_value(item, indent + 2, Place::Dash, out);
    }
}

/// Begins a line, after ending the one of a key whose value is a collection.
fn start_line(indent: usize, after_key: bool, out: &mut String) {
    if after_key {
        out.push('\n');
    }
    out.extend(std::iter::repeat_n(' ', indent));
}

fn write_scalar(scalar: &Value, indent: usize, out: &mut String) {
    match scalar {
        Value::String(text) if is_block(text) => write_block(text, indent, out),
        Value::String(text) => write_text(text, out),
        // Numbers, booleans, null, `{}` and `[]` are the same in JSON.
        other => out.push_str(&other.to_string()),
    }
}

fn write_text(text: &str, out: &mut String) {
    if is_plain(text) { out.push_str(text) } else { write_quoted(text, out) }
}

/// Whether every reader takes the text for a string without quotes.
fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let of_number = |byte: u8| byte.is_ascii_hexdigit() || b"xXoO_+-.:, TtZz".contains(&byte);
    let number_like = first.is_ascii_digit() || first == '.' || first == '+' || first == '-';
    text.chars().all(|character| character.is_ascii_graphic() || character == ' ' || character.is_alphanumeric())
        && !"-?:,[]{}#&*!|>'\"%@`~=<".contains(first)
        && !text.starts_with(' ')
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !(number_like && (first == '+' || text.starts_with("...") || text.bytes().all(of_number)))
        && ![".inf", ".nan"].iter().any(|word| text.eq_ignore_ascii_case(word))
        && !words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// In double quotes, with the escapes that JSON and YAML share.
fn write_quoted(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // Line breaks of YAML 1.1, and characters that YAML does not allow as they are.
            '\0'..='\x1f' | '\x7f'..='\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            character => out.push(character),
        }
    }
    out.push('"');
}

/// Whether a text of several lines, such as a certificate, can be shown line by line.
fn is_block(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let shown = |line: &str| {
        line.chars().all(|character| character.is_ascii_graphic() || character == ' ') && line.trim() == line
    };
    body.contains('\n') && body.split('\n').all(|line| !line.is_empty() && shown(line)) && !body.ends_with('\n')
}

fn write_block(text: &str, indent: usize, out: &mut String) {
    out.push_str(if text.ends_with('\n') { "|" } else { "|-" });
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        start_line(indent.max(2), true, out);
        out.push_str(line);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::source::SourceId;

    fn read(text: &str) -> Value {
        let (tree, findings) = crate::yaml::parse(SourceId::default(), text);
        assert_eq!(findings, [], "{text}");
        value_of(tree.roots().next().expect("a document"))
    }

    #[test]
    fn collections_are_written_in_block_style() {
        let value = json!({
            "name": "a",
            "list": ["x", {"k": 1, "l": []}, ["p", ["q"]], {}, null],
            "empty": {},
            "deep": {"number": -1.5, "items": [{"a": {"b": true}}]},
            "text": "one\ntwo\n",
            "last": "one\ntwo",
        });
        let text = "\
name: a
list:
- x
- k: 1
  l: []
- - p
  - - q
- {}
- null
empty: {}
deep:
  number: -1.5
  items:
  - a:
      b: true
text: |
  one
  two
last: |-
  one
  two
";
        assert_eq!(to_yaml(&value), text);
        assert_eq!(read(text), value);
    }

    #[test]
    fn strings_stay_plain_only_if_nobody_could_misread_them() {
        for text in ["a", "10s", "0.250s", "outbound|80||a.b", "/v1/*", "a b", "é", "TLSv1_2", "nothing", ".5s"] {
            assert_eq!(to_yaml(&json!(text)), format!("{text}\n"));
        }
        let quoted = [
            "",
            "~",
            "null",
            "NULL",
            "y",
            "Y",
            "yes",
            "No",
            "on",
            "OFF",
            "true",
            "False",
            "1",
            "-1",
            "+1",
            "1_000",
            "0x1",
            "0o17",
            "017",
            "0b1",
            "1e3",
            "1.",
            ".5",
            ".inf",
            "-.INF",
            ".NaN",
            "12:30:45",
            "2026-01-31",
            "2026-01-31T00:00:00Z",
            "10.0.0.1",
            "1,000",
            " a",
            "a ",
            "a: b",
            "a:",
            "a #b",
            "#a",
            "- a",
            "-",
            "---",
            "...",
            "? a",
            "[a]",
            "{a}",
            "*a",
            "&a",
            "!a",
            "|",
            ">",
            "%a",
            "@a",
            "`a",
            "'a'",
            "\"a\"",
            "a\tb",
            "a\r\nb",
            "\u{85}",
            "\u{2028}",
            "\u{feff}a",
            "<<",
            "=",
            "a\n",
            "\na\nb",
            "a\n b",
            "a\n\nb",
            "a\nb\n\n",
        ];
        for text in quoted {
            assert!(to_yaml(&json!(text)).starts_with('"'), "{text:?}");
        }
    }

    fn triples<'a>(pieces: &'a [&'a str]) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
        let count = pieces.len();
        (0..count.pow(3)).map(move |n| (pieces[n % count], pieces[n / count % count], pieces[n / count / count]))
    }

    #[test]
    fn what_is_written_reads_back() {
        let pieces = [
            "", "a", "0", "1", ".", ":", " ", "-", "_", "e", "x", "y", "no", "#", "\n", "\t", "\"", "'", "é", "~", "|",
        ];
        let mut all = Vec::new();
        for (first, second, third) in triples(&pieces) {
            all.push(format!("{first}{second}{third}"));
        }
        let keys: Map<String, Value> = all.iter().map(|text| (text.clone(), json!(1))).collect();
        let value = json!({"items": all, "keys": keys, "deeper": all.iter().map(|text| json!({"a": [text]})).collect::<Value>()});
        let text = to_yaml(&value);
        assert!(read(&text) == value);
        assert_eq!(to_yaml(&read(&text)), text);
        let other_reader: Value = serde_yaml::from_str(&text).unwrap();
        assert!(other_reader == value);
    }

    #[test]
    fn numbers_read_back() {
        let value = json!([0, -1, 1.5, 1e300, u64::MAX, i64::MIN, 0.1, true, false, null]);
        assert_eq!(read(&to_yaml(&value)), value);
    }
}
