use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::{Destination, VirtualService};
use crate::rules::Report;

/// A mirror must be another destination.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    let key = |destination: &Destination<'m>| {
        let host = destination.host.map(|host| mesh.full_name(host.value, service.meta.namespace));
        let port = destination.port.as_ref().and_then(|port| port.number).map(|number| number.value);
        (host, destination.subset.map_or("", |subset| subset.value), port)
    };
    for route in &service.spec.http {
        for used in route.destinations().filter(|used| used.mirror) {
            let mut routed = route.destinations().filter(|routed| !routed.mirror);
            let same = routed.find(|routed| key(routed.destination) == key(used.destination));
            let (Some(same), Some(host)) = (same, used.destination.host) else { continue };
            report
                .at(&service.meta, host.at, format!("`{}` gets mirrored requests twice", host.value))
                .related(same.destination.node.head(), "the destination")
                .help("mirror to another subset or service");
        }
    }
}
