use crate::finding::nearest;
use crate::mesh::Mesh;
use crate::rules::Report;

/// The classes that Istio 1.31 makes itself.
const CLASSES: [&str; 5] = ["istio", "istio-remote", "istio-waypoint", "istio-east-west", "istio-agentgateway"];

/// Gateways of a class that nobody serves.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let defined: Vec<_> = mesh.resources.gateway_classes.iter().map(|class| class.meta.name.value).collect();
    for gateway in &mesh.resources.k8s_gateways {
        let Some(class) = gateway.spec.gateway_class_name.filter(|class| !class.is_placeholder()) else { continue };
        let known = || CLASSES.iter().chain(&defined).copied();
        if known().any(|known| known == class.value) {
            continue;
        }
        let near = nearest(class.value, known());
        // Other controllers have classes of their own. Without any definition, only what is nearly Istio's is told.
        if defined.is_empty() && near.is_none() && !mesh.settings.options.assume_complete {
            continue;
        }
        let draft = report
            .at(&gateway.meta, class.at, format!("no GatewayClass `{}`", class.value))
            .label("no controller serves this Gateway");
        match near {
            Some(near) => draft.help(format!("did you mean `{near}`?")),
            None => draft.help("name a class that is defined"),
        };
    }
}
