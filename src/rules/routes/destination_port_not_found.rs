use crate::mesh::{Mesh, Origin};
use crate::rules::Report;
use crate::rules::words::numbers;

use super::destination_ports::{PortProblem, port_problems};

/// The port of a destination must be one of the service's.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for problem in port_problems(mesh) {
        let PortProblem::Missing(service) = problem.problem else { continue };
        let ports: Vec<_> = service.ports.iter().map(|port| port.number).collect();
        let what = match service.origin {
            Origin::Kubernetes(_) => "Service",
            Origin::Entry(_) => "ServiceEntry",
        };
        let text = format!("`{}` has no port {}", problem.host.value, problem.port.value);
        report
            .at(&problem.service.meta, problem.port.at, text)
            .label("no cluster: requests fail with `503`")
            .related(service.at, format!("the {what} has {}", numbers("port", &ports)))
            .help("name a port of the service");
    }
}
