//! Where the resources of a mesh are written.

use std::collections::BTreeMap;

use crate::mesh::Mesh;
use crate::model::Meta;
use crate::source::{Sources, Span};

/// `file:line` of resources, by what istiod calls them.
pub(in crate::cli) struct Places {
    /// By the path that istiod writes into metadata: kebab-case kind, namespace, name.
    configs: BTreeMap<(String, String, String), String>,
    secrets: BTreeMap<String, String>,
    /// Of services by their hosts.
    services: BTreeMap<String, String>,
    /// Of subsets by the namespace and name of their DestinationRule, and their own name.
    subsets: BTreeMap<(String, String, String), String>,
}

impl Places {
    pub fn new(mesh: &Mesh<'_>, sources: &Sources) -> Self {
        let place = |meta: &Meta<'_>| line(sources, meta.at());
        let metas = mesh.resources.metas();
        let key = |meta: &Meta<'_>| (kebab(meta.kind.name()), meta.namespace.to_owned(), meta.name.value.to_owned());
        let services = mesh.services.iter().map(|service| (service.host.clone(), line(sources, service.at)));
        let rules = mesh.resources.destination_rules.iter();
        let subsets = rules.flat_map(|rule| {
            let named = rule.spec.subsets.iter().filter_map(|subset| subset.name);
            named.map(|name| {
                let (namespace, own) = (rule.meta.namespace.to_owned(), rule.meta.name.value.to_owned());
                ((namespace, own, name.value.to_owned()), line(sources, name.at))
            })
        });
        Self {
            subsets: subsets.collect(),
            services: services.collect(),
            configs: metas.map(|meta| (key(meta), place(meta))).collect(),
            secrets: mesh
                .resources
                .secrets
                .iter()
                .map(|secret| (secret.meta.name.value.to_owned(), place(&secret.meta)))
                .collect(),
        }
    }

    /// `/apis/networking.istio.io/v1/namespaces/shop/virtual-service/web`
    pub fn of_config(&self, path: &str) -> Option<String> {
        let mut parts = path.rsplit('/');
        let (name, kind, namespace) = (parts.next()?, parts.next()?, parts.next()?);
        self.configs.get(&(kind.to_owned(), namespace.to_owned(), name.to_owned())).cloned()
    }

    /// Of a subset of the DestinationRule with this path.
    pub fn of_subset(&self, path: &str, subset: &str) -> Option<String> {
        let mut parts = path.rsplit('/');
        let (name, _kind, namespace) = (parts.next()?, parts.next()?, parts.next()?);
        self.subsets.get(&(namespace.to_owned(), name.to_owned(), subset.to_owned())).cloned()
    }

    /// Of the service with this host.
    pub fn service(&self, host: &str) -> Option<String> {
        self.services.get(host).cloned()
    }

    /// Of a secret by its name in SDS.
    pub fn secret(&self, name: &str) -> Option<String> {
        let name = name.strip_prefix("kubernetes://").unwrap_or(name);
        let base = name.strip_suffix("-cacert").unwrap_or(name);
        self.secrets.get(name).or_else(|| self.secrets.get(base)).cloned()
    }
}

/// `file:line`
pub(in crate::cli) fn line(sources: &Sources, at: Span) -> String {
    let at = sources.locate(at);
    format!("{}:{}", at.file, at.line)
}

/// `virtual-service` of `VirtualService`.
fn kebab(kind: &str) -> String {
    let mut text = String::new();
    for (index, letter) in kind.char_indices() {
        if letter.is_ascii_uppercase() && index > 0 {
            text.push('-');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}
