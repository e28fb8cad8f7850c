//! `networking.istio.io` VirtualService: names as in istio/api 1.31 `networking/v1alpha3/virtual_service.proto`.

use crate::format::{Duration, JwtClaim};
use crate::source::Span;
use crate::yaml::Node;

use super::read::{Bool, Float, Int, Labels, Located, Map, Str, message};

message! {
    pub struct VirtualService<'a> {
        hosts: Vec<Str<'a>>,
        gateways: Vec<Str<'a>>,
        http: Vec<HttpRoute<'a>>,
        tls: Vec<TlsRoute<'a>>,
        tcp: Vec<TcpRoute<'a>>,
        export_to: Vec<Str<'a>>,
    }

    pub struct HttpRoute<'a> {
        name: Option<Str<'a>>,
        r#match: Vec<HttpMatchRequest<'a>>,
        route: Vec<HttpRouteDestination<'a>>,
        redirect: Option<Box<HttpRedirect<'a>>>,
        direct_response: Option<Box<HttpDirectResponse<'a>>>,
        delegate: Option<Box<Delegate<'a>>>,
        rewrite: Option<Box<HttpRewrite<'a>>>,
        timeout: Option<Located<Duration>>,
        retries: Option<Box<HttpRetry<'a>>>,
        fault: Option<Box<HttpFaultInjection<'a>>>,
        mirror: Option<Box<Destination<'a>>>,
        mirrors: Vec<HttpMirrorPolicy<'a>>,
        mirror_percent: Option<Int>,
        mirror_percentage: Option<Percent<'a>>,
        cors_policy: Option<Box<CorsPolicy<'a>>>,
        headers: Option<Box<Headers<'a>>>,
    }

    pub struct HttpMatchRequest<'a> {
        name: Option<Str<'a>>,
        uri: Option<Box<StringMatch<'a>>>,
        scheme: Option<Box<StringMatch<'a>>>,
        method: Option<Box<StringMatch<'a>>>,
        authority: Option<Box<StringMatch<'a>>>,
        headers: Map<'a, StringMatch<'a>>,
        without_headers: Map<'a, StringMatch<'a>>,
        query_params: Map<'a, StringMatch<'a>>,
        port: Option<Int>,
        source_labels: Labels<'a>,
        gateways: Vec<Str<'a>>,
        ignore_uri_case: Option<Bool>,
        source_namespace: Option<Str<'a>>,
        stat_prefix: Option<Str<'a>>,
    }

    pub struct StringMatch<'a> {
        exact: Option<Str<'a>>,
        prefix: Option<Str<'a>>,
        regex: Option<Str<'a>>,
    }

    pub struct HttpRouteDestination<'a> {
        destination: Option<Destination<'a>>,
        weight: Option<Int>,
        headers: Option<Box<Headers<'a>>>,
    }

    pub struct RouteDestination<'a> {
        destination: Option<Destination<'a>>,
        weight: Option<Int>,
    }

    /// Where traffic goes: a host of the service registry, perhaps one subset of it, perhaps one port.
    pub struct Destination<'a> {
        host: Option<Str<'a>>,
        subset: Option<Str<'a>>,
        port: Option<PortSelector<'a>>,
    }

    pub struct PortSelector<'a> {
        number: Option<Int>,
    }

    pub struct Delegate<'a> {
        name: Option<Str<'a>>,
        namespace: Option<Str<'a>>,
    }

    pub struct HttpRedirect<'a> {
        uri: Option<Str<'a>>,
        prefix_rewrite: Option<Str<'a>>,
        authority: Option<Str<'a>>,
        port: Option<Int>,
        derive_port: Option<Str<'a>>,
        scheme: Option<Str<'a>>,
        redirect_code: Option<Int>,
    }

    pub struct HttpDirectResponse<'a> {
        status: Option<Int>,
        body: Option<Box<HttpBody<'a>>>,
    }

    pub struct HttpBody<'a> {
        string: Option<Str<'a>>,
        bytes: Option<Str<'a>>,
    }

    pub struct HttpRewrite<'a> {
        uri: Option<Str<'a>>,
        authority: Option<Str<'a>>,
        uri_regex_rewrite: Option<Box<RegexRewrite<'a>>>,
    }

    pub struct RegexRewrite<'a> {
        r#match: Option<Str<'a>>,
        rewrite: Option<Str<'a>>,
    }

    pub struct HttpRetry<'a> {
        attempts: Option<Int>,
        per_try_timeout: Option<Located<Duration>>,
        retry_on: Option<Str<'a>>,
        retry_remote_localities: Option<Bool>,
        retry_ignore_previous_hosts: Option<Bool>,
        backoff: Option<Located<Duration>>,
    }

    pub struct HttpFaultInjection<'a> {
        delay: Option<Box<Delay<'a>>>,
        abort: Option<Box<Abort<'a>>>,
    }

    pub struct Delay<'a> {
        percent: Option<Int>,
        percentage: Option<Percent<'a>>,
        fixed_delay: Option<Located<Duration>>,
        exponential_delay: Option<Located<Duration>>,
    }

    pub struct Abort<'a> {
        percentage: Option<Percent<'a>>,
        http_status: Option<Int>,
        grpc_status: Option<Str<'a>>,
        http2_error: Option<Str<'a>>,
    }

    pub struct Percent<'a> {
        value: Option<Float>,
    }

    pub struct HttpMirrorPolicy<'a> {
        destination: Option<Destination<'a>>,
        percentage: Option<Percent<'a>>,
    }

    pub struct CorsPolicy<'a> {
        allow_origin: Vec<Str<'a>>,
        allow_origins: Vec<StringMatch<'a>>,
        allow_methods: Vec<Str<'a>>,
        allow_headers: Vec<Str<'a>>,
        expose_headers: Vec<Str<'a>>,
        max_age: Option<Located<Duration>>,
        allow_credentials: Option<Bool>,
        unmatched_preflights: Option<Str<'a>>,
    }

    pub struct Headers<'a> {
        request: Option<Box<HeaderOperations<'a>>>,
        response: Option<Box<HeaderOperations<'a>>>,
    }

    pub struct HeaderOperations<'a> {
        set: Labels<'a>,
        add: Labels<'a>,
        remove: Vec<Str<'a>>,
    }

    pub struct TlsRoute<'a> {
        r#match: Vec<TlsMatchAttributes<'a>>,
        route: Vec<RouteDestination<'a>>,
    }

    pub struct TlsMatchAttributes<'a> {
        sni_hosts: Vec<Str<'a>>,
        destination_subnets: Vec<Str<'a>>,
        port: Option<Int>,
        source_labels: Labels<'a>,
        gateways: Vec<Str<'a>>,
        source_namespace: Option<Str<'a>>,
    }

    pub struct TcpRoute<'a> {
        r#match: Vec<L4MatchAttributes<'a>>,
        route: Vec<RouteDestination<'a>>,
    }

    pub struct L4MatchAttributes<'a> {
        destination_subnets: Vec<Str<'a>>,
        port: Option<Int>,
        source_labels: Labels<'a>,
        gateways: Vec<Str<'a>>,
        source_subnet: Option<Str<'a>>,
        source_namespace: Option<Str<'a>>,
    }
}

