//! The ports of services that lead to the workload of a proxy (istio 1.31
//! `pilot/pkg/serviceregistry/kube/controller/controller.go`, `GetProxyServiceTargets`).

use crate::mesh::{Protocol, ServicePort, TargetPort, Workload};
use crate::model::networking::IstioIngressListener;

use super::Context;
use super::proxy::Interception;
use super::push::{Service, compare_hosts};

/// A port of a service that leads to a port of the workload.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServiceTarget<'t> {
    pub service: &'t Service<'t>,
    pub port: &'t ServicePort<'t>,
    /// Of the workload.
    pub number: i64,
}

/// A port of the workload for which inbound traffic is configured.
#[derive(Clone, Debug)]
pub(super) struct InboundPort<'t> {
    pub number: i64,
    pub protocol: Protocol,
    /// What leads to the port. It is empty only for an `ingress` that no service knows; else the first counts.
    pub targets: Vec<ServiceTarget<'t>>,
    /// The entry of a Sidecar that declares the port. Where there is one, services do not.
    pub ingress: Option<&'t IstioIngressListener<'t>>,
}

impl<'t> InboundPort<'t> {
    /// Of the service, by which policies of ports are found; a Sidecar's entry has only one port number.
    pub fn service_port(&self) -> i64 {
        match (self.ingress, self.targets.first()) {
            (None, Some(target)) => target.port.number,
            _ => self.number,
        }
    }

    /// Of the port that decides: the entry's, or that of the first service.
    pub fn name(&self) -> &'t str {
        match (self.ingress, self.targets.first()) {
            (Some(entry), _) => entry.port.as_ref().and_then(|port| port.name).map_or("", |name| name.value),
            (None, Some(target)) => target.port.name,
            (None, None) => "",
        }
    }
}

/// Of the oldest service first. A service that leads to a port twice in the same protocol does so once.
pub(super) fn targets<'t>(context: &Context<'_, 't>) -> Vec<ServiceTarget<'t>> {
    let Context { push, proxy, .. } = context;
    let workload = push.pod(proxy.namespace, proxy.name, proxy.ip);
    let mut found = Vec::new();
    for mesh_service in push.mesh.services_selecting(proxy.namespace, &proxy.labels).filter(|it| it.is_kubernetes()) {
        for service in push.services_named(&mesh_service.host) {
            if std::ptr::eq(service.mesh, mesh_service) {
                add_ports(&mut found, service, |port| match workload {
                    Some(_) => number(port, workload),
                    // A WorkloadEntry may have ports of its own.
                    None => push.endpoint_port(service, port.name, proxy.ip).or_else(|| number(port, None)),
                });
            }
        }
    }
    found.extend(push.entry_targets(proxy.namespace, proxy.ip));
    found.sort_by(|left, right| compare_hosts(left.service, right.service));
    found
}

fn add_ports<'t>(
    found: &mut Vec<ServiceTarget<'t>>,
    service: &'t Service<'t>,
    number: impl Fn(&'t ServicePort<'t>) -> Option<i64>,
) {
    let start = found.len();
    for port in service.ports() {
        let Some(number) = number(port) else { continue };
        let same = |other: &ServiceTarget<'_>| other.number == number && other.port.protocol == port.protocol;
        if !found[start..].iter().any(same) {
            found.push(ServiceTarget { service, port, number });
        }
    }
}

fn number(port: &ServicePort<'_>, workload: Option<&Workload<'_>>) -> Option<i64> {
    match (port.target, workload) {
        (TargetPort::Number(number), _) => Some(number),
        (TargetPort::Name(_), Some(workload)) => workload.port_number(port.target),
        (TargetPort::Name(_), None) => None,
    }
}

/// The ports that get listeners, filter chains and clusters, by number: those of the `ingress` of the Sidecar if it has
/// any, else those of services, which are of no use where nothing is intercepted.
pub(super) fn inbound_ports<'t>(context: &Context<'_, 't>) -> Vec<InboundPort<'t>> {
    let targets = targets(context);
    let mut ports: Vec<InboundPort<'t>> = Vec::new();
    let ingress = context.scope.sidecar.map_or(&[][..], |sidecar| sidecar.spec.ingress.as_slice());
    for entry in ingress {
        let Some(port) = &entry.port else { continue };
        let number = port.number.map_or(0, |number| number.value);
        if ports.iter().all(|port| port.number != number) {
            ports.push(InboundPort {
                number,
                protocol: Protocol::of_name(port.protocol.map_or("", |protocol| protocol.value)),
                targets: targets.iter().filter(|target| target.number == number).copied().collect(),
                ingress: Some(entry),
            });
        }
    }
    if ingress.is_empty() && context.proxy.interception != Interception::None {
        for target in targets {
            match ports.iter_mut().find(|port| port.number == target.number) {
                Some(port) => port.targets.push(target),
                None => ports.push(InboundPort {
                    number: target.number,
                    protocol: target.port.protocol,
                    targets: vec![target],
                    ingress: None,
                }),
            }
        }
    }
    ports.sort_by_key(|port| port.number);
    ports
}
