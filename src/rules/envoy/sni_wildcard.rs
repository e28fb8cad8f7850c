use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Server names of TLS are compared by whole labels.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    let matches = service.spec.tls.iter().flat_map(|route| &route.r#match);
    for host in matches.flat_map(|matched| &matched.sni_hosts) {
        if host.starts_with('*') && !host.starts_with("*.") {
            let help = match host.value {
                "*" => "name the servers, or use a `tcp` rule",
                _ => "use a wildcard for a whole label, as in `*.example.com`",
            };
            report
                .at(&service.meta, host.at, format!("Envoy cannot match server names with `{}`", host.value))
                .label("Envoy refuses the listener")
                .help(help);
        }
    }
}