/// A destination of a VirtualService and the list of weighted alternatives it stands in.
#[derive(Clone, Copy, Debug)]
pub struct DestinationUse<'v, 'a> {
    pub destination: &'v Destination<'a>,
    pub section: Section,
    /// Only for `route`; a mirror has none.
    pub weight: Option<Int>,
    pub mirror: bool,
    /// The route, for its place.
    pub route: Node<'a>,
}

/// A rule of any section.
#[derive(Clone, Debug)]
pub struct Rule<'v, 'a> {
    pub section: Section,
    pub node: Node<'a>,
    /// Of each match the gateways that it is for; an empty list is for all.
    pub gateways: Vec<&'v [Str<'a>]>,
}

impl<'a> Rule<'_, 'a> {
    /// Whether it is for some gateway that `is_wanted`, or for all.
    pub fn applies(&self, is_wanted: impl Fn(&Str<'a>) -> bool) -> bool {
        self.gateways.is_empty() || self.gateways.iter().any(|names| names.is_empty() || names.iter().any(&is_wanted))
    }
}

/// A `route` list: the traffic that is divided among destinations.
#[derive(Clone, Debug)]
pub struct Split<'v, 'a> {
    /// The route that it is in, for its place.
    pub route: Node<'a>,
    pub section: Section,
    pub shares: Vec<Share<'v, 'a>>,
}

