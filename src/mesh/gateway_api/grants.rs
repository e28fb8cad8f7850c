use crate::model::Kind;

use super::super::Mesh;

impl Mesh<'_> {
    /// Whether an object of a kind and namespace may name one of another: in its own namespace, or with a ReferenceGrant
    /// of the other namespace.
    pub fn grants(&self, (from, from_namespace): (Kind, &str), (to, namespace): (Kind, &str), name: &str) -> bool {
        namespace == from_namespace
            || self.resources.reference_grants.iter().filter(|grant| grant.meta.namespace == namespace).any(|grant| {
                let is_from = grant.spec.from.iter().any(|own| {
                    own.group.is_some_and(|group| group.value == from.group())
                        && own.kind.is_some_and(|kind| kind.value == from.name())
                        && own.namespace.is_some_and(|namespace| namespace.value == from_namespace)
                });
                is_from
                    && grant.spec.to.iter().any(|own| {
                        own.group.is_none_or(|group| group.value == to.group())
                            && own.kind.is_some_and(|kind| kind.value == to.name())
                            && own.name.is_none_or(|own| own.value == name)
                    })
            })
    }
}
