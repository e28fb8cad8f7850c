//! Where a message writes its JSON: into a value, or straight out as text. A configuration of a large mesh has tens of
//! megabytes, which need not be held as a tree first.

use std::io::{self, Write};

use serde_json::{Number, Value};

use super::message::{Object, Untyped};

/// Takes the parts of one JSON value in the order of the text.
pub trait Sink {
    fn scalar(&mut self, scalar: Scalar<'_>);

    fn open(&mut self, kind: Kind);

    /// Of the next value, in an object.
    fn key(&mut self, key: &str);

    /// Ends what was opened last.
    fn close(&mut self);

    /// Told of the fields of the open message that have no types here, before they are written.
    fn untyped(&mut self, _message: &'static str, _fields: &Untyped) {}
}

#[derive(Clone, Copy, Debug)]
pub enum Scalar<'s> {
    Null,
    Bool(bool),
    Integer(i64),
    Number(&'s Number),
    Text(&'s str),
}

/// What holds other values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Object,
    List,
}

/// Writes a value that is there already.
pub fn emit(value: &Value, sink: &mut dyn Sink) {
    match value {
        Value::Null => sink.scalar(Scalar::Null),
        Value::Bool(on) => sink.scalar(Scalar::Bool(*on)),
        Value::Number(number) => sink.scalar(Scalar::Number(number)),
        Value::String(text) => sink.scalar(Scalar::Text(text)),
        Value::Array(items) => {
            sink.open(Kind::List);
            for item in items {
                emit(item, sink);
            }
            sink.close();
        }
        Value::Object(object) => {
            sink.open(Kind::Object);
            for (key, value) in object {
                sink.key(key);
                emit(value, sink);
            }
            sink.close();
        }
    }
}

/// Makes a [`Value`].
#[derive(Default)]
pub struct Tree {
    /// What is open, the outermost first, each with its own key.
    open: Vec<(Option<String>, Value)>,
    key: Option<String>,
    done: Value,
}

impl Tree {
    pub fn finish(self) -> Value {
        self.done
    }

    fn add(&mut self, key: Option<String>, value: Value) {
        match (self.open.last_mut(), key) {
            (Some((_, Value::Object(object))), Some(key)) => {
                object.insert(key, value);
            }
            (Some((_, Value::Array(items))), _) => items.push(value),
            _ => self.done = value,
        }
    }
}

impl Sink for Tree {
    fn scalar(&mut self, scalar: Scalar<'_>) {
        let value = match scalar {
            Scalar::Null => Value::Null,
            Scalar::Bool(on) => on.into(),
            Scalar::Integer(number) => number.into(),
            Scalar::Number(number) => number.clone().into(),
            Scalar::Text(text) => text.into(),
        };
        let key = self.key.take();
        self.add(key, value);
    }

    fn open(&mut self, kind: Kind) {
        let empty = match kind {
            Kind::Object => Object::new().into(),
            Kind::List => Vec::<Value>::new().into(),
        };
        self.open.push((self.key.take(), empty));
    }

    fn key(&mut self, key: &str) {
        self.key = Some(key.to_owned());
    }

    fn close(&mut self) {
        if let Some((key, value)) = self.open.pop() {
            self.add(key, value);
        }
    }
}

/// Prints text with an indentation of two blanks, as `serde_json` does.
pub struct Printer<'w> {
    out: &'w mut dyn Write,
    buffer: Vec<u8>,
    /// What is open, and whether it holds anything yet.
    open: Vec<(Kind, bool)>,
    /// After a key no comma and no new line comes.
    after_key: bool,
    outcome: io::Result<()>,
}

const FULL: usize = 1 << 16;

impl<'w> Printer<'w> {
    pub fn new(out: &'w mut dyn Write) -> Self {
        Self { out, buffer: Vec::with_capacity(2 * FULL), open: Vec::new(), after_key: false, outcome: Ok(()) }
    }

    /// Ends the last line.
    pub fn finish(mut self) -> io::Result<()> {
        self.buffer.push(b'\n');
        self.flush();
        self.outcome
    }

    fn flush(&mut self) {
        if self.outcome.is_ok() {
            self.outcome = self.out.write_all(&self.buffer);
        }
        self.buffer.clear();
    }

    /// What stands before a key, or a value that has none.
    fn separate(&mut self) {
        if std::mem::take(&mut self.after_key) {
            return;
        }
        if let Some((_, has_any)) = self.open.last_mut() {
            if std::mem::replace(has_any, true) {
                self.buffer.push(b',');
            }
            self.new_line();
        }
    }

    fn new_line(&mut self) {
        const BLANKS: [u8; 128] = [b' '; 128];
        self.buffer.push(b'\n');
        let mut left = 2 * self.open.len();
        while left > 0 {
            let some = left.min(BLANKS.len());
            self.buffer.extend_from_slice(&BLANKS[..some]);
            left -= some;
        }
    }

    fn text(&mut self, text: &str) {
        let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        if text.bytes().all(is_plain) {
            self.buffer.push(b'"');
            self.buffer.extend_from_slice(text.as_bytes());
            self.buffer.push(b'"');
        } else {
            // Writing into memory cannot fail.
            let _ = serde_json::to_writer(&mut self.buffer, text);
        }
    }

    fn show(&mut self, value: impl std::fmt::Display) {
        let _ = write!(self.buffer, "{value}");
    }
}

impl Sink for Printer<'_> {
    fn scalar(&mut self, scalar: Scalar<'_>) {
        self.separate();
        match scalar {
            Scalar::Null => self.show("null"),
            Scalar::Bool(on) => self.show(on),
            Scalar::Integer(number) => self.show(number),
            Scalar::Number(number) => self.show(number),
            Scalar::Text(text) => self.text(text),
        }
    }

    fn open(&mut self, kind: Kind) {
        self.separate();
        self.buffer.push(if kind == Kind::Object { b'{' } else { b'[' });
        self.open.push((kind, false));
    }

    fn key(&mut self, key: &str) {
        self.separate();
        self.text(key);
        self.buffer.extend_from_slice(b": ");
        self.after_key = true;
    }

    fn close(&mut self) {
        let Some((kind, has_any)) = self.open.pop() else { return };
        if has_any {
            self.new_line();
        }
        self.buffer.push(if kind == Kind::Object { b'}' } else { b']' });
        if self.buffer.len() > FULL {
            self.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_and_trees_are_those_of_serde_json() {
        let value = json!({
            "empty": {}, "none": [], "list": [1, -2.5, "a\"b\n\u{1f600}", null, true, {"deep": [[]]}], "big": u64::MAX,
        });
        let mut tree = Tree::default();
        emit(&value, &mut tree);
        assert_eq!(tree.finish(), value);

        let mut text = Vec::new();
        let mut printer = Printer::new(&mut text);
        emit(&value, &mut printer);
        printer.finish().unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), format!("{value:#}\n"));
    }
}
