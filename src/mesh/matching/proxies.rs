//! For which proxies a match is meant.

use std::collections::BTreeSet;
use std::fmt;

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
pub type Gateway<'m> = Option<(&'m str, &'m str)>;

/// A proxy that requests come to: of a gateway, or beside a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client<'m> {
    pub(super) gateway: Gateway<'m>,
    pub(super) labels: Vec<(&'m str, &'m str)>,
    pub(super) namespace: Option<&'m str>,
}

/// `` from a client with `app: web` in namespace `shop` ``, or nothing.
impl fmt::Display for Client<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.labels.is_empty() && self.namespace.is_none() {
            return Ok(());
        }
        f.write_str(" from a client")?;
        for ((key, value), word) in self.labels.iter().zip(std::iter::once("with").chain(std::iter::repeat("and"))) {
            write!(f, " {word} `{key}: {value}`")?;
        }
        match self.namespace {
            Some(namespace) => write!(f, " in namespace `{namespace}`"),
            None => Ok(()),
        }
    }
}

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
        other.gateways().all(|gateway| self.covers_at(gateway, other))
    }

    pub fn meets(&self, other: &Self) -> bool {
        let differs = |(key, value): &(&str, &str)| other.labels.iter().any(|(own, text)| own == key && text != value);
        let namespaces = self.namespace.zip(other.namespace);
        !self.gateways.is_disjoint(&other.gateways)
            && !self.labels.iter().any(differs)
            && namespaces.is_none_or(|(left, right)| left == right)
    }

    /// Its gateways, each alone.
    pub fn gateways(&self) -> impl ExactSizeIterator<Item = Gateway<'m>> {
        self.gateways.iter().copied()
    }

    /// Whether these are all proxies of `other` at one of its gateways.
    pub(super) fn covers_at(&self, gateway: Gateway<'m>, other: &Self) -> bool {
        self.gateways.contains(&gateway)
            && self.labels.iter().all(|label| other.labels.contains(label))
            && self.namespace.is_none_or(|namespace| other.namespace == Some(namespace))
    }

    /// One of the proxies.
    pub(super) fn client(&self) -> Option<Client<'m>> {
        let gateway = *self.gateways.first()?;
        Some(Client { gateway, labels: self.labels.clone(), namespace: self.namespace })
    }

    pub(super) fn accepts(&self, client: &Client<'m>) -> bool {
        self.gateways.contains(&client.gateway)
            && self.labels.iter().all(|label| client.labels.contains(label))
            && self.namespace.is_none_or(|namespace| client.namespace == Some(namespace))
    }

    /// Leaves only a gateway, which is not named any more. Whether it is one of them.
    pub(super) fn restrict(&mut self, namespace: &str, name: &str) -> bool {
        let is_one = self.includes(namespace, name);
        self.gateways = BTreeSet::from([None]);
        is_one
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
