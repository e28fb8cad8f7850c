//! What hyper passes over in the head of a request of HTTP/1.1, and Envoy does not (Envoy 1.40
//! `source/common/http/http1/codec_impl.cc`, `balsa_parser.cc`, and `source/common/http/conn_manager_impl.cc` for heads that
//! come slowly).

use std::time::Duration;

use memchr::memchr;

use crate::envoy::http_connection_manager::HttpConnectionManager;
use crate::envoy::protocol::Http1ProtocolOptions;

/// Why a message is no request, as the client and the log get to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub status: u16,
    pub reason: &'static str,
    pub body: &'static str,
    pub flag: Option<&'static str>,
    pub details: &'static str,
}

impl Wrong {
    pub const REQUEST: Self = Self::protocol(400, "Bad Request", "http1.codec_error");
    pub const TOO_LARGE: Self = Self::protocol(431, "Request Header Fields Too Large", "http1.headers_too_large");
    const TOO_MANY: Self = Self { details: "http1.too_many_headers", ..Self::TOO_LARGE };
    const BOTH: Self = Self { details: "http1.content_length_and_chunked_not_allowed", ..Self::REQUEST };
    const ENCODING: Self = Self::protocol(501, "Not Implemented", "http1.invalid_transfer_encoding");

    /// Another HTTP/1 than 1.1, or none of it.
    const OLD: Self = Self { flag: None, ..Self::protocol(426, "Upgrade Required", "low_version") };

    const fn protocol(status: u16, reason: &'static str, details: &'static str) -> Self {
        Self { status, reason, body: reason, flag: Some("DPE"), details }
    }

    const fn slow(body: &'static str, flag: Option<&'static str>, details: &'static str) -> Self {
        Self { status: 408, reason: "Request Timeout", body, flag, details }
    }
}

/// How long a head may take from its first byte, and what is said to who takes longer. `stream_idle` is in force even if
/// nothing is configured.
pub fn limit(config: &HttpConnectionManager, stream_idle: Option<Duration>) -> Option<(Duration, Wrong)> {
    let whole = config.common_http_protocol_options.as_ref().and_then(|own| own.max_stream_duration);
    let limits = [
        (config.request_headers_timeout, Wrong::slow("request header timeout", None, "request_header_timeout")),
        (config.request_timeout, Wrong::slow("request timeout", None, "request_overall_timeout")),
        (whole, Wrong::slow("downstream duration timeout", None, "max_duration_timeout")),
        (stream_idle, Wrong::slow("stream timeout", Some("SI"), "stream_idle_timeout")),
    ];
    let limits = limits.into_iter().filter_map(|(limit, wrong)| Some((limit.filter(|own| !own.is_zero())?, wrong)));
    limits.min_by_key(|(limit, _)| *limit)
}

/// What a connection takes.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    most_headers: usize,
    /// Requests may have a length although they come in chunks.
    takes_both: bool,
    takes_any_method: bool,
}

/// Methods that Envoy's parser knows.
const METHODS: [&[u8]; 34] = [
    b"ACL",
    b"BIND",
    b"CHECKOUT",
    b"CONNECT",
    b"COPY",
    b"DELETE",
    b"GET",
    b"HEAD",
    b"LINK",
    b"LOCK",
    b"MERGE",
    b"MKACTIVITY",
    b"MKCALENDAR",
    b"MKCOL",
    b"MOVE",
    b"MSEARCH",
    b"NOTIFY",
    b"OPTIONS",
    b"PATCH",
    b"POST",
    b"PROPFIND",
    b"PROPPATCH",
    b"PURGE",
    b"PUT",
    b"REBIND",
    b"REPORT",
    b"SEARCH",
    b"SOURCE",
    b"SUBSCRIBE",
    b"TRACE",
    b"UNBIND",
    b"UNLINK",
    b"UNLOCK",
    b"UNSUBSCRIBE",
];

impl Rules {
    pub fn new(options: Option<&Http1ProtocolOptions>, most_headers: usize) -> Self {
        Self {
            most_headers,
            takes_both: options.is_some_and(|own| own.allow_chunked_length),
            takes_any_method: options
                .and_then(|own| own.untyped.get("allow_custom_methods"))
                .is_some_and(|own| own == true),
        }
    }

    /// Looks at the head with which the bytes begin; `None` if it is not whole.
    pub fn judge(&self, bytes: &[u8]) -> Option<Result<(), Wrong>> {
        let mut lines = Lines(bytes);
        let mut first = lines.next()?;
        // Empty lines before a request are passed over.
        while first.is_empty() {
            first = lines.next()?;
        }
        let mut found = Found::default();
        loop {
            match lines.next()? {
                [] => return Some(self.verdict(first, &found)),
                line => found.add(line),
            }
        }
    }

