//! Envoy's commands `%…%` in the values of headers and in access logs (Envoy 1.40
//! `source/common/formatter/stream_info_formatter.cc`, `http_specific_formatter.cc`).

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use serde_json::Value;

use crate::trace::Request;

use super::record::{ClientTlsFacts, Record};
use super::tls::Certificate;
use super::{clock, grpc};

/// What commands can ask about.
#[derive(Clone, Copy)]
pub struct Facts<'f> {
    pub record: &'f Record,
    /// As far as it came.
    pub request: Option<&'f Request>,
    pub response: Option<&'f HeaderMap>,
}

/// A text with commands in it.
#[derive(Clone, Debug)]
pub struct Format(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Command(Command),
}

#[derive(Clone, Debug)]
struct Command {
    find: Find,
    argument: String,
    limit: usize,
}

/// What a command stands for. Numbers stay numbers in JSON.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<'f> {
    Text(Cow<'f, str>),
    Number(u64),
    Json(Value),
}

type Find = for<'f> fn(&Facts<'f>, &str) -> Option<Found<'f>>;

/// How what is unknown is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// In access logs.
    Dash,
    /// In headers, and where empty values are to be left out.
    Nothing,
}

impl Format {
    pub fn parse(text: &str) -> Self {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            literal.push_str(before);
            rest = after;
            if let Some(next) = after.strip_prefix('%') {
                literal.push('%');
                rest = next;
            } else if let Some((command, next)) = Command::parse(after) {
                if !literal.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Command(command));
                rest = next;
            } else {
                literal.push('%');
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Self(pieces)
    }

    pub fn write(&self, facts: &Facts<'_>, unknown: Unknown) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Command(command) => command.write(facts, unknown, &mut text),
            }
        }
        text
    }

    /// As a value of JSON: one command alone keeps its type, and is `null` if it is unknown.
    pub fn json(&self, facts: &Facts<'_>, unknown: Unknown) -> Value {
        match self.0.as_slice() {
            [Piece::Command(command)] => match (command.find)(facts, &command.argument) {
                Some(Found::Number(number)) => number.into(),
                Some(Found::Json(value)) => value,
                Some(Found::Text(text)) => cut(&text, command.limit).into(),
                None => Value::Null,
            },
            _ => self.write(facts, unknown).into(),
        }
    }
}

/// The value of a header that a route adds.
pub fn expand(text: &str, facts: &Facts<'_>) -> String {
    // Most values quote nothing.
    if !text.contains('%') {
        return text.to_owned();
    }
    Format::parse(text).write(facts, Unknown::Nothing)
}

impl Command {
    /// What follows a percent sign, up to the next one outside of brackets, and what is left after that.
    fn parse(text: &str) -> Option<(Self, &str)> {
        let name_ends =
            text.find(|letter: char| !letter.is_ascii_uppercase() && !letter.is_ascii_digit() && letter != '_')?;
        let (name, mut rest) = text.split_at(name_ends);
        let mut argument = "";
        if let Some(inner) = rest.strip_prefix('(') {
            // The bracket that ends the argument is followed by the end of the command.
            let end = inner
                .match_indices(')')
                .map(|(at, _)| at)
                .find(|at| matches!(inner.as_bytes().get(at + 1), Some(b'%' | b':')))?;
            argument = &inner[..end];
            rest = &inner[end + 1..];
        }
        let mut limit = usize::MAX;
        if let Some(digits) = rest.strip_prefix(':') {
            let end = digits.find('%')?;
            limit = digits[..end].parse().ok()?;
            rest = &digits[end..];
        }
        let rest = rest.strip_prefix('%')?;
        let find = COMMANDS.iter().find(|(own, _)| *own == name).map_or(unknown as Find, |(_, find)| *find);
        Some((Self { find, argument: argument.to_owned(), limit }, rest))
    }

    fn write(&self, facts: &Facts<'_>, unknown: Unknown, text: &mut String) {
        match (self.find)(facts, &self.argument) {
            Some(Found::Text(value)) => text.push_str(cut(&value, self.limit)),
            Some(Found::Number(number)) => text.push_str(cut(&number.to_string(), self.limit)),
            Some(Found::Json(value)) => text.push_str(cut(&value.to_string(), self.limit)),
            None if unknown == Unknown::Dash => text.push('-'),
            None => {}
        }
    }
}

fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit.min(text.len()))]
}

fn text<'f>(value: impl Into<Cow<'f, str>>) -> Option<Found<'f>> {
    Some(Found::Text(value.into()))
}

fn some_text<'f>(value: impl Into<Cow<'f, str>>) -> Option<Found<'f>> {
    let value = value.into();
    (!value.is_empty()).then_some(Found::Text(value))
}

