use crate::finding::Edit;
use crate::mesh::Mesh;
use crate::rules::Report;

use super::destination_ports::{PortProblem, port_problems};

/// The port of a destination must be the service's, not the pods'.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for problem in port_problems(mesh) {
        let PortProblem::IsTarget(port) = problem.problem else { continue };
        let (written, number) = (problem.port.value, port.number);
        let text = format!("{written} is the target port of port {number} of `{}`", problem.host.value);
        report
            .at(&problem.service.meta, problem.port.at, text)
            .label("no cluster: requests fail with `503`")
            .related(port.at, "the port of the service")
            .help(format!("write {number}"))
            .fix(
                format!("replace {written} by {number}"),
                vec![Edit { at: problem.port.at, text: number.to_string() }],
            );
    }
}
