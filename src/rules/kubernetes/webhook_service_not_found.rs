use crate::mesh::{Mesh, ServiceLookup};
use crate::rules::Report;

/// A webhook that calls a Service which does not exist.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let resources = mesh.resources;
    for object in resources.mutating_webhooks.iter().chain(&resources.validating_webhooks) {
        for webhook in &object.spec.webhooks {
            let service = webhook.client_config.as_ref().and_then(|config| config.service.as_ref());
            let Some((name, namespace)) = service.and_then(|service| Some((service.name?, service.namespace?))) else {
                continue;
            };
            let host = mesh.settings.service_host(name.value, namespace.value);
            let ServiceLookup::Missing = mesh.service(&host, namespace.value) else { continue };
            let message = format!("no Service `{}` in namespace `{}`", name.value, namespace.value);
            report
                .at(&object.meta, name.at, message)
                .label("the webhook cannot be called: what it is for is refused, or passes unseen")
                .help("correct the name, or remove the webhook of a revision that is gone");
        }
    }
}
