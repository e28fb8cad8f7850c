//! Responses that the proxy makes itself (Envoy 1.40 `source/common/http/utility.cc`, `prepareLocalReply`).

use std::borrow::Cow;
use std::fmt::Write;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::proxy::grpc;

/// A response that is made here.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub body: String,
    /// In a box, since replies stand for errors.
    pub headers: Box<HeaderMap>,
    /// `%RESPONSE_CODE_DETAILS%`
    pub details: Cow<'static, str>,
    pub flag: Option<&'static str>,
    /// For clients that speak gRPC, where it does not follow from the status.
    pub grpc_status: Option<u32>,
    /// The route says nothing about its headers, and it is no error of a call of gRPC.
    pub is_plain: bool,
    /// The connection cannot go on.
    pub closes: bool,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<String>, details: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            body: body.into(),
            headers: Box::default(),
            details: details.into(),
            flag: None,
            grpc_status: None,
            is_plain: false,
            closes: false,
        }
    }

    pub fn flagged(self, flag: &'static str) -> Self {
        Self { flag: Some(flag), ..self }
    }

    pub fn closing(self) -> Self {
        Self { closes: true, ..self }
    }

    pub fn plain(self) -> Self {
        Self { is_plain: true, ..self }
    }

    /// Status, headers and body as the client gets them, but for what is the same of all responses.
    pub fn message(&self, for_grpc: bool) -> (StatusCode, HeaderMap, String) {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut headers = HeaderMap::clone(&self.headers);
        if for_grpc && !self.is_plain {
            headers.extend(grpc::headers(self.grpc_status.unwrap_or_else(|| grpc::status_of_http(self.status))));
            if let Ok(message) = HeaderValue::try_from(percent_encoded(&self.body))
                && !message.is_empty()
            {
                headers.insert("grpc-message", message);
            }
            return (StatusCode::OK, headers, String::new());
        }
        if !self.body.is_empty() {
            headers.insert(CONTENT_LENGTH, self.body.len().into());
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("text/plain"));
        }
        (status, headers, self.body.clone())
    }
}

/// As gRPC wants texts in headers.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'%' | 0..=0x1f | 0x7f.. => {
                // Writing to a text cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
            _ => encoded.push(char::from(byte)),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::Reply;

    #[test]
    fn clients_of_grpc_are_answered_in_headers() {
        let reply = Reply::new(503, "no healthy upstream 100%", "");
        let (status, headers, body) = reply.message(true);
        assert_eq!((status.as_u16(), body.as_str()), (200, ""));
        assert_eq!(headers["grpc-status"], "14");
        assert_eq!(headers["grpc-message"], "no healthy upstream 100%25");
        let (status, headers, body) = reply.message(false);
        assert_eq!((status.as_u16(), body.len()), (503, 24));
        assert_eq!(headers["content-length"], "24");
        assert_eq!(headers["content-type"], "text/plain");
    }
}
