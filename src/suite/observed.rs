//! What became of a call, as far as tests ask about it.

use std::time::Duration;

use crate::envoy::core::{HeaderAppendAction, HeaderValueOption};
use crate::envoy::route::{Action, ClusterSpecifier, RetryPolicy, Route, RouteAction};
use crate::journey::{Beyond, Leg, Role, Station, Traffic};
use crate::model::Str;
use crate::source::Span;
use crate::trace::{
    ALL, Answer, By, Closed, Decision, Fault, Headers, Outcome, Policies, Request, Routing, Step, TokenVerdict,
    Verdicts, parts_of_a_million, route_timeout,
};
use crate::translate::Part;

use super::coverage::Reached;
use super::destination::FoundDestination;

/// All that was seen of one call.
#[derive(Debug, Default)]
pub(super) struct Observed {
    /// At the first proxy, unless that is the server's.
    pub routed: Option<Routed>,
    pub fault: Option<Fault>,
    /// One for each way that a request may take.
    pub ends: Vec<End>,
    /// The policies that decided, as istiod calls them: `ns[shop]-policy[web]-rule[0]`.
    pub deciding: Vec<String>,
    pub reached: Reached,
}

/// How a way ends.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    Answer(Answer),
    Closed(Closed),
    /// No endpoint is known that could answer.
    Unreachable {
        is_http: bool,
    },
    /// The workload answers.
    Delivered,
}

/// What the proxy of the client, or the gateway, does with a call that it takes.
#[derive(Debug, Default)]
pub(super) struct Routed {
    /// Where the route is written.
    pub at: Option<Span>,
    /// `namespace/name` of the VirtualService with the hosts.
    pub virtual_service: Option<String>,
    /// Of the route.
    pub name: String,
    pub virtual_host: String,
    pub destinations: Vec<FoundDestination>,
    /// As they are sent to the destinations, in the same order; empty if none is sent.
    pub requests: Vec<Request>,
    /// Headers that responses get, by destination; those of answers of the proxy itself are the only ones.
    pub responses: Vec<Headers>,
    pub action: Option<Forwarding>,
}

/// How requests are sent on.
#[derive(Debug)]
pub(super) struct Forwarding {
    /// `None` for no limit.
    pub timeout: Option<Duration>,
    pub retry: Option<RetryPolicy>,
    /// What endpoints are chosen by; the first that the request has decides.
    pub hashes: Vec<String>,
    /// And the parts of a million that they get.
    pub mirrors: Vec<(FoundDestination, u64)>,
}

impl Observed {
    pub fn see(&mut self, leg: &Leg<'_>, traffic: &Traffic<'_>) {
        let Leg::Proxy { station, role, decision } = leg else {
            self.ends.push(End::Delivered);
            return;
        };
        self.reached.routes.extend(place(station, decision));
        self.judge(decision);
        self.reached.token_rules.extend(token_rules(station, decision, traffic));
        if *role != Role::Server && self.routed.is_none() {
            self.routed = routed(station, decision);
            let fault = decision.steps.iter().find_map(|step| match step {
                Step::Fault(fault) => Some(fault.clone()),
                _ => None,
            });
            self.fault = fault;
        }
        match &decision.outcome {
            Outcome::Answer(answer) => self.ends.push(End::Answer(answer.clone())),
            Outcome::Closed(reason) => self.ends.push(End::Closed(*reason)),
            Outcome::Forward(_) | Outcome::Connect(_) if *role == Role::Server => self.ends.push(End::Delivered),
            Outcome::Forward(_) | Outcome::Connect(_) => {
                let is_http = matches!(decision.outcome, Outcome::Forward(_));
                for target in decision.targets().iter().filter(|target| target.weight > 0) {
                    match traffic.beyond(station, decision, target) {
                        // Its own leg follows.
                        Beyond::Proxy(..) => {}
                        Beyond::Workload => self.ends.push(End::Delivered),
                        Beyond::Nothing => self.ends.push(End::Unreachable { is_http }),
                    }
                }
            }
        }
    }

    fn judge(&mut self, decision: &Decision<'_>) {
        for step in &decision.steps {
            let Step::Policies(policies) = step else { continue };
            self.deciding.extend(policies.enforced.and_then(|enforced| Some(enforced.verdict.policy?.to_owned())));
            for verdicts in policies.enforced.iter().chain(&policies.shadow) {
                self.reached.policies.extend(matching(decision, policies, verdicts));
            }
        }
    }
}

fn matching(decision: &Decision<'_>, policies: &Policies<'_>, verdicts: &Verdicts<'_>) -> Vec<String> {
    let own = verdicts.rules.policies.iter().enumerate();
    let matching = own.filter(|(index, _)| decision.mismatch(policies, verdicts, *index).is_none());
    matching.map(|(_, policy)| policy.name.clone()).collect()
}

/// The rules whose tokens a proxy takes. One that refuses a token does not say by which rule.
fn token_rules(station: &Station, decision: &Decision<'_>, traffic: &Traffic<'_>) -> Vec<Span> {
    let accepted = decision.steps.iter().filter_map(|step| match step {
        Step::Tokens(TokenVerdict::Accepted(issuers)) => Some(issuers),
        _ => None,
    });
    let issuers: Vec<_> = accepted.flatten().collect();
    if issuers.is_empty() {
        return Vec::new();
    }
    let proxy = station.spec.proxy(traffic.push);
    let policies = traffic.mesh.request_authentications_of_proxy(proxy.namespace, &proxy.labels);
    let rules = policies.into_iter().flat_map(|policy| &policy.spec.jwt_rules);
    let is_accepted = |issuer: Str<'_>| issuers.iter().any(|accepted| *accepted == issuer.value);
    rules.filter(|rule| rule.issuer.is_some_and(is_accepted)).map(|rule| rule.node.head()).collect()
}

