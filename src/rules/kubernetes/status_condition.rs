use crate::mesh::Mesh;
use crate::model::{Kind, Meta};
use crate::rules::Report;
use crate::yaml::Node;

/// Conditions that are to be true, by kind.
const WANTED: [(&[Kind], &[&str]); 3] = [
    (&[Kind::Service, Kind::ServiceEntry, Kind::WorkloadEntry], &["istio.io/WaypointBound"]),
    (&[Kind::AuthorizationPolicy], &["ZtunnelAccepted", "WaypointAccepted"]),
    (&[Kind::K8sGateway, Kind::HttpRoute, Kind::GrpcRoute], &["Accepted", "Programmed", "ResolvedRefs"]),
];

/// What the cluster has said of an object, in its `status`.
pub fn check<'m>(_: &Mesh<'m>, meta: &'m Meta<'m>, report: &mut Report) {
    let Some((_, wanted)) = WANTED.iter().find(|(kinds, _)| kinds.contains(&meta.kind)) else { return };
    let Some(status) = meta.root.get("status") else { return };
    let parents = status.get("parents").into_iter().flat_map(Node::items);
    for owner in parents.chain([status]) {
        for condition in owner.get("conditions").into_iter().flat_map(Node::items) {
            check_condition(report, meta, condition, wanted);
        }
    }
}

fn check_condition(report: &mut Report, meta: &Meta<'_>, condition: Node<'_>, wanted: &[&str]) {
    let text = |key: &str| condition.get(key).and_then(Node::as_str);
    let (Some(kind), Some(status)) = (text("type"), text("status")) else { return };
    let partly = kind == "WaypointAccepted" && text("reason") == Some("PartiallyInvalid");
    if !wanted.contains(&kind) || status != "False" && !partly {
        return;
    }
    let at = condition.get("status").map_or(condition.head(), Node::at);
    let draft = report.at(meta, at, format!("the cluster says that `{kind}` is `{status}`"));
    let draft = match text("reason") {
        Some(reason) => draft.label(format!("reason: {reason}")),
        None => draft,
    };
    match text("message") {
        Some(message) => draft.help(format!("see what the controller says: {message}")),
        None => draft.help("see the conditions of the object"),
    };
}
