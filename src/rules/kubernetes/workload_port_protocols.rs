use crate::mesh::{Mesh, Workload};
use crate::rules::Report;

/// Services that give one port of a workload to several transports.
pub fn check(mesh: &Mesh<'_>, workload: &Workload<'_>, report: &mut Report) {
    if !is_controller(mesh, workload) {
        return;
    }
    let mut seen: Vec<(i64, &str, crate::source::Span)> = Vec::new();
    for service in mesh.services_selecting(workload.namespace, workload.labels) {
        let Some(object) = service.kubernetes() else { continue };
        for port in &object.spec.ports {
            let Some(number) = port.port else { continue };
            let other = seen.iter().find(|(own, transport, _)| *own == number.value && *transport != port.protocol());
            if let Some((_, transport, at)) = other {
                let (title, protocol) = (workload.title(), port.protocol());
                report
                    .at(
                        workload.meta,
                        workload.meta.at(),
                        format!("port {number} of `{title}` is {transport} and {protocol}", number = number.value),
                    )
                    .label("Istio has one listener for both")
                    .related(*at, format!("{transport} here"))
                    .related(number.at, format!("{protocol} here"))
                    .help("use different port numbers");
            }
            seen.push((number.value, port.protocol(), number.at));
        }
    }
}

/// Whether it makes pods with a proxy, gateways that Istio deploys aside.
pub(super) fn is_controller(mesh: &Mesh<'_>, workload: &Workload<'_>) -> bool {
    let managed = || workload.labels.get("gateway.istio.io/managed").is_some();
    workload.is_template() && !managed() && mesh.may_have_proxy(workload)
}