/// A destination of a [`Split`].
#[derive(Clone, Copy, Debug)]
pub struct Share<'v, 'a> {
    pub destination: &'v Destination<'a>,
    pub weight: Option<Int>,
    pub node: Node<'a>,
}

impl Split<'_, '_> {
    pub fn total(&self) -> i64 {
        self.shares.iter().map(Share::weight).fold(0, i64::saturating_add)
    }
}

impl Share<'_, '_> {
    pub fn weight(&self) -> i64 {
        self.weight.map_or(0, |weight| weight.value)
    }

    /// `` `reviews` (`v1`) ``, for messages.
    pub fn title(&self) -> String {
        let host = self.destination.host.map_or("", |host| host.value);
        match self.destination.subset.filter(|subset| !subset.is_empty()) {
            Some(subset) => format!("`{host}` (`{}`)", subset.value),
            None => format!("`{host}`"),
        }
    }
}

/// The list of a VirtualService that a route is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    Http,
    Tls,
    Tcp,
}

impl Section {
    pub fn name(self) -> &'static str {
        match self {
            Section::Http => "http",
            Section::Tls => "tls",
            Section::Tcp => "tcp",
        }
    }
}

impl<'a> VirtualService<'a> {
    /// Every destination that traffic can be sent or mirrored to, in the order of the text.
    pub fn destinations(&self) -> Vec<DestinationUse<'_, 'a>> {
        let http =
            self.http.iter().map(|http| http.route.len() + http.mirrors.len() + usize::from(http.mirror.is_some()));
        let l4 = self.tls.iter().map(|tls| tls.route.len()).chain(self.tcp.iter().map(|tcp| tcp.route.len()));
        let mut all = Vec::with_capacity(http.chain(l4).sum());
        for http in &self.http {
            all.extend(http.destinations());
        }
        let tls = self.tls.iter().map(|tls| (Section::Tls, tls.node, &tls.route));
        let tcp = self.tcp.iter().map(|tcp| (Section::Tcp, tcp.node, &tcp.route));
        for (section, route, destinations) in tls.chain(tcp) {
            all.extend(destinations.iter().filter_map(|weighted| {
                let destination = weighted.destination.as_ref()?;
                Some(DestinationUse { destination, section, weight: weighted.weight, mirror: false, route })
            }));
        }
        all
    }

