use crate::mesh::Mesh;
use crate::model::Meta;
use crate::model::security::Attached;
use crate::rules::Report;

const GATEWAY: &str = "gateway.networking.k8s.io/gateway-name";

/// Policies that choose gateways of Gateway API by labels of their pods.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let resources = mesh.resources;
    macro_rules! check_all {
        ($( $list:ident ),*) => { $( for object in &resources.$list {
            check_policy(mesh, report, &object.meta, &object.spec);
        } )* };
    }
    check_all!(authorization_policies, request_authentications, telemetries, wasm_plugins);
}

fn check_policy<'m>(mesh: &Mesh<'m>, report: &mut Report, meta: &'m Meta<'m>, spec: &'m impl Attached<'m>) {
    let (Some(selector), true) = (spec.selector(), spec.targets().is_empty()) else { return };
    let selection = mesh.select(meta.namespace, selector);
    let pod = selection.iter().find(|workload| mesh.is_k8s_gateway(workload));
    let name = pod.map_or(selector.text(GATEWAY), |pod| pod.labels.text(GATEWAY));
    let Some(name) = name else { return };
    let at = meta.root.get("spec").and_then(|spec| spec.key_at("selector")).unwrap_or(meta.at());
    let draft = report
        .at(meta, at, format!("this selects the gateway `{name}` by labels of its pods"))
        .label("waypoints ignore it, and gateways may do so");
    let draft = match pod {
        Some(pod) => draft.related(pod.meta.at(), "a pod of the gateway"),
        None => draft,
    };
    draft.help(format!("name Gateway `{name}` with `targetRefs`"));
}
