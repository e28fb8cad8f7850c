use crate::mesh::Mesh;
use crate::rules::Report;

/// A ServiceEntry should have ports.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for entry in mesh.resources.service_entries.iter().filter(|entry| entry.spec.ports.is_empty()) {
        let at = entry.spec.node.key_at("ports").unwrap_or(entry.meta.at());
        report
            .at(&entry.meta, at, "the ServiceEntry has no ports")
            .label("the proxies make neither listeners nor clusters for it")
            .help("add the ports that the service has");
    }
}
