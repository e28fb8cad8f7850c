use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::ServiceEntry;
use crate::rules::Report;

/// A ServiceEntry should not have the host of a Kubernetes Service.
pub fn check<'m>(mesh: &Mesh<'m>, entry: &'m Object<'m, ServiceEntry<'m>>, report: &mut Report) {
    for host in &entry.spec.hosts {
        let mut services = mesh.services_named(host.value).filter(|service| service.is_kubernetes());
        let Some(service) = services.next() else { continue };
        report
            .at(&entry.meta, host.at, format!("`{}` is the host of a Kubernetes Service", host.value))
            .label("routes take one of the two, clusters the other, and their endpoints are mixed")
            .related(service.at, "this Service")
            .help("give the ServiceEntry another host, or select WorkloadEntries with the Service itself");
    }
}