fn milliseconds(duration: Option<Duration>) -> Option<Found<'static>> {
    Some(Found::Number(duration?.as_millis() as u64))
}

fn address(address: Option<SocketAddr>) -> Option<Found<'static>> {
    text(address?.to_string())
}

fn ip(address: Option<SocketAddr>) -> Option<Found<'static>> {
    text(address?.ip().to_string())
}

fn port(address: Option<SocketAddr>) -> Option<Found<'static>> {
    Some(Found::Number(address?.port().into()))
}

fn tls<'f>(facts: &Facts<'f>, of: impl FnOnce(&'f ClientTlsFacts) -> &'static str) -> Option<Found<'f>> {
    some_text(of(facts.record.client.tls.as_ref()?))
}

/// Of the client's certificate.
fn peer<'f, T: Into<Cow<'f, str>>>(facts: &Facts<'f>, of: impl FnOnce(&'f Certificate) -> T) -> Option<Found<'f>> {
    some_text(of(facts.record.client.tls.as_ref()?.peer.as_ref()?))
}

fn joined<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    texts.collect::<Vec<_>>().join(",")
}

fn unknown<'f>(_: &Facts<'f>, _: &str) -> Option<Found<'f>> {
    None
}

/// `NAME` or `NAME?OTHER`, of a request.
fn request_header<'f>(facts: &Facts<'f>, names: &str) -> Option<Found<'f>> {
    let request = facts.request?;
    let value = |name: &str| match name.to_ascii_lowercase().as_str() {
        ":method" => Some(Cow::Borrowed(request.method.as_str())),
        ":authority" | "host" => Some(Cow::Borrowed(request.authority.as_str())),
        ":scheme" => Some(Cow::Borrowed(request.scheme.as_str())),
        ":path" => Some(Cow::Borrowed(request.path.as_str())),
        name => request.headers.all(name).next().map(|value| String::from_utf8_lossy(value.as_bytes())),
    };
    names.split('?').find_map(|name| value(name).filter(|value| !value.is_empty())).map(Found::Text)
}

fn response_header<'f>(facts: &Facts<'f>, names: &str) -> Option<Found<'f>> {
    field(facts.response?, names)
}

fn field<'f>(map: &'f HeaderMap, names: &str) -> Option<Found<'f>> {
    let value = names.split('?').find_map(|name| map.get(name))?;
    text(String::from_utf8_lossy(value.as_bytes()))
}

fn start_time<'f>(facts: &Facts<'f>, pattern: &str) -> Option<Found<'f>> {
    time(facts.record.start, pattern)
}

fn time<'f>(time: SystemTime, pattern: &str) -> Option<Found<'f>> {
    const USUAL: &str = "%Y-%m-%dT%H:%M:%E3SZ";
    text(clock::format(time, if pattern.is_empty() { USUAL } else { pattern }))
}

fn dynamic_metadata<'f>(facts: &Facts<'f>, path: &str) -> Option<Found<'f>> {
    let mut keys = path.split(':');
    let mut value = facts.record.metadata.get(keys.next()?)?;
    for key in keys {
        value = value.get(key)?;
    }
    match value {
        Value::String(value) => text(value.clone()),
        value => Some(Found::Json(value.clone())),
    }
}

fn grpc_status<'f>(facts: &Facts<'f>, form: &str) -> Option<Found<'f>> {
    let status = |map: &HeaderMap| map.get(grpc::STATUS).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let code = status(&facts.record.trailers).or_else(|| status(facts.response?))?;
    match (form, grpc::NAMES.get(code)) {
        ("NUMBER", _) | (_, None) => Some(Found::Number(code as u64)),
        ("SNAKE_STRING", Some(name)) => text(snake(name)),
        (_, Some(name)) => text(*name),
    }
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() && name != "OK" {
            snake.push('_');
        }
        snake.push(letter.to_ascii_uppercase());
    }
    snake
}

fn path<'f>(facts: &Facts<'f>, argument: &str) -> Option<Found<'f>> {
    let request = facts.request?;
    let path = match argument.split(':').nth(1) {
        Some("PATH") => &request.path,
        _ => {
            return match request.headers.get("x-envoy-original-path") {
                Some(original) if !argument.ends_with("PATH") => text(query(original, argument)),
                _ => text(query(&request.path, argument)),
            };
        }
    };
    text(query(path, argument))
}

fn query<'p>(path: &'p str, argument: &str) -> &'p str {
    if argument.starts_with("NQ") { path.split('?').next().unwrap_or_default() } else { path }
}

