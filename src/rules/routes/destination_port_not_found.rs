use crate::mesh::{Mesh, Origin};
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;
use crate::rules::words::numbers;

use super::destination_ports::{PortProblem, port_problems};

/// The port of a destination must be one of the service's.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for problem in port_problems(mesh, service) {
        let PortProblem::Missing(found) = problem.problem else { continue };
        let ports: Vec<_> = found.ports.iter().map(|port| port.number).collect();
        let what = match found.origin {
            Origin::Kubernetes(_) => "Service",
            Origin::Entry(_) => "ServiceEntry",
        };
        let text = format!("`{}` has no port {}", problem.host.value, problem.port.value);
        report
            .at(&service.meta, problem.port.at, text)
            .label("no cluster: requests fail with `503`")
            .related(found.at, format!("the {what} has {}", numbers("port", &ports)))
            .help("name a port of the service");
    }
}
