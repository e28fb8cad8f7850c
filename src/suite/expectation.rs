//! Whether what is expected is so.

use std::time::Duration;

use serde_json::Value;

use crate::envoy::value_of;
use crate::mesh::Mesh;
use crate::trace::{ALL, Abort, Answer, By, Closed, Headers, Request};

use super::case::{Ask, Wanted};
use super::destination::{FoundDestination, WantedDestination};
use super::observed::{End, Forwarding, Observed, Routed};
use super::rule::{Rule, dropped};
use super::same::same;

/// What was found, and whether it is what is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub holds: bool,
    pub found: String,
}

impl Finding {
    fn new(holds: bool, found: impl Into<String>) -> Self {
        Self { holds, found: found.into() }
    }

    fn text(wanted: &str, found: Option<&str>, none: &str) -> Self {
        Self::new(found == Some(wanted), found.map_or_else(|| none.to_owned(), |found| format!("`{found}`")))
    }
}

pub(super) fn find(wanted: &Wanted, observed: &Observed, mesh: &Mesh<'_>, ask: &Ask) -> Finding {
    let seen = Seen { observed, mesh, random: ask.random, host: &ask.target.host };
    match wanted {
        Wanted::Destinations(wanted) => seen.destinations(wanted),
        Wanted::Status(status) => seen.answer(|answer| answer.status == *status),
        Wanted::Location(wanted) => seen.answer(|answer| answer.location.as_ref() == Some(wanted)),
        Wanted::Body(wanted) => seen.answer(|answer| answer.body == *wanted),
        Wanted::DirectResponse => seen.answer(|answer| answer.by == By::DirectResponse),
        Wanted::Redirect => seen.answer(|answer| matches!(answer.by, By::Redirect | By::HttpsRedirect)),
        Wanted::NoRoute => seen.answer(|answer| matches!(answer.by, By::NoHost | By::NoRoute)),
        Wanted::RedirectPath(wanted) => seen.redirect_path(wanted),
        Wanted::Method(wanted) => seen.request(|request| request.method == *wanted, |request| request.method.clone()),
        Wanted::Host(wanted) => seen.request(|own| own.authority == *wanted, |request| request.authority.clone()),
        Wanted::Path(wanted) => seen.request(|request| request.path == *wanted, |request| request.path.clone()),
        Wanted::RequestHeader(name, value) => {
            let header = |request: &Request| request.header(name).map(|value| value.into_owned());
            seen.request(|request| header(request) == *value, |request| shown(header(request)))
        }
        Wanted::ResponseHeader(name, value) => seen.response(name, value.as_deref()),
        Wanted::RequestMatch(test) => seen.request(|request| test.matches(request), headers_shown),
        Wanted::ResponseMatch(test) => seen.response_match(|request| test.matches(request)),
        Wanted::Timeout(wanted) => seen.forwarding(|own| {
            let found = own.timeout.map_or_else(|| "none".to_owned(), seconds);
            Finding::new(own.timeout == *wanted, found)
        }),
        Wanted::NoRetries | Wanted::Attempts(_) | Wanted::PerTryTimeout(_) | Wanted::RetryOn(_) => {
            seen.forwarding(|own| retries(wanted, own))
        }
        Wanted::NoFault
        | Wanted::Delay(_)
        | Wanted::DelayPercentage(_)
        | Wanted::AbortStatus(_)
        | Wanted::AbortGrpcStatus(_)
        | Wanted::AbortPercentage(_) => seen.fault(wanted),
        Wanted::Hash(wanted) => seen.forwarding(|own| Finding::new(own.hashes.contains(wanted), hashes_shown(own))),
        Wanted::NoHash => seen.forwarding(|own| Finding::new(own.hashes.is_empty(), hashes_shown(own))),
        Wanted::NoMirror => seen.forwarding(|own| Finding::new(own.mirrors.is_empty(), mirrors_shown(own))),
        Wanted::Mirror(destination, percentage) => seen.forwarding(|own| seen.mirror(own, destination, *percentage)),
        Wanted::Route(wanted) => seen.route(|routed| Finding::text(wanted, Some(&routed.name), "")),
        Wanted::VirtualService(wanted) => {
            seen.route(|routed| named(wanted, routed.virtual_service.as_deref(), "no VirtualService makes the route"))
        }
        Wanted::Delegate(wanted) => seen.route(|routed| {
            let rule = Rule::at(mesh, routed);
            let delegate = rule.as_ref().and_then(Rule::delegate);
            named(wanted, delegate.as_deref(), "no delegate")
        }),
        Wanted::Policy(wanted) => seen.policy(wanted),
        Wanted::Allowed(wanted) => seen.allowed(*wanted),
        Wanted::Closed(reason) => seen.closed(reason),
        Wanted::Cluster(wanted) => seen.cluster(wanted),
        Wanted::VirtualHost(wanted) => {
            let found = observed.routed.as_ref().filter(|routed| routed.action.is_some());
            let name = found.map_or("", |routed| routed.virtual_host.as_str());
            Finding::new(name == wanted, format!("`{name}`"))
        }
        Wanted::Section(section, wanted) => seen.section(section, wanted),
    }
}

