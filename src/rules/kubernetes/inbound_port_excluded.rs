use crate::mesh::{InboundPort, Mesh, MutualTlsMode, Workload};
use crate::model::Str;
use crate::rules::Report;

/// Ports that traffic reaches without passing the proxy, although policies are to guard them.
pub fn check<'m>(mesh: &Mesh<'m>, workload: &Workload<'m>, report: &mut Report) {
    let annotation = |name: &str| workload.annotations.get(&format!("traffic.sidecar.istio.io/{name}")).copied();
    let (excluded, included) = (annotation("excludeInboundPorts"), annotation("includeInboundPorts"));
    if excluded.is_none() && included.is_none() {
        return;
    }
    let Some(guard) = guard(mesh, workload) else { return };
    for port in mesh.inbound_ports(workload) {
        let Some((number, at)) = open(&port, excluded, included) else { continue };
        report
            .at(workload.meta, at.at, format!("port {number} does not pass the proxy"))
            .label("no policy holds there: anyone can reach it in plain text")
            .related(guard, "this policy does not hold on that port")
            .related(port.port.at, format!("`{}` leads to it", port.service.meta().full_name()))
            .help("let the port pass the proxy");
    }
}

/// The number of the port and the annotation that leaves it out.
fn open<'m>(
    port: &InboundPort<'_, 'm>,
    excluded: Option<Str<'m>>,
    included: Option<Str<'m>>,
) -> Option<(i64, Str<'m>)> {
    let number = port.number?;
    let lists = |list: Str<'_>| list.value.split(',').any(|entry| entry.trim().parse() == Ok(number));
    let left_out = excluded.filter(|list| lists(*list));
    // An empty list of ports to include is one of none.
    let not_included = included.filter(|list| list.value.trim() != "*" && !lists(*list));
    left_out.or(not_included).map(|list| (number, list))
}

/// A policy that is to guard the workload.
fn guard(mesh: &Mesh<'_>, workload: &Workload<'_>) -> Option<crate::source::Span> {
    let authorization = mesh.authorization_policies(workload).next().map(|policy| policy.meta.at());
    authorization.or_else(|| match mesh.mutual_tls(workload, None) {
        (MutualTlsMode::Strict, Some(policy)) => Some(policy.meta.at()),
        _ => None,
    })
}
