use crate::finding::Severity;
use crate::mesh::{Mesh, Workload};
use crate::model::Object;
use crate::model::virtual_service::{HttpMatchRequest, VirtualService};
use crate::rules::Report;

/// What a match says of its source must count, and be true of some client.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    let clients = gateway_workloads(mesh, service);
    for request in service.spec.http.iter().flat_map(|http| &http.r#match) {
        let fields = ["sourceLabels", "sourceNamespace"].into_iter();
        let Some((field, at)) = fields.filter_map(|field| Some((field, request.node.key_at(field)?))).next() else {
            continue;
        };
        if !request.gateways.is_empty() {
            report
                .at(&service.meta, at, format!("`{field}` is ignored beside `gateways`"))
                .related(request.node.key_at("gateways").unwrap_or(at), "makes the match hold for all clients")
                .help("remove `gateways` from the match");
        } else if clients.as_ref().is_some_and(|clients| !clients.iter().any(|client| is_source(request, client))) {
            report
                .at(&service.meta, at, format!("no gateway of this VirtualService is what `{field}` asks for"))
                .severity(Severity::Error)
                .label("the match never holds: for a gateway, the source is the gateway itself")
                .help("remove the condition, or bind the VirtualService to `mesh`");
        }
    }
}

/// The workloads of the gateways, if they are the only clients and the input shows them all.
fn gateway_workloads<'s, 'm>(
    mesh: &'s Mesh<'m>,
    service: &'m Object<'m, VirtualService<'m>>,
) -> Option<Vec<&'s Workload<'m>>> {
    if mesh.applies_to_sidecars(&service.spec) {
        return None;
    }
    let mut all = Vec::new();
    for bound in mesh.bound_gateways(service) {
        let workloads = mesh.gateway_workloads(bound.gateway.found()?);
        if workloads.is_empty() {
            return None;
        }
        all.extend(workloads.iter());
    }
    (!all.is_empty()).then_some(all)
}

fn is_source(request: &HttpMatchRequest<'_>, client: &Workload<'_>) -> bool {
    let namespace = request.source_namespace.map(|text| text.value).filter(|text| !text.is_empty());
    client.labels.contains(&request.source_labels) && namespace.is_none_or(|namespace| namespace == client.namespace)
}
