use rustc_hash::FxHashSet;

use crate::mesh::Mesh;
use crate::model::Meta;
use crate::model::security::Attached;
use crate::rules::Report;
use crate::source::Span;

/// What holds for a gateway seldom holds for what is behind it.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let selected = mesh.resources.gateways.iter().map(|gateway| mesh.gateway_workloads(gateway));
    let gateways: FxHashSet<_> =
        selected.flat_map(|found| found.iter().map(|pod| pod.meta.at()).collect::<Vec<_>>()).collect();
    if gateways.is_empty() {
        return;
    }
    for policy in &mesh.resources.authorization_policies {
        check_policy(mesh, &gateways, &policy.meta, &policy.spec, report);
    }
    for policy in &mesh.resources.request_authentications {
        check_policy(mesh, &gateways, &policy.meta, &policy.spec, report);
    }
}

fn check_policy<'m>(
    mesh: &Mesh<'m>,
    gateways: &FxHashSet<Span>,
    meta: &'m Meta<'m>,
    spec: &'m impl Attached<'m>,
    report: &mut Report,
) {
    let Some(selector) = spec.selector().filter(|selector| !selector.is_empty()) else { return };
    let selection = mesh.policy_workloads(meta.namespace, Some(selector));
    let is_gateway = |at: Span| gateways.contains(&at);
    let gateway = selection.iter().find(|pod| is_gateway(pod.meta.at()));
    let other = selection.iter().find(|pod| !is_gateway(pod.meta.at()));
    let (Some(gateway), Some(other)) = (gateway, other) else { return };
    let at = meta.root.get("spec").and_then(|spec| spec.key_at("selector")).unwrap_or(meta.at());
    report
        .at(meta, at, "this selects a gateway and other workloads")
        .related(gateway.meta.at(), "the gateway")
        .related(other.meta.at(), "no gateway: its callers are those of the mesh")
        .help("write one policy for each, since hosts, callers and tokens differ between them");
}
