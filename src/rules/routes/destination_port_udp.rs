use crate::mesh::Mesh;
use crate::rules::Report;

use super::destination_ports::{PortProblem, port_problems};

/// The port of a destination must speak TCP.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for problem in port_problems(mesh) {
        let PortProblem::Udp(port) = problem.problem else { continue };
        let text = format!("port {} of `{}` speaks UDP, which Istio does not route", port.number, problem.host.value);
        report.at(&problem.service.meta, problem.port.at, text).related(port.at, "UDP").help("name a TCP port");
    }
}
