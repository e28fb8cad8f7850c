use crate::finding::Severity;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;
use crate::rules::words::namespaces;

/// The proxies that use a route must see its destination.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    let clients = mesh.clients(service);
    for target in mesh.targets(service) {
        let services: Vec<_> = mesh.services_named(&target.full).collect();
        let sees = |namespace| services.iter().any(|service| service.export_to.sees(namespace));
        let blind: Vec<_> = clients.iter().map(|client| client.namespace).filter(|ns| !sees(ns)).collect();
        let [hidden, ..] = services.as_slice() else { continue };
        if blind.is_empty() {
            continue;
        }
        let text = format!("`{}` is not exported to {}", target.host.value, namespaces(&blind));
        let draft = report
            .at(&service.meta, target.host.at, text)
            .label("no cluster there: requests fail with `503`")
            .related(hidden.at, "exported to others only")
            .help("export it to the namespaces of the proxies that route to it");
        if blind.len() < clients.len() {
            draft.severity(Severity::Warning);
        }
    }
}
