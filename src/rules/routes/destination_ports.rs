//! What is wrong with the ports that destinations name.

use crate::mesh::{Mesh, Origin, Protocol, Service, ServicePort, TargetPort};
use crate::model::virtual_service::VirtualService;
use crate::model::{Int, Object, Str};

pub(super) struct DestinationPort<'s, 'm> {
    pub host: Str<'m>,
    pub port: Int,
    pub problem: PortProblem<'s, 'm>,
}

#[derive(Clone, Copy)]
pub(super) enum PortProblem<'s, 'm> {
    /// The service has no such port.
    Missing(&'s Service<'m>),
    /// Its pods have, behind this port.
    IsTarget(&'s ServicePort<'m>),
    Udp(&'s ServicePort<'m>),
}

/// Each destination with a port on which its service cannot be reached.
pub(super) fn port_problems<'s, 'm>(
    mesh: &'s Mesh<'m>,
    service: &'m Object<'m, VirtualService<'m>>,
) -> impl Iterator<Item = DestinationPort<'s, 'm>> {
    mesh.targets(service).into_iter().filter_map(|target| {
        let port = target.used.destination.port.as_ref().and_then(|port| port.number)?;
        // Several ServiceEntries may declare the same host, each with its ports.
        let services: Vec<_> = mesh.services_named(&target.full).collect();
        let problem = problem(mesh, &services, port.value)?;
        Some(DestinationPort { host: target.host, port, problem })
    })
}

fn problem<'s, 'm>(mesh: &Mesh<'m>, services: &[&'s Service<'m>], number: i64) -> Option<PortProblem<'s, 'm>> {
    let first = services.first()?;
    let mut same =
        services.iter().flat_map(|service| service.ports.iter().filter(|port| port.number == number)).peekable();
    if let Some(port) = same.peek().copied() {
        return same.all(|port| port.protocol == Protocol::Udp).then_some(PortProblem::Udp(port));
    }
    // What an ExternalName without ports leads to is anybody's guess.
    if services.iter().any(|service| service.ports.is_empty()) {
        return None;
    }
    let target =
        services.iter().find_map(|service| service.ports.iter().find(|port| is_target(mesh, service, port, number)));
    Some(target.map_or(PortProblem::Missing(first), PortProblem::IsTarget))
}

fn is_target(mesh: &Mesh<'_>, service: &Service<'_>, port: &ServicePort<'_>, number: i64) -> bool {
    match port.target {
        TargetPort::Number(target) => target == number,
        TargetPort::Name(_) => {
            let workloads = mesh.workloads_of(service);
            matches!(service.origin, Origin::Kubernetes(_))
                && workloads.iter().any(|workload| workload.port_number(port.target) == Some(number))
        }
    }
}
