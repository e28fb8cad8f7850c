//! Where the TLS settings of a DestinationRule do not fit what the workloads of its services take.

use std::borrow::Cow;

use crate::mesh::{Injection, Mesh, MutualTlsMode, Service, ServicePort, Workload, has_wildcard};
use crate::model::destination_rule::{ClientTlsSettings, DestinationRule, Subset, TrafficPolicy};
use crate::model::security::PeerAuthentication;
use crate::model::{Object, Str};

/// A `tls` of a DestinationRule that does not work.
pub struct Conflict<'m> {
    pub rule: &'m Object<'m, DestinationRule<'m>>,
    /// The `mode` of the `tls`.
    pub mode: Str<'m>,
    /// A host that cannot be reached because of it.
    pub host: Cow<'m, str>,
    pub server: Server<'m>,
    /// The workload that refuses, if the input has it.
    pub workload: Option<(crate::source::Span, String)>,
}

/// Why the server does not take what the client sends.
#[derive(Clone, Copy)]
pub enum Server<'m> {
    /// It demands mutual TLS.
    Strict(&'m Object<'m, PeerAuthentication<'m>>),
    /// It takes plain text only.
    Disabled(&'m Object<'m, PeerAuthentication<'m>>),
    /// It is not part of the mesh.
    Outside,
}

/// One `tls` and what it holds for.
struct Setting<'m> {
    subset: Option<&'m Subset<'m>>,
    mode: Str<'m>,
    policy: &'m TrafficPolicy<'m>,
    /// Of `portLevelSettings`.
    port: Option<i64>,
}

/// Every setting that conflicts, each with one host for which it does.
pub fn conflicts<'m>(mesh: &Mesh<'m>) -> Vec<Conflict<'m>> {
    let mut found = Vec::new();
    for rule in &mesh.resources.destination_rules {
        let settings = settings(&rule.spec);
        let (Some(host), false) = (rule.spec.host, settings.is_empty()) else { continue };
        let host = mesh.full_name(host.value, rule.meta.namespace);
        let services: Vec<_> = mesh.services_matching(&host).filter(|service| governs(mesh, rule, service)).collect();
        for setting in &settings {
            let conflict = match services.is_empty() && has_wildcard(&host) {
                true => unseen(mesh, &host, setting.mode).map(|server| (host.clone(), server, None)),
                false => services.iter().find_map(|service| {
                    let (server, workload) = refuses(mesh, service, setting)?;
                    Some((Cow::Owned(service.host.clone()), server, workload))
                }),
            };
            let Some((host, server, workload)) = conflict else { continue };
            found.push(Conflict { rule, mode: setting.mode, host, server, workload });
        }
    }
    found
}

fn settings<'m>(rule: &'m DestinationRule<'m>) -> Vec<Setting<'m>> {
    let mode = |tls: Option<&'m ClientTlsSettings<'m>>| tls?.mode;
    let of_policy = |(subset, policy): (Option<&'m Subset<'m>>, &'m TrafficPolicy<'m>)| {
        let own = mode(policy.tls.as_deref()).map(|mode| Setting { subset, mode, policy, port: None });
        let ports = policy.port_level_settings.iter().filter_map(move |settings| {
            let port = settings.port.as_ref()?.number?.value;
            Some(Setting { subset, mode: mode(settings.tls.as_deref())?, policy, port: Some(port) })
        });
        own.into_iter().chain(ports)
    };
    rule.policies().flat_map(of_policy).collect()
}

/// Whether the rule is the one in force for the service, as clients see it that the rule is written for.
fn governs<'m>(mesh: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, service: &Service<'m>) -> bool {
    if rule.spec.workload_selector.is_some() {
        return true;
    }
    let client = match rule.meta.namespace == mesh.settings.root_namespace {
        true => service.namespace,
        false => rule.meta.namespace,
    };
    let merged = mesh.destination_rule(client, None, service);
    merged.is_some_and(|merged| merged.rules.iter().any(|own| std::ptr::eq(*own, rule)))
}

type Refusal<'m> = (Server<'m>, Option<(crate::source::Span, String)>);

fn refuses<'m>(mesh: &Mesh<'m>, service: &Service<'m>, setting: &Setting<'m>) -> Option<Refusal<'m>> {
    if service.external {
        let own = service.selector().is_none() && setting.mode.value == "ISTIO_MUTUAL" && !service.is_kubernetes();
        return own.then_some((Server::Outside, None));
    }
    let selection = mesh.workloads_of(service);
    let workloads: Vec<_> = selection.iter().filter(|workload| in_subset(workload, setting.subset)).collect();
    if workloads.is_empty() {
        let (mode, decided) = mesh.default_mutual_tls(service.namespace);
        return decided.and_then(|decided| conflict(setting.mode, mode, decided)).map(|server| (server, None));
    }
    if setting.mode.value == "ISTIO_MUTUAL" && workloads.iter().all(|workload| mesh.opts_out(workload)) {
        let first = workloads.first()?;
        return Some((Server::Outside, Some((first.meta.at(), first.title()))));
    }
    let ports = service.ports.iter().filter(|port| holds_for(setting, port));
    let pairs = ports.flat_map(|port| workloads.iter().map(move |workload| (port, workload)));
    pairs.filter(|(_, workload)| mesh.injection(workload) != Injection::None).find_map(|(port, workload)| {
        let (mode, decided) = mesh.mutual_tls(workload, workload.port_number(port.target));
        let server = conflict(setting.mode, mode, decided?)?;
        Some((server, Some((workload.meta.at(), workload.title()))))
    })
}

fn in_subset(workload: &Workload<'_>, subset: Option<&Subset<'_>>) -> bool {
    subset.is_none_or(|subset| workload.labels.contains(&subset.labels))
}

fn holds_for(setting: &Setting<'_>, port: &ServicePort<'_>) -> bool {
    let is_own = |settings: &crate::model::destination_rule::PortTrafficPolicy<'_>| {
        settings.port.as_ref().and_then(|port| port.number).is_some_and(|number| number.value == port.number)
    };
    match setting.port {
        Some(number) => number == port.number,
        None => !setting.policy.port_level_settings.iter().any(is_own),
    }
}

fn conflict<'m>(
    client: Str<'m>,
    server: MutualTlsMode,
    decided: &'m Object<'m, PeerAuthentication<'m>>,
) -> Option<Server<'m>> {
    match (client.value, server) {
        ("DISABLE" | "SIMPLE" | "MUTUAL", MutualTlsMode::Strict) => Some(Server::Strict(decided)),
        ("ISTIO_MUTUAL", MutualTlsMode::Disable) => Some(Server::Disabled(decided)),
        _ => None,
    }
}

/// The conflict of a wildcard with what holds for its whole namespace or mesh, where the input shows no services.
fn unseen<'m>(mesh: &Mesh<'m>, host: &str, client: Str<'m>) -> Option<Server<'m>> {
    let namespace = host.strip_prefix("*.").and_then(|rest| {
        let namespace = rest.strip_suffix(mesh.settings.options.cluster_domain.as_str())?.strip_suffix(".svc.")?;
        (!namespace.contains('.')).then_some(namespace)
    });
    let (mode, decided) = match namespace {
        Some(namespace) => mesh.default_mutual_tls(namespace),
        None if host == "*.local" || host == "*" => mesh.default_mutual_tls(mesh.settings.root_namespace),
        None => return None,
    };
    conflict(client, mode, decided?)
}
