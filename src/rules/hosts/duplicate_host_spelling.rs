use crate::mesh::Mesh;
use crate::rules::Report;

/// The hosts of a VirtualService must be different services. The same text twice is what validation refuses.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
        let namespace = service.meta.namespace;
        let hosts = &service.spec.hosts;
        for (index, host) in hosts.iter().enumerate() {
            let full = mesh.full_name(host.value, namespace);
            let same = |first: &&crate::model::Str<'_>| {
                first.value != host.value && mesh.full_name(first.value, namespace) == full
            };
            let Some(first) = hosts[..index].iter().find(same) else { continue };
            report
                .at(&service.meta, host.at, format!("`{}` is `{}` again", host.value, first.value))
                .related(first.at, "the same host")
                .help("keep one of them");
        }
    }
}
