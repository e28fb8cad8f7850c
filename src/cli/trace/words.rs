//! Single facts of decisions in words.

use std::time::Duration;

use crate::envoy::core::{HeaderAppendAction, HeaderValueOption, Locality};
use crate::envoy::route::{Action, ClusterSpecifier, RetryPolicy, Route};
use crate::trace::{ALL, Abort, Answer, By, Cors, Decision, Fault, Forward, Outcome, Request, TokenVerdict, Upstream};

use super::report::{Ending, Endpoint, Line, Outgoing};

pub(super) fn outgoing(request: &Request) -> Outgoing {
    Outgoing {
        method: request.method.clone(),
        authority: request.authority.clone(),
        path: request.path.clone(),
        headers: request.headers.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    }
}

pub(super) fn endpoint(upstream: &Upstream<'_>) -> Endpoint {
    let path = |locality: &Locality| {
        let parts = [&locality.region, &locality.zone, &locality.sub_zone];
        let known: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect();
        known.join("/")
    };
    Endpoint {
        address: upstream.address.clone(),
        priority: upstream.priority,
        locality: upstream.locality.map(path).unwrap_or_default(),
        healthy: upstream.healthy,
        tls: upstream.tls.is_some(),
    }
}

pub(super) fn answered(answer: &Answer) -> Ending {
    let reason = answer.by.text();
    Ending::Answered { status: answer.status, reason, location: answer.location.clone(), body: answer.body.clone() }
}

pub(super) fn tokens(verdict: &TokenVerdict, verified: bool) -> String {
    let how = if verified { ", verified" } else { ", taken for genuine" };
    match verdict {
        TokenVerdict::NotAsked => "no token is asked for".to_owned(),
        TokenVerdict::Missing => "no token, which is allowed".to_owned(),
        TokenVerdict::Accepted(issuers) => format!("token of `{}`{how}", issuers.join("`, `")),
        TokenVerdict::Rejected { status, reason, .. } => format!("{status}: {reason}"),
    }
}

pub(super) fn fault_lines(fault: &Fault) -> Vec<Line> {
    let delay = fault.delay.map(|(delay, part)| format!("{}% wait {}", percent(part), seconds(delay)));
    let abort = fault.abort.map(|(abort, part)| match abort {
        Abort::Http(status) => format!("{}% get status {status}", percent(part)),
        Abort::Grpc(status) => format!("{}% get gRPC status {status}", percent(part)),
    });
    delay.into_iter().chain(abort).map(|text| Line::new("fault", text)).collect()
}

pub(super) fn cors_text(cors: Cors) -> &'static str {
    match cors {
        Cors::Preflight { allowed: true } => "the preflight is answered: the origin is allowed",
        Cors::Preflight { allowed: false } => "the preflight is answered: the origin is not allowed",
        Cors::Request { allowed: true } => "the response allows the origin to read it",
        Cors::Request { allowed: false } => "the origin is not allowed; the request goes on",
    }
}

/// What the route that takes the request is called, and where it would lead if nothing came between.
pub(super) fn taken(route: &Route, outcome: &Outcome<'_>) -> String {
    let name = if route.name.is_empty() { String::new() } else { format!("`{}` ", route.name) };
    let cluster = match &route.action {
        Some(Action::Route(action)) => match &action.cluster_specifier {
            Some(ClusterSpecifier::Cluster(name)) => Some(name),
            _ => None,
        },
        _ => None,
    };
    match cluster.filter(|_| matches!(outcome, Outcome::Answer(_))) {
        Some(cluster) => format!("{name}takes the request, to `{cluster}`"),
        None => format!("{name}takes the request"),
    }
}

/// Timeout, retries and choice of endpoints.
pub(super) fn settings(forward: &Forward<'_>) -> Vec<Line> {
    let timeout = forward.timeout().map_or_else(|| "none".to_owned(), seconds);
    let mut lines = vec![Line::new("timeout", timeout), Line::new("retries", retries(forward.retry))];
    let by = |policy| Line::new("hash", format!("the endpoint is chosen by {policy}"));
    lines.extend(forward.action.hash_policy.iter().map(by));
    lines
}

pub(super) fn retries(retry: Option<&RetryPolicy>) -> String {
    let Some(retry) = retry else { return "none".to_owned() };
    let mut on = retry.retry_on.trim_start_matches(',').to_owned();
    if !retry.retriable_status_codes.is_empty() {
        let codes: Vec<_> = retry.retriable_status_codes.iter().map(u32::to_string).collect();
        on = format!("{on} ({})", codes.join(", "));
    }
    let each = retry.per_try_timeout.map(|limit| format!(", each at most {}", seconds(limit))).unwrap_or_default();
    format!("{} on {on}{each}", retry.num_retries.unwrap_or(1))
}

/// What is done to the headers of the response, if it is one of the upstream or of the route.
pub(super) fn response_changes(decision: &Decision<'_>) -> Vec<Line> {
    match &decision.outcome {
        Outcome::Forward(_) | Outcome::Answer(Answer { by: By::Redirect | By::DirectResponse, .. }) => {}
        _ => return Vec::new(),
    }
    let (added, removed) = decision.response_changes();
    changes(added, removed).into_iter().map(|text| Line::new("response", text)).collect()
}

pub(super) fn changes(added: Vec<&HeaderValueOption>, removed: Vec<&str>) -> Vec<String> {
    let added = added.into_iter().filter_map(|option| {
        let header = option.header.as_ref()?;
        let how = match option.append_action {
            HeaderAppendAction::OverwriteIfExistsOrAdd | HeaderAppendAction::OverwriteIfExists => "set",
            _ => "add",
        };
        Some(format!("{how} `{}: {}`", header.key, header.value))
    });
    removed.into_iter().map(|name| format!("remove `{name}`")).chain(added).collect()
}

pub(super) fn percent(part: u64) -> f64 {
    part as f64 * 100.0 / ALL as f64
}

pub(super) fn seconds(duration: Duration) -> String {
    format!("{}s", duration.as_secs_f64())
}
