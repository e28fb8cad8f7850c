use crate::finding::Edit;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

use super::destination_ports::{PortProblem, port_problems};

/// The port of a destination must be the service's, not the pods'.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for problem in port_problems(mesh, service) {
        let PortProblem::IsTarget(port) = problem.problem else { continue };
        let (written, number) = (problem.port.value, port.number);
        let text = format!("{written} is the target port of port {number} of `{}`", problem.host.value);
        report
            .at(&service.meta, problem.port.at, text)
            .label("no cluster: requests fail with `503`")
            .related(port.at, "the port of the service")
            .help(format!("write {number}"))
            .fix(
                format!("replace {written} by {number}"),
                vec![Edit { at: problem.port.at, text: number.to_string() }],
            );
    }
}