/// What is looked at.
struct Seen<'s> {
    observed: &'s Observed,
    mesh: &'s Mesh<'s>,
    /// Chooses one of the destinations that share the traffic.
    random: Option<u64>,
    /// That was asked for.
    host: &'s str,
}

impl<'s> Seen<'s> {
    fn route(&self, look: impl FnOnce(&'s Routed) -> Finding) -> Finding {
        match &self.observed.routed {
            Some(routed) => look(routed),
            None => Finding::new(false, self.ends_shown()),
        }
    }

    fn forwarding(&self, look: impl FnOnce(&'s Forwarding) -> Finding) -> Finding {
        self.route(|routed| match &routed.action {
            Some(action) => look(action),
            None => Finding::new(false, self.ends_shown()),
        })
    }

    fn ends_shown(&self) -> String {
        let mut shown: Vec<_> = self.observed.ends.iter().map(end_shown).collect();
        shown.dedup();
        if shown.is_empty() { "it leads nowhere".to_owned() } else { shown.join(", or ") }
    }

    fn destinations(&self, wanted: &[WantedDestination]) -> Finding {
        self.route(|routed| {
            let domain = &self.mesh.settings.options.cluster_domain;
            let found: Vec<_> = routed.destinations.iter().filter(|found| found.weight > 0.0).collect();
            let is_known = |found: &&FoundDestination| wanted.iter().any(|wanted| wanted.is(found, domain));
            let is_there =
                |wanted: &WantedDestination| routed.destinations.iter().any(|found| wanted.is(found, domain));
            // A single one with a weight may have others beside it.
            let is_part = matches!(wanted, [WantedDestination { weight: Some(_), .. }]);
            let holds = !found.is_empty() && wanted.iter().all(is_there) && (is_part || found.iter().all(is_known));
            let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
            Finding::new(holds, if shown.is_empty() { self.ends_shown() } else { shown.join(", ") })
        })
    }

    /// The one that the random number of the test chooses, else the first.
    fn picked(&self, routed: &Routed) -> usize {
        let total: f64 = routed.destinations.iter().map(|found| found.weight).sum();
        let mut left = self.random.unwrap_or_default() as f64 % total.round().max(1.0);
        let position = routed.destinations.iter().position(|found| {
            let is_it = left < found.weight;
            left -= found.weight;
            is_it
        });
        position.unwrap_or_default()
    }

    fn cluster(&self, wanted: &str) -> Finding {
        let routed = self.observed.routed.as_ref();
        let found = routed.and_then(|routed| routed.destinations.get(self.picked(routed)));
        let name = found.map_or("", |found| found.cluster.as_str());
        Finding::new(name == wanted, format!("`{name}`"))
    }

    /// Whether all ways end with an answer of the proxies that `fits`.
    fn answer(&self, fits: impl Fn(&Answer) -> bool) -> Finding {
        let fits = |end: &End| match end {
            End::Answer(answer) => fits(answer),
            End::Unreachable { is_http: true } => fits(&Answer::new(503, "no healthy upstream", By::NoCluster)),
            End::Closed(_) | End::Unreachable { .. } | End::Delivered => false,
        };
        let ends = &self.observed.ends;
        Finding::new(!ends.is_empty() && ends.iter().all(fits), self.ends_shown())
    }

    fn redirect_path(&self, wanted: &str) -> Finding {
        let location = self.observed.ends.iter().find_map(|end| match end {
            End::Answer(answer) => answer.location.as_deref(),
            _ => None,
        });
        Finding::new(location.unwrap_or_default() == wanted, format!("`{}`", location.unwrap_or_default()))
    }

    fn request(&self, fits: impl Fn(&Request) -> bool, show: impl Fn(&Request) -> String) -> Finding {
        self.route(|routed| {
            let requests: Vec<_> = match self.random {
                Some(_) => routed.requests.get(self.picked(routed)).into_iter().collect(),
                None => routed.requests.iter().collect(),
            };
            let mut shown: Vec<_> = requests.iter().map(|request| show(request)).collect();
            shown.dedup();
            let holds = !requests.is_empty() && requests.into_iter().all(fits);
            let found = if shown.is_empty() { self.ends_shown() } else { format!("`{}`", shown.join("` or `")) };
            Finding::new(holds, found)
        })
    }

    fn response(&self, name: &str, wanted: Option<&str>) -> Finding {
        self.route(|routed| {
            let values: Vec<_> = routed.responses.iter().map(|headers| headers.get(name)).collect();
            let holds = !values.is_empty() && values.iter().all(|value| *value == wanted);
            let mut shown: Vec<_> = values.iter().map(|value| shown(value.map(str::to_owned))).collect();
            shown.dedup();
            Finding::new(
                holds,
                if shown.is_empty() { self.ends_shown() } else { format!("`{}`", shown.join("` or `")) },
            )
        })
    }

    fn response_match(&self, fits: impl Fn(&Request) -> bool) -> Finding {
        self.route(|routed| {
            let as_request = |headers: &Headers| Request { headers: headers.clone(), ..Request::get("", "") };
            let responses: Vec<_> = routed.responses.iter().map(as_request).collect();
            let found = responses.first().map(headers_shown).unwrap_or_default();
            Finding::new(!responses.is_empty() && responses.iter().all(fits), found)
        })
    }

    fn fault(&self, wanted: &Wanted) -> Finding {
        let fault = self.observed.fault.as_ref();
        let (delay, abort) = (fault.and_then(|fault| fault.delay), fault.and_then(|fault| fault.abort));
        let is_part = |wanted: f64, part: u64| (percent(part) - wanted).abs() < 1e-4;
        let holds = match wanted {
            Wanted::Delay(wanted) => delay.is_some_and(|(found, _)| found == *wanted),
            Wanted::DelayPercentage(wanted) => delay.is_some_and(|(_, part)| is_part(*wanted, part)),
            Wanted::AbortStatus(wanted) => abort.is_some_and(|(found, _)| found == Abort::Http(*wanted)),
            Wanted::AbortGrpcStatus(wanted) => abort.is_some_and(|(found, _)| found == Abort::Grpc(*wanted)),
            Wanted::AbortPercentage(wanted) => abort.is_some_and(|(_, part)| is_part(*wanted, part)),
            _ => fault.is_none(),
        };
        let delay = delay.map(|(delay, part)| format!("{}% wait {}", percent(part), seconds(delay)));
        let abort = abort.map(|(abort, part)| match abort {
            Abort::Http(status) => format!("{}% get status {status}", percent(part)),
            Abort::Grpc(status) => format!("{}% get gRPC status {status}", percent(part)),
        });
        let shown: Vec<_> = delay.into_iter().chain(abort).collect();
        Finding::new(holds, if shown.is_empty() { "no fault".to_owned() } else { shown.join(", ") })
    }

    fn mirror(&self, own: &Forwarding, wanted: &WantedDestination, percentage: Option<f64>) -> Finding {
        let domain = &self.mesh.settings.options.cluster_domain;
        let is_it = |(found, part): &(FoundDestination, u64)| {
            wanted.is(found, domain) && percentage.is_none_or(|wanted| (percent(*part) - wanted).abs() < 1e-4)
        };
        Finding::new(own.mirrors.iter().any(is_it), mirrors_shown(own))
    }

    fn policy(&self, wanted: &str) -> Finding {
        let names: Vec<_> = self.observed.deciding.iter().filter_map(|name| policy_name(name)).collect();
        let found = if names.is_empty() { "no policy matches".to_owned() } else { format!("`{}`", names.join("`, `")) };
        Finding::new(names.iter().any(|name| is_named(wanted, name)), found)
    }

    fn allowed(&self, wanted: bool) -> Finding {
        let is_denied = |end: &End| {
            let by = if let End::Answer(answer) = end { Some(answer.by) } else { None };
            matches!(by, Some(By::Authorization | By::Authentication)) || *end == End::Closed(Closed::Denied)
        };
        let ends = &self.observed.ends;
        let holds = match wanted {
            true => ends.iter().all(|end| *end == End::Delivered),
            false => ends.iter().all(is_denied),
        };
        Finding::new(!ends.is_empty() && holds, self.ends_shown())
    }

    fn closed(&self, reason: &str) -> Finding {
        let is_closed = |end: &End| match end {
            End::Closed(closed) => closed.text().contains(reason),
            End::Unreachable { is_http } => !is_http && reason.is_empty(),
            End::Answer(_) | End::Delivered => false,
        };
        let ends = &self.observed.ends;
        Finding::new(!ends.is_empty() && ends.iter().all(is_closed), self.ends_shown())
    }

    /// As the rule has it that takes the request; of a delegated route, the delegate's.
    fn section(&self, section: &str, wanted: &Value) -> Finding {
        let rule = self.observed.routed.as_ref().and_then(|routed| Rule::at(self.mesh, routed));
        let Some(rule) = rule else {
            let dropped = dropped(self.mesh, self.host).map(|dropped| format!(": {dropped}")).unwrap_or_default();
            return Finding::new(false, format!("no rule of a VirtualService takes the request{dropped}"));
        };
        let node = match section {
            "delegate" => rule.delegating.and_then(|rule| rule.node.get("delegate")),
            _ => rule.rule.node.get(section),
        };
        let found = node.map_or(Value::Null, value_of);
        Finding::new(same(&found, wanted), if found.is_null() { "none".to_owned() } else { found.to_string() })
    }
}

/// `shop/web` of what istiod calls `ns[shop]-policy[web]-rule[0]`.
pub(super) fn policy_name(name: &str) -> Option<String> {
    Some(format!("{}/{}", bracketed(name, "ns")?, bracketed(name, "policy")?))
}

pub(super) fn bracketed<'n>(name: &'n str, key: &str) -> Option<&'n str> {
    let start = name.find(&format!("{key}["))? + key.len() + 1;
    name[start..].split(']').next()
}

