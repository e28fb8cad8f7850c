use std::collections::BTreeSet;

use crate::mesh::{BoundGateway, Mesh};
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::{Report, words};

/// A VirtualService must be exported to where the proxies of its Gateways run.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    let export = mesh.virtual_service_export(service);
    for bound in mesh.bound_gateways(service) {
        let namespaces = proxy_namespaces(mesh, &bound);
        if namespaces.is_empty() || namespaces.iter().any(|namespace| export.sees(namespace)) {
            continue;
        }
        report_hidden(service, &bound, &namespaces, report);
    }
}

/// Where the proxies of a Gateway run, as far as the input tells.
fn proxy_namespaces<'m>(mesh: &Mesh<'m>, bound: &BoundGateway<'m>) -> BTreeSet<&'m str> {
    let Some(gateway) = bound.gateway.found().filter(|gateway| !gateway.spec.selector.is_empty()) else {
        return BTreeSet::new();
    };
    mesh.gateway_workloads(gateway).iter().map(|workload| workload.namespace).collect()
}

fn report_hidden(
    service: &Object<'_, VirtualService<'_>>,
    bound: &BoundGateway<'_>,
    namespaces: &BTreeSet<&str>,
    report: &mut Report,
) {
    let all: Vec<_> = namespaces.iter().copied().collect();
    let at = service.spec.node.key_at("exportTo").unwrap_or(bound.text.at);
    let title = format!("{}/{}", bound.namespace, bound.name);
    report
        .at(&service.meta, at, format!("the proxies of Gateway `{title}` do not see the VirtualService"))
        .label("its hosts get 404 there")
        .related(bound.text.at, format!("the proxies run in {}", words::namespaces(&all)))
        .help(format!(
            "add {} to `exportTo`: the namespace of the proxies counts, not the Gateway's",
            words::list(&all)
        ));
}
