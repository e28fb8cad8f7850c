use crate::mesh::Mesh;
use crate::model::kubernetes::{Webhook, WebhookConfiguration};
use crate::model::{Object, Str};
use crate::rules::Report;

/// Webhooks of Istio that do not say whom to call.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for (object, webhook) in istio_webhooks(mesh) {
        let Some(config) = &webhook.client_config else { continue };
        match url(webhook) {
            Some(url) if host(url.value).is_none() => {
                report
                    .at(&object.meta, url.at, format!("`{}` is not the URL of an istiod", url.value))
                    .label("the webhook cannot be called")
                    .help("write `https://<host>:<port>/<path>`");
            }
            None if config.service.is_none() => {
                report
                    .at(&object.meta, config.node.head(), "the webhook does not say whom to call")
                    .label("neither `url` nor `service`")
                    .help("name the Service of istiod, or the URL of one outside of the cluster");
            }
            _ => {}
        }
    }
}

/// The webhooks of istiod, by the names of their objects.
pub(super) fn istio_webhooks<'m>(
    mesh: &Mesh<'m>,
) -> impl Iterator<Item = (&'m Object<'m, WebhookConfiguration<'m>>, &'m Webhook<'m>)> + use<'m> {
    let resources = mesh.resources;
    let own = resources.mutating_webhooks.iter().chain(&resources.validating_webhooks).filter(|object| {
        let name = object.meta.name.value;
        let prefixes = ["istio-validator", "istio-sidecar-injector"];
        name == "istiod-default-validator" || prefixes.iter().any(|prefix| name.starts_with(prefix))
    });
    own.flat_map(|object| object.spec.webhooks.iter().map(move |webhook| (object, webhook)))
}

pub(super) fn url<'m>(webhook: &'m Webhook<'m>) -> Option<Str<'m>> {
    webhook.client_config.as_ref()?.url.filter(|url| !url.is_empty())
}

/// The host of an `https` URL.
pub(super) fn host(url: &str) -> Option<&str> {
    let authority = url.strip_prefix("https://")?.split(['/', '?']).next()?;
    let host = match authority.strip_prefix('[') {
        Some(address) => address.split(']').next()?,
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    (!host.is_empty() && !host.contains(char::is_whitespace)).then_some(host)
}
