//! The same requests, sent through proxies that run: whether these do what the configuration says.

use crate::journey::Target;

use super::case::Ask;
use super::expectation::end_shown;
use super::observed::{End, Observed};

/// Proxies that run, with echoes behind them.
pub trait Live {
    /// Sends a request, and tells what came back.
    fn send(&mut self, sent: &Sent<'_>) -> Reality;
}

/// A request on its way to the first proxy.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'s> {
    /// The proxy that it starts at, or that of a workload that it starts at; a client without a proxy if `None`.
    pub from: Option<&'s str>,
    pub target: &'s Target,
    pub ask: &'s Ask,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reality {
    /// From a workload.
    Delivered(Received),
    /// From a proxy.
    Answered { status: u16, location: Option<String>, body: String },
    /// Nothing; in a word why.
    Closed(String),
    /// It could not be sent.
    Unsent(String),
}

/// What a workload got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// `namespace/name`
    pub workload: String,
    /// Of DestinationRules, that the endpoint is in.
    pub subsets: Vec<String>,
    /// Method, host and path of what is HTTP.
    pub request: Option<(String, String, String)>,
}

/// What was to come back and what did, if these differ. Of several ways that a request may take, each is right.
pub(super) fn difference(observed: &Observed, reality: &Reality) -> Option<(String, String)> {
    let holds = match reality {
        Reality::Delivered(received) => observed.ends.contains(&End::Delivered) && fits(observed, received),
        Reality::Answered { status, location, body } => {
            let is_abort = observed.fault.as_ref().and_then(|fault| fault.abort);
            is_abort.is_some_and(|(abort, _)| abort == crate::trace::Abort::Http(*status))
                || observed.ends.iter().any(|end| is_answer(end, *status, location.as_deref(), body))
        }
        Reality::Closed(_) => observed.ends.iter().any(|end| match end {
            End::Closed(_) => true,
            End::Unreachable { is_http } => !is_http,
            End::Answer(_) | End::Delivered => false,
        }),
        Reality::Unsent(_) => false,
    };
    (!holds).then(|| (expected(observed), shown(reality)))
}

fn is_answer(end: &End, status: u16, location: Option<&str>, body: &str) -> bool {
    match end {
        End::Answer(answer) => {
            // Who gets an answer without a body, as that of no route, gets none from the proxy either.
            answer.status == status && answer.location.as_deref() == location && answer.body == body
        }
        End::Unreachable { is_http: true } => status == 503,
        End::Unreachable { .. } | End::Closed(_) | End::Delivered => false,
    }
}

/// Whether a workload is one of a destination, and got the request as it is sent there.
fn fits(observed: &Observed, received: &Received) -> bool {
    let Some(routed) = &observed.routed else { return true };
    let mut destinations = routed.destinations.iter().enumerate().filter(|(_, found)| found.weight > 0.0);
    destinations.any(|(index, found)| {
        // An endpoint that is found by DNS does not know of subsets.
        let knows = !found.subset.is_empty() && !received.subsets.is_empty();
        let is_subset = !knows || received.subsets.contains(&found.subset);
        let is_request = match (routed.requests.get(index), &received.request) {
            (Some(sent), Some((method, host, path))) => {
                sent.method == *method && sent.authority == *host && sent.path == *path
            }
            _ => true,
        };
        is_subset && is_request
    })
}

fn expected(observed: &Observed) -> String {
    let mut ends: Vec<_> = observed.ends.iter().map(end_shown).collect();
    ends.dedup();
    let sent = observed.routed.as_ref().map_or(&[][..], |routed| &routed.requests);
    let sent: Vec<_> = sent.iter().map(|own| format!("{} {}{}", own.method, own.authority, own.path)).collect();
    match sent.first() {
        Some(first) if observed.ends.contains(&End::Delivered) => format!("{}, which gets {first}", ends.join(", or ")),
        _ => ends.join(", or "),
    }
}

fn shown(reality: &Reality) -> String {
    match reality {
        Reality::Delivered(Received { workload, subsets, request }) => {
            let subsets = if subsets.is_empty() { String::new() } else { format!(" (subset {})", subsets.join(", ")) };
            let request = request.as_ref().map(|(method, host, path)| format!(", which got {method} {host}{path}"));
            format!("an answer of {workload}{subsets}{}", request.unwrap_or_default())
        }
        Reality::Answered { status, location, body } => {
            let location = location.as_ref().map(|location| format!(" to `{location}`")).unwrap_or_default();
            let body = if body.is_empty() { String::new() } else { format!(", body `{body}`") };
            format!("{status}{location}{body}")
        }
        Reality::Closed(why) => format!("no answer: {why}"),
        Reality::Unsent(why) => format!("that it cannot be sent: {why}"),
    }
}
