//! What clients get in the place of a response.

use http::HeaderValue;

use crate::proxy::http::exchange::Exchange;
use crate::proxy::http::reply::Reply;
use crate::proxy::upstream::Failure;

use super::replay::Lost;
use super::retry::Retries;

pub fn refuse(failure: &Failure, retries: &Retries) -> Reply {
    reply(failure, retries.count() > 0)
}

pub fn reply(failure: &Failure, is_retried: bool) -> Reply {
    let body = failure.body(is_retried);
    let mut reply = Reply::new(failure.status().as_u16(), body, failure.details()).flagged(failure.flag());
    if *failure == Failure::Overflow {
        reply.headers.insert("x-envoy-overloaded", HeaderValue::from_static("true"));
    }
    reply
}

/// What is said to a client whose request did not come, if that can be said.
pub fn lost(exchange: &mut Exchange<'_>, lost: Option<Lost>) -> Reply {
    if lost == Some(Lost::Gone) {
        exchange.ending.abandon();
    }
    Reply::new(400, "Bad Request", "http1.codec_error").flagged("DPE").plain().closing()
}

/// A client that has not sent all of its request is to blame itself.
pub fn unfinished(request_ended: bool, body: &'static str, details: &'static str) -> Reply {
    match request_ended {
        true => Reply::new(504, body, details),
        false => Reply::new(408, body, details).closing(),
    }
}

pub fn late(details: &'static str) -> Reply {
    Reply::new(504, "upstream request timeout", details).flagged("UT")
}
