use crate::format::OutboundSni;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Names that gateways between networks make of services are legal for these gateways only.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    let sni_hosts: Vec<_> =
        service.spec.tls.iter().flat_map(|route| &route.r#match).flat_map(|request| &request.sni_hosts).collect();
    let in_mesh = service.spec.gateways.iter().any(|gateway| gateway.value == "mesh");
    let hosts = service.spec.hosts.iter().filter(|_| in_mesh || sni_hosts.is_empty());
    let sni_hosts = sni_hosts.iter().copied().filter(|_| in_mesh);
    for host in hosts.chain(sni_hosts).filter(|host| OutboundSni::parse(host.value).is_ok()) {
        report
            .at(&service.meta, host.at, format!("`{}` is a name for gateways between networks", host.value))
            .help("use the name of the service, or bind the VirtualService to a gateway only, with `tls` routes");
    }
}