/// Names may leave out the namespace.
fn is_named(wanted: &str, found: &str) -> bool {
    wanted == found || (!wanted.contains('/') && found.split('/').nth(1) == Some(wanted))
}

fn named(wanted: &str, found: Option<&str>, none: &str) -> Finding {
    let holds = found.is_some_and(|found| is_named(wanted, found));
    Finding::new(holds, found.map_or_else(|| none.to_owned(), |found| format!("`{found}`")))
}

fn retries(wanted: &Wanted, own: &Forwarding) -> Finding {
    let attempts = own.retry.as_ref().map_or(0, |retry| retry.num_retries.unwrap_or(1));
    let limit = own.retry.as_ref().and_then(|retry| retry.per_try_timeout);
    let on = own.retry.as_ref().map_or("", |retry| retry.retry_on.trim_start_matches(','));
    let holds = match wanted {
        Wanted::Attempts(wanted) => attempts == *wanted,
        Wanted::PerTryTimeout(wanted) => limit == Some(*wanted),
        Wanted::RetryOn(wanted) => sorted(on) == sorted(wanted),
        _ => attempts == 0,
    };
    let each = limit.map(|limit| format!(", each at most {}", seconds(limit))).unwrap_or_default();
    Finding::new(holds, if attempts == 0 { "none".to_owned() } else { format!("{attempts} on {on}{each}") })
}

