use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::ServiceEntry;
use crate::rules::Report;

/// A ServiceEntry should have ports.
pub fn check<'m>(_: &Mesh<'m>, entry: &'m Object<'m, ServiceEntry<'m>>, report: &mut Report) {
    if !entry.spec.ports.is_empty() {
        return;
    }
    let at = entry.spec.node.key_at("ports").unwrap_or(entry.meta.at());
    report
        .at(&entry.meta, at, "the ServiceEntry has no ports")
        .label("the proxies make neither listeners nor clusters for it")
        .help("add the ports that the service has");
}
