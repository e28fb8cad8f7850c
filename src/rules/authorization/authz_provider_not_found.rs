use crate::mesh::Mesh;
use crate::model::authorization::Action;
use crate::rules::Report;

/// A CUSTOM policy asks a provider of the MeshConfig. Without it Istio denies what the rules match.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let Some(config) = &mesh.settings.config else { return };
    for policy in &mesh.resources.authorization_policies {
        let name = policy.spec.provider.as_ref().and_then(|provider| provider.name);
        let Some(name) = name.filter(|name| !name.is_empty() && !name.is_placeholder()) else { continue };
        if policy.spec.action() != Action::Custom {
            continue;
        }
        match mesh.settings.extension_provider(name.value) {
            Some(provider) => {
                let Some((kind, node)) = provider.kind().filter(|(kind, _)| !kind.starts_with("envoyExtAuthz")) else {
                    continue;
                };
                report
                    .at(&policy.meta, name.at, format!("provider `{}` does not authorize", name.value))
                    .label("requests that the rules match are denied")
                    .related(node.head(), format!("it is of kind `{kind}`"))
                    .help("name a provider of kind `envoyExtAuthzHttp` or `envoyExtAuthzGrpc`");
            }
            None => {
                let providers = config.extension_providers.iter().filter_map(|provider| provider.name);
                let draft = report
                    .at(&policy.meta, name.at, format!("no provider `{}` in the MeshConfig", name.value))
                    .label("requests that the rules match are denied");
                match crate::finding::nearest(name.value, providers.map(|provider| provider.value)) {
                    Some(near) => draft.help(format!("did you mean `{near}`?")),
                    None => draft.help("define it under `extensionProviders`"),
                };
            }
        }
    }
}
