use std::borrow::Cow;

use rustc_hash::FxHashMap;

use crate::mesh::{Mesh, Service};
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// A node port leads past all proxies of clients: what comes in that way does not follow the VirtualService.
pub fn check<'m>(mesh: &Mesh<'m>, report: &mut Report) {
    let mut routed = None;
    for service in &mesh.services {
        let Some(kubernetes) = service.kubernetes() else { continue };
        let kind = kubernetes.spec.r#type.filter(|kind| ["NodePort", "LoadBalancer"].contains(&kind.value));
        let Some(kind) = kind else { continue };
        let routed = routed.get_or_insert_with(|| routed_hosts(mesh));
        let Some(routes) = routed.get(service.host.as_str()) else { continue };
        if is_gateway(mesh, service) {
            continue;
        }
        let name = routes.meta.name.value;
        report
            .at(&kubernetes.meta, kind.at, format!("requests from outside pass by the routes of `{name}`"))
            .label("what comes in here goes straight to the pods")
            .related(routes.meta.at(), "these routes are followed by proxies of clients and by gateways only")
            .help("let requests in through a Gateway, and make this Service `ClusterIP`");
    }
}

/// The hosts that VirtualServices are for or lead to, each with the first of them.
fn routed_hosts<'m>(mesh: &Mesh<'m>) -> FxHashMap<Cow<'m, str>, &'m Object<'m, VirtualService<'m>>> {
    let mut routed = FxHashMap::default();
    for service in &mesh.resources.virtual_services {
        let hosts = service.spec.hosts.iter().map(|host| mesh.full_name(host.value, service.meta.namespace));
        for host in hosts.chain(mesh.targets(service).into_iter().map(|target| target.full)) {
            routed.entry(host).or_insert(service);
        }
    }
    routed
}

/// Whether traffic is meant to come in here: some Gateway configures what the Service selects.
fn is_gateway<'m>(mesh: &Mesh<'m>, service: &Service<'m>) -> bool {
    let Some(selector) = service.selector() else { return false };
    let workloads = mesh.workloads_of(service);
    selector.text("istio").is_some()
        || mesh
            .resources
            .gateways
            .iter()
            .map(|gateway| &gateway.spec.selector)
            .any(|own| selector.contains(own) || workloads.iter().any(|workload| workload.labels.contains(own)))
}
