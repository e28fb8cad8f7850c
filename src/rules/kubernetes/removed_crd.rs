use crate::mesh::Mesh;
use crate::rules::Report;

/// Groups of APIs that Istio has had, and what came after them.
const REMOVED: [(&str, &str); 3] = [
    ("rbac.istio.io", "AuthorizationPolicy"),
    ("authentication.istio.io", "PeerAuthentication and RequestAuthentication"),
    ("config.istio.io", "Telemetry and WasmPlugin"),
];

/// Definitions of APIs that Istio no longer reads.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for definition in &mesh.resources.crds {
        let Some(group) = definition.spec.group else { continue };
        let Some((_, successor)) = REMOVED.iter().find(|(removed, _)| *removed == group.value) else { continue };
        report
            .at(&definition.meta, group.at, format!("Istio no longer reads the API `{}`", group.value))
            .label("its objects have no effect")
            .help(format!("remove the definition, and use {successor}"));
    }
}
