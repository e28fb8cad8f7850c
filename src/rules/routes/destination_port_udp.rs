use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

use super::destination_ports::{PortProblem, port_problems};

/// The port of a destination must speak TCP.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for problem in port_problems(mesh, service) {
        let PortProblem::Udp(port) = problem.problem else { continue };
        let text = format!("port {} of `{}` speaks UDP, which Istio does not route", port.number, problem.host.value);
        report.at(&service.meta, problem.port.at, text).related(port.at, "UDP").help("name a TCP port");
    }
}
