use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::ServiceEntry;
use crate::rules::Report;

/// A wildcard for a part of a label.
pub fn check<'m>(_: &Mesh<'m>, entry: &'m Object<'m, ServiceEntry<'m>>, report: &mut Report) {
    if entry.spec.resolution.is_some_and(|resolution| resolution.value == "DYNAMIC_DNS") {
        return;
    }
    let partial = |host: &str| host.len() > 1 && host.contains('*') && !host.starts_with("*.");
    for host in entry.spec.hosts.iter().filter(|host| partial(host.value) && !host.is_placeholder()) {
        report
            .at(&entry.meta, host.at, format!("`{}` has a wildcard for a part of a label", host.value))
            .label("Envoy matches it in HTTP, but not in server names of TLS")
            .help("write `*.` and a domain");
    }
}