/// Where the route, or the chain of a listener, is written that takes a call.
fn place(station: &Station, decision: &Decision<'_>) -> Option<Span> {
    match &decision.routing {
        Some(routing) => {
            let (index, _) = routing.route?;
            let virtual_host = routing.host?.host.name.clone();
            station.provenance.get(&Part::Route { configuration: routing.name.to_owned(), virtual_host, index })
        }
        None => {
            let (listener, index) = (decision.listener?.name.clone(), decision.chain.as_ref()?.index);
            station.provenance.get(&Part::Chain { listener, index })
        }
    }
}

/// `None` if no route or chain takes the call.
fn routed(station: &Station, decision: &Decision<'_>) -> Option<Routed> {
    let at = place(station, decision);
    if let Some(routing) = &decision.routing {
        return of_route(routing, decision).map(|routed| Routed { at, ..routed });
    }
    let Outcome::Connect(targets) = &decision.outcome else { return None };
    let destinations = targets.iter().map(|target| FoundDestination::new(target.name, target.share())).collect();
    Some(Routed { at, destinations, ..Routed::default() })
}

fn of_route(routing: &Routing<'_>, decision: &Decision<'_>) -> Option<Routed> {
    let host = routing.host?.host;
    let (_, route) = routing.route?;
    let action = if let Some(Action::Route(action)) = &route.action { Some(action) } else { None };
    let targets = decision.targets();
    let destinations = match action.map(destinations) {
        Some(found) if !found.is_empty() => found,
        _ => targets.iter().map(|target| FoundDestination::new(target.name, target.share())).collect(),
    };
    let retry = |action: &RouteAction| action.retry_policy.clone().or_else(|| host.retry_policy.clone());
    Some(Routed {
        at: None,
        virtual_service: virtual_service(route),
        name: route.name.clone(),
        virtual_host: host.name.clone(),
        destinations,
        requests: targets.iter().filter_map(|target| target.request.clone()).collect(),
        responses: responses(decision),
        action: action.map(|action| Forwarding {
            timeout: route_timeout(action),
            retry: retry(action),
            hashes: action.hash_policy.iter().map(ToString::to_string).collect(),
            mirrors: mirrors(action),
        }),
    })
}

/// Whether or not the clusters exist. Empty if the request itself names the cluster.
fn destinations(action: &RouteAction) -> Vec<FoundDestination> {
    match &action.cluster_specifier {
        Some(ClusterSpecifier::Cluster(name)) => vec![FoundDestination::new(name, 100.0)],
        Some(ClusterSpecifier::WeightedClusters(weighted)) => {
            let weight = |weight: Option<u32>| f64::from(weight.unwrap_or_default());
            let total: f64 = weighted.clusters.iter().map(|cluster| weight(cluster.weight)).sum();
            let share = |own: Option<u32>| weight(own) * 100.0 / total.max(1.0);
            weighted.clusters.iter().map(|own| FoundDestination::new(&own.name, share(own.weight))).collect()
        }
        _ => Vec::new(),
    }
}

fn mirrors(action: &RouteAction) -> Vec<(FoundDestination, u64)> {
    let mirrors = action.request_mirror_policies.iter().map(|mirror| {
        let part = mirror.runtime_fraction.as_ref().and_then(|fraction| fraction.default_value.as_ref());
        (FoundDestination::new(&mirror.cluster, 100.0), part.map_or(ALL, parts_of_a_million))
    });
    mirrors.collect()
}

/// `/apis/networking.istio.io/v1/namespaces/shop/virtual-service/web` is that of `shop/web`.
fn virtual_service(route: &Route) -> Option<String> {
    let path = route.metadata.as_ref()?.filter_metadata.get("istio")?.get("config")?.as_str()?;
    let mut parts = path.rsplit('/');
    let (name, kind, namespace) = (parts.next()?, parts.next()?, parts.next()?);
    (kind == "virtual-service").then(|| format!("{namespace}/{name}"))
}

fn responses(decision: &Decision<'_>) -> Vec<Headers> {
    let (added, removed) = decision.response_changes();
    let mut own = Headers::default();
    if let Outcome::Answer(Answer { by: By::NoHost | By::NoRoute | By::Authorization | By::Authentication, .. }) =
        &decision.outcome
    {
        return Vec::new();
    }
    let of_targets: Vec<_> = decision
        .targets()
        .iter()
        .map(|target| {
            let mut headers = Headers::default();
            if let Some(chosen) = target.chosen {
                let added: Vec<_> = chosen.response_headers_to_add.iter().collect();
                let removed: Vec<_> = chosen.response_headers_to_remove.iter().map(String::as_str).collect();
                change(&mut headers, &added, &removed);
            }
            change(&mut headers, &added, &removed);
            headers
        })
        .collect();
    if of_targets.is_empty() {
        change(&mut own, &added, &removed);
        return vec![own];
    }
    of_targets
}

/// What is known only when the response is there stays as it is written.
fn change(headers: &mut Headers, added: &[&HeaderValueOption], removed: &[&str]) {
    removed.iter().for_each(|name| headers.remove(name));
    for option in added {
        let Some(header) = &option.header else { continue };
        match option.append_action {
            HeaderAppendAction::OverwriteIfExistsOrAdd => headers.set(&header.key, header.value.clone()),
            HeaderAppendAction::AddIfAbsent if headers.has(&header.key) => {}
            _ => headers.add(&header.key, header.value.clone()),
        }
    }
}