/// The order of conditions does not matter.
fn sorted(conditions: &str) -> Vec<&str> {
    let mut conditions: Vec<_> = conditions.split(',').map(str::trim).collect();
    conditions.sort_unstable();
    conditions
}

fn hashes_shown(own: &Forwarding) -> String {
    if own.hashes.is_empty() { "none".to_owned() } else { own.hashes.join(", then ") }
}

fn mirrors_shown(own: &Forwarding) -> String {
    let shown: Vec<_> = own.mirrors.iter().map(|(found, part)| format!("{}% to {found}", percent(*part))).collect();
    if shown.is_empty() { "no mirror".to_owned() } else { shown.join(", ") }
}

pub(super) fn end_shown(end: &End) -> String {
    match end {
        End::Answer(answer) => {
            let location = answer.location.as_ref().map(|location| format!(" to `{location}`")).unwrap_or_default();
            let body = if answer.body.is_empty() { String::new() } else { format!(", body `{}`", answer.body) };
            format!("{}{location}{body}: {}", answer.status, answer.by.text())
        }
        End::Closed(reason) => format!("closed: {}", reason.text()),
        End::Unreachable { is_http: true } => "503, body `no healthy upstream`: no endpoint is up".to_owned(),
        End::Unreachable { is_http: false } => "closed: no endpoint is up".to_owned(),
        End::Delivered => "the workload answers".to_owned(),
    }
}

fn headers_shown(request: &Request) -> String {
    let shown: Vec<_> = request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    shown.join("; ")
}

fn shown(value: Option<String>) -> String {
    value.unwrap_or_else(|| "(absent)".to_owned())
}

fn percent(part: u64) -> f64 {
    part as f64 * 100.0 / ALL as f64
}

fn seconds(duration: Duration) -> String {
    format!("{}s", duration.as_secs_f64())
}
