use crate::mesh::Mesh;
use crate::model::kubernetes::Webhook;
use crate::model::label_selector::LabelSelector;
use crate::model::{Meta, Read};

/// A webhook that injects proxies, and the pods for which it does.
pub struct Injector<'m> {
    pub meta: &'m Meta<'m>,
    pub webhook: &'m Webhook<'m>,
    pub namespaces: Option<LabelSelector<'m>>,
    pub objects: Option<LabelSelector<'m>>,
}

impl Injector<'_> {
    /// Whether it injects a pod with labels `object` in a namespace with labels `namespace`.
    pub fn selects<'l>(
        &self,
        namespace: impl Fn(&str) -> Option<&'l str>,
        object: impl Fn(&str) -> Option<&'l str>,
    ) -> bool {
        let namespaces = self.namespaces.as_ref().is_none_or(|selector| selector.selects(namespace));
        namespaces && self.objects.as_ref().is_none_or(|selector| selector.selects(object))
    }
}

/// The webhooks of the injectors of Istio, known by their names.
pub fn injectors<'m>(mesh: &Mesh<'m>) -> impl Iterator<Item = Injector<'m>> + use<'m> {
    mesh.resources.mutating_webhooks.iter().flat_map(|object| {
        let own = object
            .spec
            .webhooks
            .iter()
            .filter(|webhook| webhook.name.is_some_and(|name| name.value.ends_with("sidecar-injector.istio.io")));
        own.map(|webhook| Injector {
            meta: &object.meta,
            webhook,
            namespaces: webhook.namespace_selector.and_then(LabelSelector::read),
            objects: webhook.object_selector.and_then(LabelSelector::read),
        })
    })
}
