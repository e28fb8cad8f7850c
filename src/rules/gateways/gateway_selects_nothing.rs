use crate::finding::nearest;
use crate::mesh::Mesh;
use crate::model::networking::Gateway;
use crate::model::{Labels, Object, Str};
use crate::rules::Report;

/// The selector of a Gateway must select a proxy.
pub fn check<'m>(mesh: &Mesh<'m>, gateway: &'m Object<'m, Gateway<'m>>, report: &mut Report) {
    let selector = &gateway.spec.selector;
    if !mesh.gateway_workloads(gateway).is_empty() || selector.iter().any(|(_, value)| value.is_placeholder()) {
        return;
    }
    let Some((culprit, near)) = evidence(mesh, gateway) else { return };
    let draft = report.at(&gateway.meta, culprit.at, "the selector of the Gateway selects no proxy");
    let draft = draft.label("no workload has these labels, so that no proxy opens the ports");
    match near {
        Some(near) => draft.help(format!("did you mean `{near}`?")),
        None => draft.help("use the labels of the pods of your gateway"),
    };
}

/// The value that no workload has, and one that is spelt alike. `None` where the gateway may be elsewhere: the gateways of
/// a mesh are often installed by other means than what they serve. The input tells that it is not if it has a label that is
/// spelt alike, or a workload beside the Gateway with the same labels, but other values.
fn evidence<'m>(mesh: &Mesh<'m>, gateway: &Object<'m, Gateway<'m>>) -> Option<(Str<'m>, Option<String>)> {
    let selector = &gateway.spec.selector;
    let (_, first) = selector.iter().next()?;
    for (key, value) in selector.iter().filter(|(_, value)| !is_stock(value.value)) {
        let values = mesh.workloads.iter().filter_map(|workload| workload.labels.text(key.value));
        if !values.clone().any(|own| own == value.value)
            && let Some(near) = nearest(value.value, values)
        {
            return Some((*value, Some(format!("{key}: {near}", key = key.value))));
        }
    }
    let is_generic = |key: &str| matches!(key, "app" | "app.kubernetes.io/name" | "version");
    let beside = || {
        let has_keys = |labels: &Labels<'_>| selector.iter().all(|(key, _)| labels.get(key.value).is_some());
        mesh.workloads_in(gateway.meta.namespace).any(|workload| has_keys(workload.labels))
    };
    let stands_out = selector.iter().any(|(key, value)| !is_generic(key.value) && !is_stock(value.value));
    (mesh.settings.options.assume_complete || stands_out && beside()).then_some((*first, None))
}

/// Whether it is a label of the gateways that come with Istio.
fn is_stock(value: &str) -> bool {
    let name = value.strip_prefix("istio-").unwrap_or(value);
    matches!(name, "ingressgateway" | "egressgateway" | "eastwestgateway" | "ingress" | "egress" | "gateway")
}