    /// How routes and their destinations change the headers of requests and responses.
    pub fn header_operations(&self) -> impl Iterator<Item = &HeaderOperations<'a>> {
        let headers = self.http.iter().flat_map(|route| {
            let destinations = route.route.iter().map(|destination| destination.headers.as_deref());
            std::iter::once(route.headers.as_deref()).chain(destinations)
        });
        headers.flatten().flat_map(|headers| [headers.request.as_deref(), headers.response.as_deref()]).flatten()
    }

    /// The rules of all sections with the gateways that their matches name.
    pub fn rules(&self) -> Vec<Rule<'_, 'a>> {
        let rule = |section, node, gateways| Rule { section, node, gateways };
        let http = self.http.iter().map(|http| {
            rule(Section::Http, http.node, http.r#match.iter().map(|request| request.gateways.as_slice()).collect())
        });
        let tls = self.tls.iter().map(|tls| {
            rule(Section::Tls, tls.node, tls.r#match.iter().map(|matched| matched.gateways.as_slice()).collect())
        });
        let tcp = self.tcp.iter().map(|tcp| {
            rule(Section::Tcp, tcp.node, tcp.r#match.iter().map(|matched| matched.gateways.as_slice()).collect())
        });
        http.chain(tls).chain(tcp).collect()
    }

    /// The lists of routes that are not empty.
    pub fn sections(&self) -> Vec<Section> {
        let lists = [
            (Section::Http, self.http.is_empty()),
            (Section::Tls, self.tls.is_empty()),
            (Section::Tcp, self.tcp.is_empty()),
        ];
        lists.into_iter().filter(|(_, empty)| !empty).map(|(section, _)| section).collect()
    }

    /// The claims of tokens that HTTP matches ask for in place of headers, each with the place of its `headers`.
    pub fn claims(&self) -> impl Iterator<Item = (Span, Str<'a>)> {
        let matches = self.http.iter().flat_map(|route| &route.r#match);
        matches.flat_map(|matching| {
            let fields = [("headers", &matching.headers), ("withoutHeaders", &matching.without_headers)];
            fields.into_iter().flat_map(|(field, headers)| {
                let at = matching.node.key_at(field).unwrap_or(matching.node.head());
                let claims = headers.iter().filter(|(name, _)| JwtClaim::parse(name.value).is_ok());
                claims.map(move |(name, _)| (at, *name))
            })
        })
    }

    /// The `route` lists, in the order of the text.
    pub fn splits(&self) -> impl Iterator<Item = Split<'_, 'a>> {
        let http = self.http.iter().map(|http| {
            let shares = http.route.iter().filter_map(|own| {
                Some(Share { destination: own.destination.as_ref()?, weight: own.weight, node: own.node })
            });
            Split { route: http.node, section: Section::Http, shares: shares.collect() }
        });
        let tls = self.tls.iter().map(|tls| (Section::Tls, tls.node, &tls.route));
        let tcp = self.tcp.iter().map(|tcp| (Section::Tcp, tcp.node, &tcp.route));
        let l4 = tls.chain(tcp).map(|(section, route, list)| {
            let shares = list.iter().filter_map(|own| {
                Some(Share { destination: own.destination.as_ref()?, weight: own.weight, node: own.node })
            });
            Split { route, section, shares: shares.collect() }
        });
        http.chain(l4)
    }

    /// A VirtualService without hosts can only be a delegate of another.
    pub fn is_delegate(&self) -> bool {
        self.hosts.is_empty()
    }
}

impl<'a> HttpRoute<'a> {
    pub fn destinations(&self) -> impl Iterator<Item = DestinationUse<'_, 'a>> {
        let use_of = |destination, weight, mirror| DestinationUse {
            destination,
            section: Section::Http,
            weight,
            mirror,
            route: self.node,
        };
        let routes = self.route.iter().filter_map(move |weighted| {
            let destination = weighted.destination.as_ref()?;
            Some(use_of(destination, weighted.weight, false))
        });
        let mirror = self.mirror.as_deref().into_iter().map(move |destination| use_of(destination, None, true));
        let mirrors = self.mirrors.iter().filter_map(move |mirror| {
            let destination = mirror.destination.as_ref()?;
            Some(use_of(destination, None, true))
        });
        routes.chain(mirror).chain(mirrors)
    }
}

impl HttpRoute<'_> {
    /// Whether two routes do the same with their requests, as far as the text tells.
    pub fn same_action(&self, other: &Self) -> bool {
        let action = |route: &Self| {
            let entries = route.node.entries().filter(|entry| !["match", "name"].contains(&&*entry.key.key_text()));
            entries.collect::<Vec<_>>()
        };
        let (own, theirs) = (action(self), action(other));
        own.len() == theirs.len()
            && own.iter().all(|entry| {
                let same = theirs.iter().find(|other| other.key.key_text() == entry.key.key_text());
                same.is_some_and(|other| entry.value.same_value(other.value))
            })
    }
}

impl<'a> Delegate<'a> {
    /// Its namespace, that of the VirtualService if it names none.
    pub fn namespace_or(&self, own: &'a str) -> &'a str {
        self.namespace.map(|namespace| namespace.value).filter(|namespace| !namespace.is_empty()).unwrap_or(own)
    }
}

/// How a [`StringMatch`] compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringMatchKind<'a> {
    Exact(&'a str),
    Prefix(&'a str),
    Regex(&'a str),
}

impl<'a> StringMatch<'a> {
    /// `None`: nothing is written, which Istio reads as "present" for headers and as no condition elsewhere.
    pub fn kind(&self) -> Option<StringMatchKind<'a>> {
        let exact = self.exact.map(|text| StringMatchKind::Exact(text.value));
        let prefix = || self.prefix.map(|text| StringMatchKind::Prefix(text.value));
        let regex = || self.regex.map(|text| StringMatchKind::Regex(text.value));
        exact.or_else(prefix).or_else(regex)
    }

    /// The text that is compared with, whichever way.
    pub fn text(&self) -> Option<Str<'a>> {
        self.exact.or(self.prefix).or(self.regex)
    }
}
