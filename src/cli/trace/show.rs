//! Decisions in words, with the places in the files that they come from.

use crate::cli::render::places::{Places, line};
use crate::envoy::core::Metadata;
use crate::envoy::rbac;
use crate::envoy::route::RouteAction;
use crate::journey::{Leg, Remark, Role, Station};
use crate::mesh::Mesh;
use crate::model::security::RequestAuthentication;
use crate::model::{Meta, Object};
use crate::source::{Sources, Span};
use crate::trace::{
    ALL, Decision, Outcome, Policies, Routing, Step, Target, TokenVerdict, Tracer, Verdicts, Way, describe, effects,
};
use crate::translate::{Part, Provenance, Proxy, PushContext};

use super::report::{Destination, Ending, Hop, Line, Report};
use super::words::{
    answered, changes, cors_text, endpoint, fault_lines, outgoing, percent, response_changes, settings, taken, tokens,
};

/// More routes before the one that matches are counted, not shown.
const MOST_ROUTES: usize = 25;

/// Where resources are written.
pub(in crate::cli) struct Source<'s> {
    mesh: &'s Mesh<'s>,
    push: &'s PushContext<'s>,
    sources: &'s Sources,
    places: Places,
}

impl Report {
    /// Of a call that `send` sends, and shows each leg of.
    pub fn of(
        call: String,
        source: &Source<'_>,
        send: impl FnOnce(&mut dyn FnMut(Leg<'_>)) -> Result<Vec<Remark>, String>,
    ) -> Result<Self, String> {
        let mut hops = Vec::new();
        let remarks = send(&mut |leg| hops.push(source.leg(&leg)))?;
        let notes = remarks.into_iter().map(|remark| match remark.at {
            Some(at) => format!("{}: {}", source.place(at), remark.text),
            None => remark.text,
        });
        Ok(Self { call, notes: notes.collect(), hops })
    }
}

impl<'s> Source<'s> {
    pub fn new(mesh: &'s Mesh<'s>, push: &'s PushContext<'s>, sources: &'s Sources) -> Self {
        Self { mesh, push, sources, places: Places::new(mesh, sources) }
    }

    fn place(&self, at: Span) -> String {
        line(self.sources, at)
    }

    fn leg(&self, leg: &Leg<'_>) -> Hop {
        match leg {
            Leg::Workload(address) => Hop::without_proxy(*address),
            Leg::Proxy { station, role, decision } => self.hop(station, *role, decision),
        }
    }

    fn hop(&self, station: &Station, role: Role, decision: &Decision<'_>) -> Hop {
        let Station { spec, tracer, provenance, .. } = station;
        let (proxy, way) = (&spec.proxy(self.push), role.way());
        let mut steps: Vec<_> = (way == Way::Inbound).then(|| self.mutual_tls(proxy, decision)).into_iter().collect();
        steps.extend(self.listener(decision, provenance));
        steps.extend(decision.steps.iter().flat_map(|step| self.step(step, proxy, decision)));
        // Filters after the choice of the route are few, and read better after it.
        let at = steps.iter().position(|line| ["fault", "cors"].contains(&line.step)).unwrap_or(steps.len());
        let routing = decision.routing.as_ref().map(|routing| self.routing(routing, decision, provenance));
        steps.splice(at..at, routing.into_iter().flatten());
        if let Outcome::Forward(forward) = &decision.outcome {
            steps.extend(settings(forward));
            steps.extend(self.mirrors(forward.action, tracer));
        }
        steps.extend(response_changes(decision));
        Hop {
            proxy: spec.key.clone(),
            role: role.name(),
            address: decision.call.connection.destination,
            steps,
            result: self.ending(tracer, decision, way),
        }
    }

    fn listener(&self, decision: &Decision<'_>, provenance: &Provenance) -> Vec<Line> {
        let Some(listener) = decision.listener else { return Vec::new() };
        let mut lines = vec![Line::new("listener", listener.name.clone())];
        if let Some(inspected) = &decision.inspected {
            let mut known = vec![inspected.transport_protocol.to_owned()];
            known.extend(inspected.server_name.clone());
            known.extend(
                (!inspected.application_protocols.is_empty()).then(|| inspected.application_protocols.join(",")),
            );
            lines.push(Line::new("inspected", known.join(", ")));
        }
        let identity = decision.identity().map(|identity| Line::new("identity", identity));
        match &decision.chain {
            Some(chosen) => {
                let wants = describe(chosen.chain.filter_chain_match.as_ref());
                let name = if chosen.chain.name.is_empty() {
                    format!("#{}", chosen.index + 1)
                } else {
                    chosen.chain.name.clone()
                };
                let part = Part::Chain { listener: listener.name.clone(), index: chosen.index };
                lines.push(Line {
                    at: provenance.get(&part).map(|at| self.place(at)),
                    ..Line::new("filter chain", format!("{name}, for {wants}"))
                });
                lines.extend(identity);
            }
            None => {
                let port = u32::from(decision.call.connection.destination.port());
                let matches = listener.filter_chains.iter().filter_map(|chain| chain.filter_chain_match.as_ref());
                let of_port = |wanted: Option<u32>| matches.clone().filter(move |own| own.destination_port == wanted);
                let own: Vec<_> = of_port(Some(port)).collect();
                let candidates = if own.is_empty() { of_port(None).collect() } else { own };
                lines.extend(candidates.into_iter().map(|candidate| Line {
                    matched: Some(false),
                    ..Line::new("filter chain", format!("is for {}", describe(Some(candidate))))
                }));
            }
        }
        lines
    }

    /// What the port demands, and which resource says so.
    fn mutual_tls(&self, proxy: &Proxy<'_>, decision: &Decision<'_>) -> Line {
        let port = decision.call.connection.destination.port();
        let (mode, object) = self.mesh.mutual_tls_for(proxy.namespace, &proxy.labels, Some(i64::from(port)));
        let (resource, at) = object.map(|object| self.resource(&object.meta)).unzip();
        Line { resource, at, ..Line::new("mutual TLS", mode.name()) }
    }

    fn resource(&self, meta: &Meta<'_>) -> (String, String) {
        (format!("{} {}", meta.kind.name(), meta.full_name()), self.place(meta.at()))
    }

    /// The verdict on tokens, with the resource that knows the issuer.
    fn tokens(&self, verdict: &TokenVerdict, proxy: &Proxy<'_>, decision: &Decision<'_>) -> Line {
        let request = decision.call.request.as_ref();
        let verified = request.is_some_and(|request| request.received.is_some() && request.claims.is_none());
        let issuers = if let TokenVerdict::Accepted(issuers) = verdict { issuers.as_slice() } else { &[] };
        let objects = self.mesh.request_authentications_of_proxy(proxy.namespace, &proxy.labels);
        let known = |object: &&&Object<'_, RequestAuthentication<'_>>| {
            let mut own = object.spec.jwt_rules.iter().filter_map(|rule| rule.issuer);
            issuers.is_empty() || own.any(|issuer| issuers.iter().any(|accepted| accepted == issuer.value))
        };
        let (resource, at) = objects.iter().find(known).map(|object| self.resource(&object.meta)).unzip();
        Line { resource, at, ..Line::new("authentication", tokens(verdict, verified)) }
    }

    fn step(&self, step: &Step<'_>, proxy: &Proxy<'_>, decision: &Decision<'_>) -> Vec<Line> {
        match step {
            Step::Tokens(verdict) => vec![self.tokens(verdict, proxy, decision)],
            Step::Policies(policies) => {
                let enforced = policies.enforced.map(|verdicts| self.policies(policies, &verdicts, false, decision));
                let shadow = policies.shadow.map(|verdicts| self.policies(policies, &verdicts, true, decision));
                enforced.into_iter().chain(shadow).flatten().collect()
            }
            Step::External(external) => {
                let text = match external.asked {
                    true => format!("{} is asked, and taken to agree", external.service),
                    false => format!("{} is not asked: no policy is for the request", external.service),
                };
                vec![Line::new("external", text)]
            }
            Step::Fault(fault) => fault_lines(fault),
            Step::Cors(cors) => vec![Line::new("cors", cors_text(*cors))],
            Step::Other(name, config) => {
                let lines = effects(name, *config).into_iter();
                lines.map(|text| Line::new("filter", text)).collect()
            }
        }
    }

    /// The verdict on each policy of a filter, and what follows from all.
    fn policies(
        &self,
        policies: &Policies<'_>,
        verdicts: &Verdicts<'_>,
        dry: bool,
        decision: &Decision<'_>,
    ) -> Vec<Line> {
        let own = verdicts.rules.policies.iter().enumerate();
        let mut lines: Vec<_> = own
            .map(|(index, policy)| {
                let mismatch = decision.mismatch(policies, verdicts, index);
                let (resource, at) = self.policy(&policy.name);
                Line {
                    matched: Some(mismatch.is_none()),
                    resource,
                    at,
                    ..Line::new("policy", mismatch.unwrap_or_else(|| "matches".to_owned()))
                }
            })
            .collect();
        let (action, past) = match verdicts.rules.action {
            rbac::Action::Allow => ("ALLOW", "allowed"),
            rbac::Action::Deny => ("DENY", "denied"),
            _ => ("AUDIT", "audited"),
        };
        let any = verdicts.verdict.policy.is_some();
        let result = match (any, &verdicts.rules.action) {
            (true, _) => format!("{action}: {past}"),
            (false, rbac::Action::Allow) => format!("{action}: no policy matches, so it is denied"),
            (false, _) => format!("{action}: no policy matches"),
        };
        let dry = if dry { ", if it were not a dry run" } else { "" };
        lines.push(Line::new("authorization", format!("{result}{dry}")));
        lines
    }

    /// The AuthorizationPolicy that istiod calls so: `ns[shop]-policy[web]-rule[0]`.
    fn policy(&self, name: &str) -> (Option<String>, Option<String>) {
        let bracketed = |key: &str| {
            let start = name.find(&format!("{key}["))? + key.len() + 1;
            name[start..].split(']').next()
        };
        let (Some(namespace), Some(own)) = (bracketed("ns"), bracketed("policy")) else {
            return (Some(name.to_owned()), None);
        };
        let index = bracketed("rule").and_then(|index| index.parse::<usize>().ok());
        let policies = &self.mesh.resources.authorization_policies;
        let found = policies.iter().find(|it| it.meta.namespace == namespace && it.meta.name.value == own);
        let at = found.map(|policy| match index.and_then(|index| policy.spec.rules.get(index)) {
            Some(rule) => rule.node.head(),
            None => policy.meta.at(),
        });
        (Some(format!("AuthorizationPolicy {namespace}/{own}")), at.map(|at| self.place(at)))
    }

    fn routing(&self, routing: &Routing<'_>, decision: &Decision<'_>, provenance: &Provenance) -> Vec<Line> {
        let authority = decision.call.request.as_ref().map(|request| request.authority.as_str()).unwrap_or_default();
        let mut lines = vec![Line::new(
            "routes",
            match routing.configuration {
                Some(_) => routing.name.to_owned(),
                None => format!("there is no configuration `{}`", routing.name),
            },
        )];
        let Some(host) = routing.host else {
            let missing = Line::new("virtual host", format!("none is for `{authority}`"));
            lines.push(Line { matched: Some(false), ..missing });
            return lines;
        };
        lines.push(Line::new("virtual host", format!("{}, by domain `{}`", host.host.name, host.domain)));
        if routing.redirects {
            lines.push(Line::new("routes", "are not tried: the virtual host wants HTTPS"));
        }
        let tried = decision.tried();
        let skipped = tried.len().saturating_sub(MOST_ROUTES);
        if skipped > 0 {
            lines.push(Line { matched: Some(false), ..Line::new("route", format!("{skipped} others before")) });
        }
        for tried in tried.into_iter().skip(skipped) {
            let part = Part::Route {
                configuration: routing.name.to_owned(),
                virtual_host: host.host.name.clone(),
                index: tried.index,
            };
            let own = provenance.get(&part).map(|at| self.place(at));
            let (resource, at) = self.config_of(tried.route.metadata.as_ref());
            let mismatch = tried.mismatch;
            lines.push(Line {
                matched: Some(mismatch.is_none()),
                resource,
                at: own.or(at),
                ..Line::new("route", mismatch.unwrap_or_else(|| taken(tried.route, &decision.outcome)))
            });
        }
        lines
    }

    /// The resource that something is made from, and where it is.
    fn config_of(&self, metadata: Option<&Metadata>) -> (Option<String>, Option<String>) {
        let config = || metadata?.filter_metadata.get("istio")?.get("config")?.as_str();
        let Some(path) = config() else { return (None, None) };
        let mut parts = path.rsplit('/');
        let (name, kind, namespace) = (parts.next(), parts.next().unwrap_or_default(), parts.next());
        let kind = match kind {
            "virtual-service" => "VirtualService",
            "destination-rule" => "DestinationRule",
            other => other,
        };
        let resource = format!("{kind} {}/{}", namespace.unwrap_or_default(), name.unwrap_or_default());
        (Some(resource), self.places.of_config(path))
    }

    fn mirrors(&self, action: &RouteAction, tracer: &Tracer) -> Vec<Line> {
        let mirrors = action.request_mirror_policies.iter().map(|mirror| {
            let part = mirror.runtime_fraction.as_ref().and_then(|fraction| fraction.default_value.as_ref());
            let part = part.map_or(ALL, crate::trace::parts_of_a_million);
            let cluster = tracer.cluster(&mirror.cluster);
            let missing = if cluster.is_none() { ", which does not exist" } else { "" };
            let (resource, at) = self.config_of(cluster.and_then(|cluster| cluster.metadata.as_ref()));
            let text = format!("a copy of {}% to {}{missing}", percent(part), mirror.cluster);
            Line { resource, at, ..Line::new("mirror", text) }
        });
        mirrors.collect()
    }

    fn ending(&self, tracer: &Tracer, decision: &Decision<'_>, way: Way) -> Ending {
        match &decision.outcome {
            Outcome::Closed(closed) => Ending::Closed { reason: closed.text().to_owned() },
            Outcome::Answer(answer) => answered(answer),
            Outcome::Forward(_) | Outcome::Connect(_) => {
                let targets = decision.targets().iter().map(|target| self.destination(tracer, decision, target, way));
                Ending::Forwarded { targets: targets.collect() }
            }
        }
    }

    fn destination(&self, tracer: &Tracer, decision: &Decision<'_>, target: &Target<'_>, way: Way) -> Destination {
        let (resource, at) = self.config_of(target.cluster.and_then(|cluster| cluster.metadata.as_ref()));
        let upstreams = tracer.upstreams(decision, target);
        let is_http = matches!(decision.outcome, Outcome::Forward(_));
        let problem = match target.cluster {
            _ if target.name == "BlackHoleCluster" => Some("the connection is closed: nothing may go there"),
            None if is_http => Some("there is no such cluster: 503"),
            None => Some("there is no such cluster: the connection is closed"),
            Some(_) if way == Way::Inbound || upstreams.iter().any(|upstream| upstream.healthy) => None,
            Some(_) if is_http => Some("no endpoint is up: 503 `no healthy upstream`"),
            Some(_) => Some("no endpoint is up: the connection is closed"),
        };
        let response = target.chosen.map(|own| {
            let removed = own.response_headers_to_remove.iter().map(String::as_str);
            changes(own.response_headers_to_add.iter().collect(), removed.collect())
        });
        Destination {
            response: response.unwrap_or_default(),
            cluster: target.name.to_owned(),
            percent: target.share(),
            resource,
            at,
            request: target.request.as_ref().map(outgoing),
            endpoints: upstreams.iter().map(endpoint).collect(),
            problem,
        }
    }
}
