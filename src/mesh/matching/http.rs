use crate::model::virtual_service::{HttpMatchRequest, StringMatch, VirtualService};
use crate::model::{Int, Object};

use super::proxies::{Source, gateways};
use super::{Condition, Conditions, Proxies, Search, TextMatch, Verdict};

/// The requests that one entry of `http[].match` accepts, and for which proxies.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpPredicate<'m> {
    pub path: TextMatch<'m>,
    /// By lower-case name; method, scheme and authority are `:method`, `:scheme` and `:authority`, as they are to Envoy.
    pub headers: Conditions<'m>,
    pub query: Conditions<'m>,
    /// The port of the listener.
    pub port: Option<i64>,
    pub proxies: Proxies<'m>,
}

impl<'m> HttpPredicate<'m> {
    /// What a route without `match` accepts.
    pub fn all(service: &Object<'m, VirtualService<'m>>) -> Self {
        let bound = gateways(&service.spec.gateways, service.meta.namespace);
        Self {
            path: TextMatch::ALL,
            headers: Conditions::default(),
            query: Conditions::default(),
            port: None,
            proxies: Proxies::all(&bound),
        }
    }

    pub fn new(service: &Object<'m, VirtualService<'m>>, request: &HttpMatchRequest<'m>) -> Self {
        Self::of_delegate(service, service, request)
    }

    /// Of a match in a delegate, which has no gateways of its own, but its root's.
    pub fn of_delegate(
        root: &Object<'m, VirtualService<'m>>,
        delegate: &Object<'m, VirtualService<'m>>,
        request: &HttpMatchRequest<'m>,
    ) -> Self {
        let own = delegate.meta.namespace;
        let bound = gateways(&root.spec.gateways, root.meta.namespace);
        let source = Source {
            gateways: &request.gateways,
            labels: &request.source_labels,
            namespace: request.source_namespace,
            always: false,
        };
        let ignores_case = request.ignore_uri_case.is_some_and(|on| on.value);
        let query = request.query_params.iter().map(|(name, text)| (name.value.to_owned(), Condition::positive(text)));
        Self {
            path: TextMatch::path(request.uri.as_deref(), ignores_case),
            headers: header_conditions(request),
            query: Conditions::new(query),
            port: request.port.map(|port: Int| port.value).filter(|port| *port != 0),
            proxies: Proxies::new(&bound, own, &source),
        }
    }

    /// Envoy's and istiod's catch-all: routes after it are not even sent.
    pub fn is_catch_all(&self) -> bool {
        self.path.is_all() && self.headers.is_empty() && self.query.is_empty()
    }

    /// Whether every request that `other` accepts is accepted here, too.
    pub fn covers(&self, other: &Self, search: Search) -> Verdict {
        if !(self.port.is_none_or(|port| other.port == Some(port)) && self.proxies.covers(&other.proxies)) {
            return Verdict::No;
        }
        // The cheapest first: most pairs differ in it.
        match self.path.covers(&other.path, search) {
            Verdict::No => Verdict::No,
            path => Verdict::all([
                path,
                self.headers.follow_from(&other.headers, search),
                self.query.follow_from(&other.query, search),
            ]),
        }
    }

    /// Whether some request is accepted by both.
    pub fn meets(&self, other: &Self) -> Verdict {
        let ports = self.port.zip(other.port);
        if ports.is_some_and(|(left, right)| left != right) || !self.proxies.meets(&other.proxies) {
            return Verdict::No;
        }
        let path = self.path.meets(&other.path, Search::Allowed);
        Verdict::all([path, self.headers.meet(&other.headers), self.query.meet(&other.query)])
    }

    /// What is left of these requests for a route of a delegate, whose own conditions are `inner`: both hold.
    pub fn narrowed(&self, inner: &Self) -> Self {
        let mut both = self.clone();
        if !inner.path.is_all() {
            both.path = inner.path.clone();
        }
        both.headers.extend(&inner.headers);
        both.query.extend(&inner.query);
        both.port = inner.port.or(self.port);
        both.proxies = self.proxies.narrowed(&inner.proxies);
        both
    }
}

fn header_conditions<'m>(request: &HttpMatchRequest<'m>) -> Conditions<'m> {
    let with = request.headers.iter().map(|(name, text)| (header_name(name.value), Condition::positive(text)));
    let without =
        request.without_headers.iter().map(|(name, text)| (header_name(name.value), Condition::negative(text)));
    let pseudo = [(":method", &request.method), (":scheme", &request.scheme), (":authority", &request.authority)];
    let pseudo = pseudo.into_iter().filter_map(|(name, text)| {
        let kind = text.as_deref().and_then(StringMatch::kind)?;
        Some((name.to_owned(), Condition::In(TextMatch::new(kind))))
    });
    Conditions::new(with.chain(without).chain(pseudo))
}

/// Names of headers ignore case; claims (`@request.auth.claims.Name`) do not.
fn header_name(name: &str) -> String {
    if name.starts_with('@') { name.to_owned() } else { name.to_ascii_lowercase() }
}
