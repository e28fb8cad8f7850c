//! For which proxies a match is meant.

use std::collections::BTreeSet;

use crate::mesh::GatewayReference;
use crate::model::{Labels, Str};

/// The proxies whose requests a match looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxies<'m> {
    gateways: BTreeSet<Gateway<'m>>,
    /// The labels that the client must have.
    labels: Vec<(&'m str, &'m str)>,
    namespace: Option<&'m str>,
}

/// `None` is the mesh.
type Gateway<'m> = Option<(&'m str, &'m str)>;

/// The list of a VirtualService or of a match; `mesh` if it is empty.
pub(super) fn gateways<'m>(list: &[Str<'m>], namespace: &'m str) -> BTreeSet<Gateway<'m>> {
    let name = |text: &Str<'m>| match GatewayReference::parse(text.value, namespace) {
        GatewayReference::Mesh => None,
        GatewayReference::Named { namespace, name } => Some((namespace, name)),
    };
    if list.is_empty() { BTreeSet::from([None]) } else { list.iter().map(name).collect() }
}

/// What a match says of its proxies.
pub(super) struct Source<'s, 'm> {
    pub gateways: &'s [Str<'m>],
    pub labels: &'s Labels<'m>,
    pub namespace: Option<Str<'m>>,
    /// Whether labels and namespace count where gateways are named: for TLS and TCP they do, for HTTP they do not
    /// (istio 1.31 `pilot/pkg/networking/core/route/route.go`, `sourceMatchHTTP`).
    pub always: bool,
}

impl<'m> Proxies<'m> {
    /// All of a VirtualService's.
    pub(super) fn all(bound: &BTreeSet<Gateway<'m>>) -> Self {
        Self { gateways: bound.clone(), labels: Vec::new(), namespace: None }
    }

    /// Those of a match in a VirtualService of `own` namespace that is bound to these gateways.
    pub(super) fn new(bound: &BTreeSet<Gateway<'m>>, own: &'m str, source: &Source<'_, 'm>) -> Self {
        let mut proxies = Self::all(bound);
        if !source.gateways.is_empty() {
            proxies.gateways = gateways(source.gateways, own).intersection(bound).copied().collect();
        }
        if source.gateways.is_empty() || source.always {
            proxies.labels = source.labels.iter().map(|(key, value)| (key.value, value.value)).collect();
            proxies.labels.sort_unstable();
            proxies.namespace = source.namespace.map(|text| text.value).filter(|text| !text.is_empty());
        }
        proxies
    }

    /// No gateway of the match is one of the VirtualService's.
    pub fn is_empty(&self) -> bool {
        self.gateways.is_empty()
    }

    pub fn includes_mesh(&self) -> bool {
        self.gateways.contains(&None)
    }

    pub fn includes(&self, namespace: &str, name: &str) -> bool {
        self.gateways.contains(&Some((namespace, name)))
    }

    pub fn covers(&self, other: &Self) -> bool {
        other.gateways.is_subset(&self.gateways)
            && self.labels.iter().all(|label| other.labels.contains(label))
            && self.namespace.is_none_or(|namespace| other.namespace == Some(namespace))
    }

    pub fn meets(&self, other: &Self) -> bool {
        let differs = |(key, value): &(&str, &str)| other.labels.iter().any(|(own, text)| own == key && text != value);
        let namespaces = self.namespace.zip(other.namespace);
        !self.gateways.is_disjoint(&other.gateways)
            && !self.labels.iter().any(differs)
            && namespaces.is_none_or(|(left, right)| left == right)
    }

    /// The proxies of both.
    pub(super) fn narrowed(&self, by: &Self) -> Self {
        let mut labels: Vec<_> = self.labels.iter().chain(&by.labels).copied().collect();
        labels.sort_unstable();
        labels.dedup();
        Self {
            gateways: self.gateways.intersection(&by.gateways).copied().collect(),
            labels,
            namespace: by.namespace.or(self.namespace),
        }
    }

    pub fn labels(&self) -> &[(&'m str, &'m str)] {
        &self.labels
    }

    pub fn namespace(&self) -> Option<&'m str> {
        self.namespace
    }
}
