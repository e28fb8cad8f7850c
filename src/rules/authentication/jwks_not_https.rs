use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::security::RequestAuthentication;
use crate::rules::Report;

/// Keys that come over plain text can be replaced on the way.
pub fn check<'m>(mesh: &Mesh<'m>, authentication: &'m Object<'m, RequestAuthentication<'m>>, report: &mut Report) {
    for uri in authentication.spec.jwt_rules.iter().filter_map(|rule| rule.jwks_uri) {
        let Some(rest) = uri.value.strip_prefix("http://") else { continue };
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        // In the cluster the mesh may encrypt it.
        let domain = &mesh.settings.options.cluster_domain;
        let internal = !host.contains('.') || host.ends_with(domain.as_str()) || host.ends_with(".svc");
        if internal || host.starts_with("127.") || uri.is_placeholder() {
            continue;
        }
        report
            .at(&authentication.meta, uri.at, "keys are fetched over plain HTTP")
            .label("whoever can change them on the way can make tokens")
            .help(format!("use `https://{rest}`"));
    }
}
