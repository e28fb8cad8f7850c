//! Sessions that stay on one endpoint (Envoy 1.40 `source/extensions/http/stateful_session`).

use std::net::SocketAddr;

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::envoy::Any;
use crate::envoy::stateful_session::{Cookie, StatefulSession};
use crate::format::{decode_base64, encode_base64};
use crate::trace::Request;

/// How a session is told.
#[derive(Clone, Debug)]
pub enum Sessions {
    Cookie(Cookie),
    Header(HeaderName),
}

impl Sessions {
    pub fn new(config: &StatefulSession) -> Option<Self> {
        match config.session_state.as_ref()?.typed_config.as_ref()? {
            Any::CookieSession(own) => own.cookie.clone().map(Sessions::Cookie),
            Any::HeaderSession(own) => HeaderName::from_bytes(own.name.as_bytes()).ok().map(Sessions::Header),
            _ => None,
        }
    }

    /// The endpoint that a request belongs to.
    pub fn endpoint(&self, request: &Request) -> Option<SocketAddr> {
        let encoded = match self {
            Sessions::Cookie(cookie) => cookie_value(request, &cookie.name)?,
            Sessions::Header(name) => request.headers.get(name.as_str())?.to_owned(),
        };
        address(&decode_base64(&encoded)?)
    }

    /// Tells the client its endpoint, unless it knows it.
    pub fn tell(&self, headers: &mut HeaderMap, endpoint: SocketAddr, known: Option<SocketAddr>) {
        match self {
            Sessions::Header(name) => {
                if let Ok(value) = HeaderValue::try_from(encode_base64(endpoint.to_string().as_bytes())) {
                    headers.insert(name.clone(), value);
                }
            }
            Sessions::Cookie(cookie) if known != Some(endpoint) => {
                let value = encode_base64(endpoint.to_string().as_bytes());
                let mut text = format!("{}=\"{value}\"", cookie.name);
                if let Some(ttl) = cookie.ttl.filter(|ttl| !ttl.is_zero()) {
                    text += &format!("; Max-Age={}", ttl.as_secs());
                }
                if !cookie.path.is_empty() {
                    text += &format!("; Path={}", cookie.path);
                }
                text += "; HttpOnly";
                if let Ok(value) = HeaderValue::try_from(text) {
                    headers.append(SET_COOKIE, value);
                }
            }
            Sessions::Cookie(_) => {}
        }
    }
}

/// The address itself, or the first field of a message that holds it.
fn address(decoded: &[u8]) -> Option<SocketAddr> {
    if let Some(address) = std::str::from_utf8(decoded).ok().and_then(|text| text.parse().ok()) {
        return Some(address);
    }
    let (&[0x0a, length], rest) = decoded.split_first_chunk::<2>()? else { return None };
    std::str::from_utf8(rest.get(..usize::from(length))?).ok()?.parse().ok()
}

/// The value of a cookie, without quotes.
pub fn cookie_value(request: &Request, name: &str) -> Option<String> {
    let cookies = request.headers.all("cookie").filter_map(|value| std::str::from_utf8(value.as_bytes()).ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(own, _)| *own == name)?;
    Some(value.trim_matches('"').to_owned())
}
