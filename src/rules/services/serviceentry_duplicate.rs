use crate::mesh::Mesh;
use crate::rules::Report;

use super::entries::repeated;

/// ServiceEntries that define the same port of a host, with the same protocol; different ones are another rule's.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for definitions in repeated(mesh) {
        let first = definitions[0];
        if definitions.iter().any(|other| other.port.protocol != first.port.protocol) {
            continue;
        }
        for one in &definitions {
            let other = if std::ptr::eq(one.port, first.port) { definitions[1] } else { first };
            let message = format!("port {} of `{}` is defined twice", one.port.number, one.service.host);
            report
                .at(one.service.meta(), one.port.at, message)
                .related(other.port.at, format!("`{}` defines it, too", other.service.meta().full_name()))
                .help("define the port once");
        }
    }
}
