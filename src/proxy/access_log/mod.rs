//! Access logs: lines about requests and connections that have ended, as the configuration wants them.

mod filter;
mod sink;

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::envoy::access_log::{AccessLog, FileAccessLog};
use crate::envoy::core::{DataSource, LogFormat};
use crate::envoy::{Any, Object};

use super::note::Note;
use super::record::Record;
use super::substitution::{Facts, Format, Unknown};

use filter::Filter;
use sink::Sink;

/// Envoy's own format (`source/common/formatter/substitution_formatter.cc`).
const DEFAULT: &str = "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% \
    %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \
    \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\"\n";

/// The logs of one filter chain or connection manager.
#[derive(Debug, Default)]
pub struct Logs(Vec<Log>);

#[derive(Debug)]
struct Log {
    filter: Filter,
    line: Line,
    unknown: Unknown,
    sink: Arc<Sink>,
}

#[derive(Debug)]
enum Line {
    Text(Format),
    Json(Template),
}

/// A value of JSON whose texts have commands in them.
#[derive(Debug)]
enum Template {
    Object(Vec<(String, Template)>),
    List(Vec<Template>),
    Text(Format),
    Other(Value),
}

impl Logs {
    /// What is written elsewhere than to a file is noted and left out.
    pub fn new(logs: &[AccessLog], place: &str, notes: &mut Vec<Note>) -> Self {
        let mut made = Vec::new();
        for log in logs {
            match &log.typed_config {
                Some(Any::FileAccessLog(file)) => made.extend(Log::new(log, file, place, notes)),
                Some(other) if other.type_name().contains("stream.v3.Std") => {
                    let path = if other.type_name().contains("Stdout") { "/dev/stdout" } else { "/dev/stderr" };
                    let file = FileAccessLog { path: path.to_owned(), ..Default::default() };
                    made.extend(Log::new(log, &file, place, notes));
                }
                _ => notes.push(Note::new(place, format!("the access log `{}` is not written", log.name))),
            }
        }
        Self(made)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn write(&self, record: &Record) {
        let facts = Facts { record, request: record.request.as_ref(), response: Some(&record.response) };
        for log in self.0.iter().filter(|log| log.filter.passes(record)) {
            log.sink.write(&log.line.text(&facts, log.unknown));
        }
    }
}

impl Log {
    fn new(log: &AccessLog, file: &FileAccessLog, place: &str, notes: &mut Vec<Note>) -> Option<Self> {
        let sink = match Sink::open(&file.path) {
            Ok(sink) => sink,
            Err(error) => {
                notes.push(Note::new(place, format!("the access log `{}` cannot be written: {error}", file.path)));
                return None;
            }
        };
        let format = file.log_format.as_ref();
        let line = match format.and_then(|format| format.format.as_ref()) {
            Some(LogFormat::TextFormat(text)) => Line::Text(Format::parse(text)),
            Some(LogFormat::TextFormatSource(DataSource::InlineString(text))) => Line::Text(Format::parse(text)),
            Some(LogFormat::JsonFormat(object)) => Line::Json(Template::object(object)),
            Some(LogFormat::TextFormatSource(_)) | None => Line::Text(Format::parse(DEFAULT)),
        };
        let unknown = match format.is_some_and(|format| format.omit_empty_values) {
            true => Unknown::Nothing,
            false => Unknown::Dash,
        };
        Some(Self { filter: Filter::new(log.filter.as_ref(), place, notes), line, unknown, sink })
    }
}

impl Line {
    fn text(&self, facts: &Facts<'_>, unknown: Unknown) -> String {
        match self {
            Line::Text(format) => format.write(facts, unknown),
            Line::Json(template) => {
                let value = template.value(facts, unknown).unwrap_or(Value::Object(Map::new()));
                format!("{value}\n")
            }
        }
    }
}

impl Template {
    /// Envoy sorts the keys.
    fn object(object: &Object) -> Self {
        let mut entries: Vec<_> = object.iter().map(|(key, value)| (key.clone(), Self::of(value))).collect();
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        Template::Object(entries)
    }

    fn of(value: &Value) -> Self {
        match value {
            Value::Object(object) => Self::object(object),
            Value::Array(list) => Template::List(list.iter().map(Self::of).collect()),
            Value::String(text) => Template::Text(Format::parse(text)),
            other => Template::Other(other.clone()),
        }
    }

    /// `None` for what is unknown where that is to be left out.
    fn value(&self, facts: &Facts<'_>, unknown: Unknown) -> Option<Value> {
        match self {
            Template::Object(entries) => {
                let known = entries.iter().filter_map(|(key, own)| Some((key.clone(), own.value(facts, unknown)?)));
                Some(Value::Object(known.collect()))
            }
            Template::List(items) => {
                Some(Value::Array(items.iter().filter_map(|own| own.value(facts, unknown)).collect()))
            }
            Template::Text(format) => {
                let value = format.json(facts, unknown);
                (unknown == Unknown::Dash || !value.is_null()).then_some(value)
            }
            Template::Other(value) => Some(value.clone()),
        }
    }
}
