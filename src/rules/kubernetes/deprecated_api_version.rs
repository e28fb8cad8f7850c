use crate::finding::Edit;
use crate::mesh::Mesh;
use crate::model::Meta;
use crate::rules::Report;

/// API groups with a version `v1`, and the kinds that have it (Istio 1.31, Gateway API 1.4).
const STABLE: [(&str, &[&str]); 4] = [
    (
        "networking.istio.io",
        &["VirtualService", "DestinationRule", "Gateway", "ServiceEntry", "Sidecar", "WorkloadEntry", "WorkloadGroup"],
    ),
    ("security.istio.io", &["AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"]),
    ("telemetry.istio.io", &["Telemetry"]),
    ("gateway.networking.k8s.io", &["Gateway", "GatewayClass", "HTTPRoute", "GRPCRoute"]),
];

/// Older versions of an API of which `v1` exists.
pub fn check<'m>(_: &Mesh<'m>, meta: &'m Meta<'m>, report: &mut Report) {
    let Some((group, version)) = meta.api_version.split_once('/') else { return };
    let stable = || STABLE.iter().any(|(own, kinds)| *own == group && kinds.contains(&meta.kind.name()));
    let older = version.starts_with("v1alpha") || version.starts_with("v1beta");
    if !older || !stable() {
        return;
    }
    let Some(written) = meta.root.get("apiVersion") else { return };
    let current = format!("{group}/v1");
    report
        .at(meta, written.at(), format!("`{}` is an old version of this API", meta.api_version))
        .label("the content is the same in `v1`")
        .help(format!("write `{current}`"))
        .fix(format!("replace it by `{current}`"), vec![Edit { at: written.at(), text: current }]);
}
