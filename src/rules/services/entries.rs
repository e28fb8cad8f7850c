//! Ports of hosts that several ServiceEntries define.

use std::collections::BTreeMap;

use crate::mesh::{Mesh, Origin, Service, ServicePort};

/// One definition of a port of a host.
#[derive(Clone, Copy)]
pub(super) struct Definition<'s, 'm> {
    pub(super) service: &'s Service<'m>,
    pub(super) port: &'s ServicePort<'m>,
}

/// For every host and port number the definitions of it, where there are several that some namespace sees.
pub(super) fn repeated<'s, 'm>(mesh: &'s Mesh<'m>) -> Vec<Vec<Definition<'s, 'm>>> {
    let mut definitions: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for service in &mesh.services {
        let Origin::Entry(_) = service.origin else { continue };
        for port in &service.ports {
            let key = (service.host.to_ascii_lowercase(), port.number);
            definitions.entry(key).or_default().push(Definition { service, port });
        }
    }
    definitions.into_values().map(meeting).filter(|all| all.len() > 1).collect()
}

/// Those definitions of which a client sees another one, too.
fn meeting<'s, 'm>(all: Vec<Definition<'s, 'm>>) -> Vec<Definition<'s, 'm>> {
    let meets = |one: &Definition<'s, 'm>| {
        let others = all.iter().filter(|other| !std::ptr::eq(other.port, one.port));
        others.into_iter().any(|other| one.service.export_to.meets(&other.service.export_to))
    };
    let kept: Vec<_> = all.iter().copied().filter(meets).collect();
    kept
}
