use crate::mesh::Mesh;
use crate::model::kubernetes::Container;
use crate::rules::Report;

const VARIABLE: &str = "BLOCKED_CIDRS_IN_JWKS_URIS";

/// istiod fetches whatever a RequestAuthentication says, from inside of the cluster, unless it is told what not to.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let authentications = mesh.resources.request_authentications.iter();
    let mut uris = authentications.flat_map(|object| &object.spec.jwt_rules).filter(|rule| rule.jwks.is_none());
    let Some(uri) = uris.next() else { return };
    for istiod in &mesh.resources.deployments {
        if istiod.meta.labels.text("app") != Some("istiod") {
            continue;
        }
        let spec = istiod.spec.template.as_ref().and_then(|template| template.spec.as_ref());
        if spec.is_none_or(|spec| spec.containers.iter().any(restricts)) {
            continue;
        }
        report
            .at(&istiod.meta, istiod.meta.at(), "istiod fetches keys of tokens from any address")
            .label(format!("`{VARIABLE}` is not set"))
            .related(uri.node.head(), "keys of this issuer are fetched")
            .help(format!(
                "set `{VARIABLE}` to what a RequestAuthentication must not reach, such as `169.254.169.254/32`"
            ));
    }
}

fn restricts(container: &Container<'_>) -> bool {
    container.env.iter().any(|variable| {
        let named = variable.name.is_some_and(|name| name.value == VARIABLE);
        named && (variable.value_from.is_some() || variable.value.is_some_and(|value| !value.is_empty()))
    })
}