/// The commands that are known. Those that Envoy also has, but that stand for nothing in this proxy, are not here: they
/// are `-`.
const COMMANDS: [(&str, Find); 64] = [
    ("ACCESS_LOG_TYPE", |_, _| text("DownstreamEnd")),
    ("BYTES_RECEIVED", |facts, _| Some(Found::Number(facts.record.received()))),
    ("BYTES_SENT", |facts, _| Some(Found::Number(facts.record.sent()))),
    ("CONNECTION_ID", |facts, _| Some(Found::Number(facts.record.client.id))),
    ("CONNECTION_TERMINATION_DETAILS", |facts, _| text(facts.record.termination.clone()?)),
    ("DOWNSTREAM_DIRECT_LOCAL_ADDRESS", |facts, _| address(Some(facts.record.client.local))),
    ("DOWNSTREAM_DIRECT_REMOTE_ADDRESS", |facts, _| address(Some(facts.record.client.direct))),
    ("DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT", |facts, _| ip(Some(facts.record.client.direct))),
    ("DOWNSTREAM_DIRECT_REMOTE_PORT", |facts, _| port(Some(facts.record.client.direct))),
    ("DOWNSTREAM_LOCAL_ADDRESS", |facts, _| address(Some(facts.record.client.local))),
    ("DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", |facts, _| ip(Some(facts.record.client.local))),
    ("DOWNSTREAM_LOCAL_PORT", |facts, _| port(Some(facts.record.client.local))),
    ("DOWNSTREAM_LOCAL_URI_SAN", |facts, _| some_text(joined(facts.record.client.tls.as_ref()?.own.as_ref()?.uris()))),
    ("DOWNSTREAM_PEER_CERT", |facts, _| peer(facts, |own| own.pem.as_str())),
    ("DOWNSTREAM_PEER_DNS_SAN", |facts, _| peer(facts, |own| joined(own.dns_names()))),
    ("DOWNSTREAM_PEER_FINGERPRINT_256", |facts, _| peer(facts, |own| own.fingerprint.as_str())),
    ("DOWNSTREAM_PEER_ISSUER", |facts, _| peer(facts, |own| own.issuer.as_str())),
    ("DOWNSTREAM_PEER_SERIAL", |facts, _| peer(facts, |own| own.serial.as_str())),
    ("DOWNSTREAM_PEER_SUBJECT", |facts, _| peer(facts, |own| own.subject.as_str())),
    ("DOWNSTREAM_PEER_URI_SAN", |facts, _| peer(facts, |own| joined(own.uris()))),
    ("DOWNSTREAM_REMOTE_ADDRESS", |facts, _| address(Some(facts.record.remote))),
    ("DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", |facts, _| ip(Some(facts.record.remote))),
    ("DOWNSTREAM_REMOTE_PORT", |facts, _| port(Some(facts.record.remote))),
    ("DOWNSTREAM_TLS_CIPHER", |facts, _| tls(facts, |tls| tls.cipher)),
    ("DOWNSTREAM_TLS_VERSION", |facts, _| tls(facts, |tls| tls.version)),
    ("DURATION", |facts, _| milliseconds(facts.record.ended)),
    ("DYNAMIC_METADATA", dynamic_metadata),
    ("EMIT_TIME", |_, pattern| time(SystemTime::now(), pattern)),
    ("ENVIRONMENT", |_, name| text(std::env::var(name).ok()?)),
    ("FILTER_CHAIN_NAME", |facts, _| some_text(facts.record.client.chain.to_string())),
    ("GRPC_STATUS", grpc_status),
    ("GRPC_STATUS_NUMBER", |facts, _| grpc_status(facts, "NUMBER")),
    ("LISTENER_NAME", |facts, _| some_text(facts.record.client.listener.to_string())),
    ("LOCAL_REPLY_BODY", |facts, _| some_text(facts.record.local_body.as_str())),
    ("METADATA", |facts, path| dynamic_metadata(facts, path.strip_prefix("DYNAMIC:")?)),
    ("PATH", path),
    ("PROTOCOL", |facts, _| text(facts.record.protocol?)),
    ("QUERY_PARAM", |facts, name| {
        let (_, value) = facts.request?.query().find(|(own, _)| *own == name)?;
        text(value)
    }),
    ("QUERY_PARAMS", |facts, _| some_text(facts.request?.path.split_once('?')?.1)),
    ("REQ", request_header),
    ("REQUESTED_SERVER_NAME", |facts, _| text(facts.record.client.server_name.as_deref()?)),
    ("REQUEST_DURATION", |facts, _| milliseconds(facts.record.request_read)),
    ("REQUEST_HEADER", request_header),
    ("REQUEST_TX_DURATION", |facts, _| milliseconds(facts.record.request_sent)),
    ("RESP", response_header),
    ("RESPONSE_CODE", |facts, _| Some(Found::Number(facts.record.status.into()))),
    ("RESPONSE_CODE_DETAILS", |facts, _| text(facts.record.details.clone()?)),
    ("RESPONSE_DURATION", |facts, _| milliseconds(facts.record.response_begun)),
    ("RESPONSE_FLAGS", |facts, _| {
        (!facts.record.flags.is_empty()).then(|| Found::Text(facts.record.flags.text().into()))
    }),
    ("RESPONSE_HEADER", response_header),
    ("RESPONSE_TRAILER", |facts, names| field(&facts.record.trailers, names)),
    ("RESPONSE_TX_DURATION", |facts, _| {
        milliseconds(Some(facts.record.ended?.saturating_sub(facts.record.response_begun?)))
    }),
    ("ROUTE_NAME", |facts, _| some_text(facts.record.route_name.as_str())),
    ("START_TIME", start_time),
    ("TRAILER", |facts, names| field(&facts.record.trailers, names)),
    ("UPSTREAM_CLUSTER", |facts, _| {
        some_text(facts.record.cluster_title.as_deref().or(facts.record.cluster.as_deref())?)
    }),
    ("UPSTREAM_CLUSTER_RAW", |facts, _| some_text(facts.record.cluster.as_deref()?)),
    ("UPSTREAM_HOST", |facts, _| address(facts.record.upstream)),
    ("UPSTREAM_LOCAL_ADDRESS", |facts, _| address(facts.record.upstream_local)),
    ("UPSTREAM_REMOTE_ADDRESS", |facts, _| address(facts.record.upstream)),
    ("UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", |facts, _| ip(facts.record.upstream)),
    ("UPSTREAM_REMOTE_PORT", |facts, _| port(facts.record.upstream)),
    ("UPSTREAM_REQUEST_ATTEMPT_COUNT", |facts, _| Some(Found::Number(facts.record.attempts.into()))),
    ("UPSTREAM_TRANSPORT_FAILURE_REASON", |facts, _| {
        some_text(facts.record.upstream_failure.as_deref()?.replace(' ', "_"))
    }),
];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::{Facts, Format, Unknown, expand};
    use crate::proxy::record::{Client, Record};
    use crate::trace::Request;

    fn record() -> Record {
        let address = "127.0.0.1:4000".parse().unwrap();
        let client = Client {
            id: 7,
            local: "127.0.0.1:80".parse().unwrap(),
            original: None,
            peer: address,
            direct: address,
            server_name: None,
            listener: "l".into(),
            chain: "".into(),
            tls: None,
        };
        let mut record = Record::new(Arc::new(client), Some("HTTP/1.1"));
        record.status = 503;
        record.flags.raise("URX");
        record.flags.raise("UF");
        record
    }

    #[test]
    fn commands_are_replaced_by_what_they_stand_for() {
        let record = record();
        let mut request = Request::get("a.test", "/path?q=1");
        request.headers.add("x-a", "value");
        let facts = Facts { record: &record, request: Some(&request), response: None };
        let table = [
            ("plain", "plain"),
            ("100%% %REQ(X-A)%", "100% value"),
            ("%REQ(x-none?:path):5%", "/path"),
            ("[%REQ(x-none)%]", "[]"),
            ("%PROTOCOL% %RESPONSE_FLAGS% %RESPONSE_CODE%", "HTTP/1.1 URX,UF 503"),
            ("%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%:%DOWNSTREAM_REMOTE_PORT%", "127.0.0.1:4000"),
            ("%PATH(NQ)% %QUERY_PARAM(q)%", "/path 1"),
            ("50%", "50%"),
        ];
        for (text, expected) in table {
            assert_eq!(expand(text, &facts), expected, "{text}");
        }
        assert_eq!(Format::parse("%UPSTREAM_HOST% %REQ(x)%").write(&facts, Unknown::Dash), "- -");
        assert_eq!(Format::parse("%RESPONSE_CODE%").json(&facts, Unknown::Dash), json!(503));
        assert_eq!(Format::parse("%UPSTREAM_HOST%").json(&facts, Unknown::Dash), json!(null));
        assert_eq!(Format::parse("<%CONNECTION_ID%>").json(&facts, Unknown::Dash), json!("<7>"));
    }

    #[test]
    fn patterns_of_times_may_have_percent_signs() {
        let mut record = record();
        record.start = std::time::UNIX_EPOCH;
        let facts = Facts { record: &record, request: None, response: None };
        assert_eq!(expand("%START_TIME(%Y/%m/%d)%!", &facts), "1970/01/01!");
        assert_eq!(expand("%START_TIME%", &facts), "1970-01-01T00:00:00.000Z");
    }
}
