use std::sync::LazyLock;

use crate::model::virtual_service::{HttpMatchRequest, StringMatch, StringMatchKind, VirtualService};
use crate::model::{Int, Object};

use super::proxies::{Gateway, Source, gateways};
use super::text::{self, TextMatch};
use super::{Condition, Conditions, Proxies, Request, Search, Verdict};

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
        match self.proxies.covers(&other.proxies) {
            true => self.covers_conditions(other, search),
            false => Verdict::No,
        }
    }

    /// The same for the requests that come to one of the gateways of `other`.
    pub(super) fn covers_at(&self, gateway: Gateway<'m>, other: &Self, search: Search) -> Verdict {
        match self.proxies.covers_at(gateway, &other.proxies) {
            true => self.covers_conditions(other, search),
            false => Verdict::No,
        }
    }

    fn covers_conditions(&self, other: &Self, search: Search) -> Verdict {
        if self.port.is_some_and(|port| other.port != Some(port)) {
            return Verdict::No;
        }
        // The cheapest first: most pairs differ in it.
        let path = match self.path.covers(&other.path, Search::Never) {
            Verdict::No => return Verdict::No,
            Verdict::Undecided => text::none_in(&[&other.path, paths()], &[&self.path], search),
            Verdict::Yes => Verdict::Yes,
        };
        let conditions = || self.headers.follow_from(&other.headers, search);
        path.min(conditions()).min(self.query.follow_from(&other.query, search))
    }

    /// Whether some request is accepted by both.
    pub fn meets(&self, other: &Self, search: Search) -> Verdict {
        let ports = self.port.zip(other.port);
        if ports.is_some_and(|(left, right)| left != right) || !self.proxies.meets(&other.proxies) {
            return Verdict::No;
        }
        let path = match self.path.meets(&other.path, Search::Never) {
            Verdict::No => Verdict::No,
            Verdict::Yes if self.path.starts_a_path() && other.path.starts_a_path() => Verdict::Yes,
            _ => text::none_in(&[&self.path, &other.path, paths()], &[], search).not(),
        };
        path.min(self.headers.meet(&other.headers, search)).min(self.query.meet(&other.query, search))
    }

    /// Whether no request is accepted.
    pub fn is_impossible(&self, search: Search) -> Verdict {
        if self.proxies.is_empty() { Verdict::Yes } else { self.meets(self, search).not() }
    }

    /// A request that is accepted; `None` if there is none, or a regular expression is too large.
    pub fn witness(&self) -> Option<Request<'m>> {
        Some(Request {
            headers: self.headers.sample()?,
            path: text::sample(&[&self.path, paths()], &[])?,
            query: self.query.sample()?,
            port: self.port.unwrap_or(Request::PORT),
            client: self.proxies.client()?,
            host: String::new(),
        })
    }

    /// Whether a request is accepted.
    pub fn accepts(&self, request: &Request<'m>) -> Verdict {
        if self.port.is_some_and(|port| port != request.port) || !self.proxies.accepts(&request.client) {
            return Verdict::No;
        }
        let headers = || self.headers.accept(&request.headers);
        self.path.contains(&request.path).min(headers()).min(self.query.accept(&request.query))
    }

    /// Leaves only what holds on a gateway and, if it is known, a port of it, as if it were for nothing else. Whether
    /// anything is left.
    pub(in crate::mesh) fn restrict(&mut self, namespace: &str, name: &str, port: Option<i64>) -> bool {
        let same_port = self.port.is_none() || port.is_none() || self.port == port;
        self.port = if port.is_some() { None } else { self.port };
        same_port && self.proxies.restrict(namespace, name)
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

/// Whether a condition on paths holds for none of those that there are.
pub fn is_no_path(uri: &StringMatch<'_>) -> Verdict {
    let path = TextMatch::path(Some(uri), false);
    match path.is_plainly_a_path() {
        true => Verdict::No,
        false => text::none_in(&[&path, paths()], &[], Search::Allowed),
    }
}

/// The paths that there are: Envoy compares them without query and fragment. (`OPTIONS *` is left out.)
fn paths() -> &'static TextMatch<'static> {
    static PATHS: LazyLock<TextMatch<'static>> = LazyLock::new(|| TextMatch::new(StringMatchKind::Regex("/[^?#]*")));
    &PATHS
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

#[cfg(test)]
mod tests {
    use super::super::proxies::Client;
    use super::*;
    use crate::model::Resources;
    use crate::source::SourceId;
    use crate::yaml;

    /// Matches, each with the gateways of its VirtualService before it.
    const MATCHES: &str = r"
- {}
- {uri: {prefix: /}}
- {uri: {prefix: /api}}
- {uri: {prefix: /API}, ignoreUriCase: true}
- {uri: {prefix: /api/}}
- {uri: {exact: /api}}
- {uri: {exact: /API/b}, ignoreUriCase: true}
- {uri: {exact: /api/b}}
- {uri: {regex: '/api(/.*)?'}}
- {uri: {regex: '/(api|b)/.*'}}
- {uri: {regex: '(?i)/api/[a-c]'}}
- {uri: {regex: '.*'}}
- {uri: {regex: '[^a].*'}}
- {uri: {regex: 'api'}}
- {method: {exact: GET}}
- {method: {regex: 'GET|PUT'}}
- {uri: {prefix: /api}, method: {exact: PUT}}
- {headers: {x: {exact: a}}}
- {headers: {X: {prefix: a}}}
- {headers: {x: {}}}
- {headers: {x: {regex: '[ab]'}}}
- {headers: {x: {regex: '[ab]'}}, withoutHeaders: {x: {exact: a}}}
- {withoutHeaders: {x: {exact: a}}}
- {withoutHeaders: {x: {exact: b}}}
- {withoutHeaders: {x: {}}}
- {withoutHeaders: {x: {prefix: ''}}}
- {headers: {x: {exact: a}, y: {exact: b}}}
- {queryParams: {q: {exact: '1'}}}
- {queryParams: {q: {regex: '[0-9]+'}}}
- {port: 80}
- {port: 81}
- {uri: {prefix: /api}, port: 81}
- {gateways: [mesh]}
- {gateways: [edge]}
- {sourceLabels: {app: web}}
- {sourceLabels: {app: web, tier: front}}
- {sourceLabels: {app: db}}
- {sourceNamespace: shop}
- {sourceNamespace: shop, sourceLabels: {app: web}, gateways: [edge]}
- {gateways: [other]}
";

    fn with_predicates(check: impl Fn(&[HttpPredicate<'_>])) {
        let indented: String = MATCHES.trim().lines().map(|line| format!("    {line}\n")).collect();
        let text = format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: a, namespace: shop}}\n\
             spec:\n  hosts: [a]\n  gateways: [mesh, edge]\n  http:\n  - match:\n{indented}"
        );
        let (tree, findings) = yaml::parse(SourceId::default(), &text);
        assert!(findings.is_empty(), "{findings:?}");
        let mut resources = Resources::default();
        tree.roots().for_each(|root| resources.add(root, "default"));
        let service = &resources.virtual_services[0];
        let matches = &service.spec.http[0].r#match;
        check(&matches.iter().map(|request| HttpPredicate::new(service, request)).collect::<Vec<_>>());
    }

    /// So many requests that the matches above differ by one of them, if they differ.
    fn requests<'m>(predicates: &[HttpPredicate<'m>]) -> Vec<Request<'m>> {
        let pairs = |list: &[(&str, &str)]| -> Vec<_> {
            list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let paths =
            ["/", "/a", "/b/", "/api", "/API", "/apis", "/api/", "/api/b", "/api/a", "/api/B", "/API/b", "/api/d"];
        let headers = [
            pairs(&[]),
            pairs(&[("x", "")]),
            pairs(&[("x", "a")]),
            pairs(&[("x", "ab")]),
            pairs(&[("x", "b")]),
            pairs(&[("x", "c")]),
            pairs(&[("x", "a"), ("y", "b")]),
            pairs(&[("y", "b")]),
        ];
        let methods = ["GET", "PUT", "POST"].map(|method| (":method".to_owned(), method.to_owned()));
        let queries = [pairs(&[]), pairs(&[("q", "1")]), pairs(&[("q", "12")]), pairs(&[("q", "x")])];
        let own = || predicates.iter().filter_map(|own| own.proxies.client());
        let mut clients: Vec<Client<'_>> = Vec::new();
        for (labels, gateway) in own().flat_map(|other| own().map(move |own| (other.labels.clone(), own.gateway))) {
            for namespace in [None, Some("shop")] {
                let client = Client { gateway, labels: labels.clone(), namespace };
                if !clients.contains(&client) {
                    clients.push(client);
                }
            }
        }
        let mut requests = Vec::new();
        for (path, headers) in paths.iter().flat_map(|path| headers.iter().map(move |headers| (path, headers))) {
            for (method, query) in methods.iter().flat_map(|method| queries.iter().map(move |query| (method, query))) {
                for (port, client) in [80, 81].iter().flat_map(|port| clients.iter().map(move |own| (port, own))) {
                    requests.push(Request {
                        headers: headers.iter().chain([method]).cloned().collect(),
                        path: (*path).to_owned(),
                        query: query.clone(),
                        port: *port,
                        client: client.clone(),
                        host: String::new(),
                    });
                }
            }
        }
        requests
    }

    /// Every answer about a pair of matches, against every request of a large set.
    #[test]
    fn answers_agree_with_trying_requests() {
        with_predicates(|predicates| {
            let requests = requests(predicates);
            let accepted = |own: &HttpPredicate<'_>| -> Vec<bool> {
                requests.iter().map(|request| own.accepts(request).is_yes()).collect()
            };
            let accepted: Vec<_> = predicates.iter().map(accepted).collect();
            for (left, by_left) in predicates.iter().zip(&accepted) {
                for (right, by_right) in predicates.iter().zip(&accepted) {
                    let mut pairs = by_left.iter().zip(by_right);
                    let covers =
                        Verdict::of(!right.proxies.is_empty() && pairs.clone().all(|(left, right)| *left || !right));
                    let meets = Verdict::of(pairs.any(|(left, right)| *left && *right));
                    let impossible = right.is_impossible(Search::Allowed).is_yes();
                    assert!(impossible || left.covers(right, Search::Allowed) == covers, "{left:?} covers {right:?}");
                    assert_eq!(left.meets(right, Search::Allowed), meets, "{left:?} meets {right:?}");
                    let quick = left.covers(right, Search::Never);
                    assert!(
                        impossible || quick == Verdict::Undecided || quick == covers,
                        "{left:?} {right:?}: {quick:?}"
                    );
                }
            }
        });
    }

    #[test]
    fn every_match_that_is_possible_has_a_witness_that_it_accepts() {
        with_predicates(|predicates| {
            for own in predicates {
                let witness = own.witness();
                assert_eq!(witness.is_none(), own.is_impossible(Search::Allowed).is_yes(), "{own:?}");
                assert!(witness.is_none_or(|request| own.accepts(&request).is_yes()), "{own:?}");
            }
        });
    }

    #[test]
    fn witnesses_read_like_requests() {
        with_predicates(|predicates| {
            let shown: Vec<_> =
                predicates.iter().filter_map(|own| Some(own.witness()?.to_host("a.test").to_string())).collect();
            for expected in [
                "`GET http://a.test/`",
                "`PUT http://a.test/api`",
                "`GET http://a.test/` with `x: a` and `y: b`",
                "`GET http://a.test/?q=1`",
                "`GET http://a.test/api` on port 81",
                "`GET http://a.test/` from a client with `app: web` and `tier: front`",
                "`GET http://a.test/` from a client in namespace `shop`",
            ] {
                assert!(shown.iter().any(|own| own == expected), "{expected}: {shown:#?}");
            }
        });
    }
}