    fn verdict(&self, first: &[u8], found: &Found) -> Result<(), Wrong> {
        let mut parts = first.split(|byte| *byte == b' ');
        let (method, version) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
        let is_known = self.takes_any_method || METHODS.contains(&method);
        match found {
            _ if !is_known || found.lengths > 1 => Err(Wrong::REQUEST),
            _ if found.headers > self.most_headers => Err(Wrong::TOO_MANY),
            Found { is_coded_otherwise: true, .. } => Err(Wrong::ENCODING),
            Found { is_chunked: true, lengths: 1, .. } if !self.takes_both => Err(Wrong::BOTH),
            _ if is_other_version(version) => Err(Wrong::OLD),
            _ => Ok(()),
        }
    }
}

#[derive(Default)]
struct Found {
    headers: usize,
    lengths: usize,
    is_chunked: bool,
    is_coded_otherwise: bool,
}

impl Found {
    fn add(&mut self, line: &[u8]) {
        self.headers += 1;
        match line.first() {
            Some(b'c' | b'C') if value(line, "content-length").is_some() => self.lengths += 1,
            Some(b't' | b'T') => match value(line, "transfer-encoding") {
                Some(coding) if coding.eq_ignore_ascii_case(b"chunked") => self.is_chunked = true,
                Some(_) => self.is_coded_otherwise = true,
                None => {}
            },
            _ => {}
        }
    }
}

/// Whether it is a version, but none of HTTP/1 that hyper reads.
fn is_other_version(version: &[u8]) -> bool {
    let numbers = version.strip_prefix(b"HTTP/");
    numbers.is_some_and(
        |numbers| matches!(numbers, [b'0'..=b'9', b'.', b'0'..=b'9'] if !matches!(numbers, b"1.0" | b"1.1")),
    )
}

/// The value of a header, if the line is of that name.
fn value<'l>(line: &'l [u8], name: &str) -> Option<&'l [u8]> {
    let (own, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(b":").filter(|_| own.eq_ignore_ascii_case(name.as_bytes()))?;
    Some(value.trim_ascii())
}

/// Whole lines, without their ends.
struct Lines<'b>(&'b [u8]);

impl<'b> Iterator for Lines<'b> {
    type Item = &'b [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let (line, rest) = self.0.split_at(memchr(b'\n', self.0)? + 1);
        self.0 = rest;
        let line = &line[..line.len() - 1];
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

#[cfg(test)]
mod tests {
    use super::{Rules, Wrong};

    /// What Envoy 1.40 answered when it was tried.
    #[test]
    fn heads_that_mean_two_things_are_refused() {
        let rules = Rules::new(None, 3);
        let table = [
            ("POST / HTTP/1.1\r\ncontent-length: 3\r\nTransfer-Encoding: Chunked\r\n\r\n", Some(Err(Wrong::BOTH))),
            ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n", Some(Err(Wrong::BOTH))),
            ("POST / HTTP/1.1\r\ntransfer-encoding: gzip, chunked\r\n\r\n", Some(Err(Wrong::ENCODING))),
            ("POST / HTTP/1.1\r\ntransfer-encoding: identity\r\n\r\n", Some(Err(Wrong::ENCODING))),
            ("POST / HTTP/1.1\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\n", Some(Err(Wrong::REQUEST))),
            ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", Some(Ok(()))),
            ("POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc", Some(Ok(()))),
            ("FOO / HTTP/1.1\r\nhost: a\r\n\r\n", Some(Err(Wrong::REQUEST))),
            ("GET / HTTP/1.1\r\na: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\n\r\n", Some(Err(Wrong::TOO_MANY))),
            ("\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n", Some(Ok(()))),
            ("GET / HTTP/1.2\r\nhost: a\r\n\r\n", Some(Err(Wrong::OLD))),
            ("GET / HTTP/2.0\r\nhost: a\r\n\r\n", Some(Err(Wrong::OLD))),
            ("GET / HTTP/1.0\r\nhost: a\r\n\r\n", Some(Ok(()))),
            ("GET / HTTP/two\r\nhost: a\r\n\r\n", Some(Ok(()))),
            ("GET / HTTP/1.1\r\nhost: a\r\n", None),
            ("", None),
        ];
        for (head, expected) in table {
            assert_eq!(rules.judge(head.as_bytes()), expected, "{head}");
        }
    }
}
