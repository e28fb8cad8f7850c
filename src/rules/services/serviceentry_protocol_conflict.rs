use std::collections::BTreeMap;

use crate::mesh::Mesh;
use crate::rules::Report;

use super::entries::repeated;

/// ServiceEntries that name different protocols for a port of a host.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    // Each ServiceEntry is reported once.
    let mut conflicts = BTreeMap::new();
    for definitions in repeated(mesh) {
        for one in &definitions {
            let other = definitions.iter().find(|other| other.port.protocol != one.port.protocol);
            if let Some(other) = other {
                conflicts.entry(one.service.meta().at()).or_insert((*one, *other));
            }
        }
    }
    for (one, other) in conflicts.into_values() {
        let meta = one.service.meta();
        let message = format!(
            "`{}` has another protocol for port {} of `{}`",
            other.service.meta().full_name(),
            one.port.number,
            one.service.host
        );
        report
            .at(meta, meta.at(), message)
            .label("which of them counts depends on their age")
            .related(one.port.at, format!("{:?} here", one.port.protocol))
            .related(other.port.at, format!("{:?} there", other.port.protocol))
            .help("agree on the protocol, or define the port once");
    }
}
