use crate::mesh::Mesh;
use crate::model::{Kind, Meta};
use crate::rules::Report;
use crate::yaml::Node;

/// A selector without labels selects the whole namespace, as no selector does.
pub fn check<'m>(mesh: &Mesh<'m>, meta: &'m Meta<'m>, report: &mut Report) {
    let Some((field, labels)) = fields(meta.kind) else { return };
    let Some(spec) = meta.root.get("spec") else { return };
    let Some(selector) = spec.get(field).filter(|selector| is_empty(*selector, labels)) else { return };
    let place = if selector.has(labels) { (selector, labels) } else { (spec, field) };
    report
        .at(meta, place.0.key_at(place.1).unwrap_or(meta.at()), "the selector is empty")
        .label(format!("the {} is for {}", meta.kind.name(), everything(meta, mesh)))
        .help(format!("name the labels of the workloads, or remove `{field}`"));
}

/// The field of the selector, and that of its labels.
fn fields(kind: Kind) -> Option<(&'static str, &'static str)> {
    match kind {
        Kind::AuthorizationPolicy
        | Kind::RequestAuthentication
        | Kind::PeerAuthentication
        | Kind::Telemetry
        | Kind::WasmPlugin
        | Kind::TrafficExtension
        | Kind::ProxyConfig => Some(("selector", "matchLabels")),
        Kind::DestinationRule => Some(("workloadSelector", "matchLabels")),
        Kind::Sidecar | Kind::ServiceEntry | Kind::EnvoyFilter => Some(("workloadSelector", "labels")),
        _ => None,
    }
}

fn is_empty(selector: Node<'_>, labels: &str) -> bool {
    use crate::yaml::Kind::Mapping;
    let none = |labels: Node<'_>| labels.kind() == Mapping && labels.entries().next().is_none();
    selector.kind() == Mapping && selector.get(labels).is_none_or(none)
}

fn everything(meta: &Meta<'_>, mesh: &Mesh<'_>) -> &'static str {
    let root = meta.namespace == mesh.settings.root_namespace;
    if root { "all workloads of the mesh" } else { "all workloads of the namespace" }
}
