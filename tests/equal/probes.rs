//! Requests made from a configuration: for every route some that it is for, and some that it is nearly for.

use std::time::Duration;

use meshlint::envoy::any::Any;
use meshlint::envoy::bootstrap::Bootstrap;
use meshlint::envoy::http_connection_manager::{HttpConnectionManager, RouteSpecifier};
use meshlint::envoy::listener::{Filter, FilterChain, Listener};
use meshlint::envoy::matcher::{StringMatcher, StringPattern};
use meshlint::envoy::route::{
    Action, HashPolicySpecifier, HeaderMatch, PathSpecifier, QueryParameterMatch, Route, RouteConfiguration,
    RouteMatch, VirtualHost,
};
use meshlint::envoy::tls::{CertificateValidationContext, DownstreamTlsContext, Validation};
use meshlint::format::Re2;

use super::client::{Method, Probe, Tls};

/// The client in the mesh.
pub const IDENTITY: &str = "spiffe://cluster.local/ns/demo/sa/client";

/// A proxy gets no more than this many, taken evenly from all; `PROBES` sets another number.
const MOST: usize = 40;

/// Timeouts that are waited for.
const SHORT: Duration = Duration::from_secs(3);

pub fn probes(bootstrap: &Bootstrap) -> Vec<Probe> {
    let listeners = bootstrap.static_resources.iter().flat_map(|resources| &resources.listeners);
    let mut probes: Vec<_> = listeners.flat_map(of_listener).collect();
    probes.sort();
    probes.dedup();
    let all = probes.len();
    let most = std::env::var("PROBES").ok().and_then(|number| number.parse().ok());
    let taken = all.min(most.unwrap_or(MOST));
    (0..taken).map(|index| probes[index * all / taken].clone()).collect()
}

fn of_listener(listener: &Listener) -> Vec<Probe> {
    let chains = listener.filter_chains.iter().chain(&listener.default_filter_chain);
    chains.flat_map(|chain| of_chain(&listener.name, chain)).collect()
}

fn of_chain(listener: &str, chain: &FilterChain) -> Vec<Probe> {
    let routes = chain.filters.iter().find_map(|filter| match &filter.typed_config {
        Some(Any::HttpConnectionManager(manager)) => Some(routes(manager)),
        _ => None,
    });
    let mut found = Vec::new();
    for (index, tls) in connections(chain).into_iter().enumerate() {
        let base = Probe {
            to: listener.to_owned(),
            tls,
            method: Method::default(),
            path: None,
            host: String::new(),
            headers: Vec::new(),
            body: String::new(),
            http2: false,
            protocol: None,
            send: "hello\r\n".to_owned(),
        };
        match &routes {
            Some(Some(routes)) if index == 0 => found.extend(of_routes(routes, &base)),
            Some(Some(routes)) => found.extend(of_routes(routes, &base).into_iter().take(2)),
            Some(None) => {}
            // Tunnels are not made, which the proxy notes.
            None if chain.filters.iter().any(is_tunnel) => {}
            None => found.push(base),
        }
    }
    found
}

fn is_tunnel(filter: &Filter) -> bool {
    matches!(&filter.typed_config, Some(Any::TcpProxy(proxy)) if proxy.tunneling_config.is_some())
}

fn routes(manager: &HttpConnectionManager) -> Option<&RouteConfiguration> {
    match &manager.route_specifier {
        Some(RouteSpecifier::RouteConfig(routes)) => Some(routes),
        _ => None,
    }
}

/// How clients connect to a chain: first as it wants it, then otherwise.
fn connections(chain: &FilterChain) -> Vec<Option<Tls>> {
    let matched = chain.filter_chain_match.clone().unwrap_or_default();
    let context = chain.transport_socket.as_ref().and_then(|socket| match &socket.typed_config {
        Some(Any::DownstreamTls(context)) => Some(context),
        _ => None,
    });
    if context.is_none() && matched.transport_protocol != "tls" && matched.server_names.is_empty() {
        return vec![None];
    }
    let name = matched.server_names.first().map(|name| name.replacen("*.", "sub.", 1));
    let name = name.or_else(|| Some("other.example.com".to_owned()));
    let protocols = match matched.application_protocols.iter().find(|name| name.starts_with("istio")) {
        Some(protocol) => vec![protocol.clone()],
        None => vec!["http/1.1".to_owned()],
    };
    // Nobody here has the one certificate that is pinned.
    if context.is_some_and(|context| {
        validation(context)
            .is_some_and(|own| !own.verify_certificate_spki.is_empty() || !own.verify_certificate_hash.is_empty())
    }) {
        return Vec::new();
    }
    let certificate = Some(context.map_or(IDENTITY.to_owned(), |context| identity(context)));
    let with = Tls { name: name.clone(), protocols: protocols.clone(), certificate };
    let without = Tls { certificate: None, ..with.clone() };
    let other_name = Tls { name: Some("nobody.test".to_owned()), ..with.clone() };
    let stranger = Tls { certificate: Some("spiffe://elsewhere/ns/a/sa/b".to_owned()), ..with.clone() };
    vec![Some(with), Some(without), Some(other_name), Some(stranger), None]
}

fn validation(context: &DownstreamTlsContext) -> Option<&CertificateValidationContext> {
    match context.common_tls_context.as_ref()?.validation.as_ref()? {
        Validation::ValidationContext(own) => Some(own),
        Validation::CombinedValidationContext(own) => own.default_validation_context.as_ref(),
        Validation::ValidationContextSdsSecretConfig(_) => None,
    }
}

/// A name that the server accepts in a certificate.
fn identity(context: &DownstreamTlsContext) -> String {
    let mut names = validation(context).into_iter().flat_map(|own| &own.match_subject_alt_names);
    let pattern = names.find_map(|name| match &name.pattern {
        Some(StringPattern::Exact(name)) if name.starts_with("spiffe://") => Some(name.clone()),
        Some(StringPattern::Prefix(name)) => Some(format!("{name}ns/demo/sa/client")),
        _ => None,
    });
    pattern.unwrap_or(IDENTITY.to_owned())
}

fn of_routes(routes: &RouteConfiguration, base: &Probe) -> Vec<Probe> {
    let mut found: Vec<_> = routes.virtual_hosts.iter().flat_map(|host| of_virtual_host(host, base)).collect();
    let nowhere = Probe { path: Some("/".to_owned()), host: "nowhere.test".to_owned(), ..base.clone() };
    found.push(nowhere);
    found
}

fn of_virtual_host(host: &VirtualHost, base: &Probe) -> Vec<Probe> {
    let names: Vec<_> = host.domains.iter().map(|domain| example_of_domain(domain)).collect();
    let (first, last) = (&names[0], &names[names.len() - 1]);
    let base = Probe { host: first.clone(), ..base.clone() };
    let mut found: Vec<_> = host.routes.iter().flat_map(|route| of_route(route, &base)).collect();
    if let Some(probe) = found.first().cloned() {
        found.push(Probe { host: last.clone(), ..probe.clone() });
        found.push(Probe { host: format!("{first}:1234"), ..probe.clone() });
        found.push(Probe { host: first.to_uppercase(), ..probe.clone() });
        found.push(Probe { host: format!("x{first}"), ..probe });
    }
    found
}

fn example_of_domain(domain: &str) -> String {
    match domain {
        "*" => "any.test".to_owned(),
        _ => domain.replacen('*', "sub", 1),
    }
}

fn of_route(route: &Route, base: &Probe) -> Vec<Probe> {
    let none = RouteMatch::default();
    let matched = route.r#match.as_ref().unwrap_or(&none);
    let Some((path, is_prefix)) = example_of_path(matched).filter(|(path, _)| path.starts_with('/')) else {
        return Vec::new();
    };
    let mut fits = Probe { path: Some(path.clone()), ..base.clone() };
    for header in &matched.headers {
        let value = match &header.specifier {
            _ if header.invert_match => continue,
            Some(HeaderMatch::StringMatch(text)) => example_of_text(text),
            Some(HeaderMatch::RangeMatch(range)) => range.start.to_string(),
            Some(HeaderMatch::PresentMatch(false)) => continue,
            Some(HeaderMatch::PresentMatch(true)) | None => "x".to_owned(),
        };
        match header.name.as_str() {
            ":method" => fits.method = Method(method(&value)),
            ":authority" | "host" => fits.host = value,
            ":scheme" => {}
            name => fits.headers.push((name.to_owned(), value)),
        }
    }
    let query = matched.query_parameters.iter().map(|parameter| match &parameter.specifier {
        Some(QueryParameterMatch::StringMatch(text)) => format!("{}={}", parameter.name, example_of_text(text)),
        _ => format!("{}=1", parameter.name),
    });
    let query: Vec<_> = query.collect();
    let with_query = |path: &str| match query.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{}", query.join("&")),
    };
    fits.path = Some(with_query(&path));
    let mut found = vec![fits.clone()];
    let with = |change: &dyn Fn(&mut Probe)| {
        let mut probe = fits.clone();
        change(&mut probe);
        probe
    };
    let mut paths =
        vec![format!("{path}x"), path.to_uppercase(), format!("{path}?q=1&r=%20"), format!("{path}//a/../b")];
    if is_prefix {
        paths.push(format!("{}/more", path.trim_end_matches('/')));
    }
    paths.push(path.trim_end_matches('/').to_owned());
    paths.retain(|path| path.starts_with('/'));
    found.extend(paths.iter().map(|path| with(&|probe| probe.path = Some(path.clone()))));
    for index in 0..fits.headers.len() {
        found.push(with(&|probe| drop(probe.headers.remove(index))));
        found.push(with(&|probe| probe.headers[index].1.push('x')));
        found.push(with(&|probe| probe.headers[index].1.make_ascii_uppercase()));
    }
    if !query.is_empty() {
        found.push(with(&|probe| probe.path = Some(path.clone())));
    }
    found.push(with(&|probe| probe.method = Method("POST".to_owned())));
    if base.tls.is_none() {
        found.push(with(&|probe| probe.http2 = true));
    }
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    found.push(with(&|probe| {
        probe.headers.push(header("x-request-id", "mine"));
        probe.headers.push(header("x-forwarded-for", "192.0.2.7"));
        probe.headers.push(header("x-forwarded-proto", "https"));
    }));
    if !route.typed_per_filter_config.is_empty() {
        for origin in ["https://shop.example.com", "https://nobody.test"] {
            found.push(with(&|probe| probe.headers.push(header("origin", origin))));
            found.push(with(&|probe| {
                probe.method = Method("OPTIONS".to_owned());
                probe.headers.push(header("origin", origin));
                probe.headers.push(header("access-control-request-method", "GET"));
            }));
        }
    }
    if let Some(Action::Route(action)) = &route.action {
        for (key, policy) in action.hash_policy.iter().flat_map(|policy| (0..6).map(move |key| (key, policy))) {
            found.push(with(&|probe| match &policy.policy {
                Some(HashPolicySpecifier::Header(own)) => {
                    probe.headers.push(header(&own.header_name, &format!("key-{key}")))
                }
                Some(HashPolicySpecifier::Cookie(own)) => {
                    probe.headers.push(header("cookie", &format!("a=b; {}=key-{key}", own.name)));
                }
                Some(HashPolicySpecifier::QueryParameter(own)) => {
                    probe.path = Some(format!("{path}?a=b&{}=key-{key}", own.name));
                }
                _ => {}
            }));
        }
        let answers = [("x-echo-status", "404"), ("x-echo-header", "server=mine"), ("x-echo-header", "x-any=thing")];
        found.extend(answers.map(|(name, value)| with(&|probe| probe.headers.push(header(name, value)))));
        if let Some(timeout) = action.timeout.filter(|timeout| *timeout < SHORT && !timeout.is_zero()) {
            let delay = (timeout + Duration::from_millis(600)).as_millis().to_string();
            found.push(with(&|probe| probe.headers.push(header("x-echo-delay", &delay))));
        }
    }
    found
}

/// The method that begins so. Envoy's HTTP/1 knows no others.
fn method(start: &str) -> String {
    let start = start.trim_end_matches(|c: char| !c.is_ascii_uppercase());
    let known = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"];
    known.into_iter().find(|method| method.starts_with(start)).unwrap_or("GET").to_owned()
}

/// A path that fits, and whether what follows does not matter.
fn example_of_path(matched: &RouteMatch) -> Option<(String, bool)> {
    Some(match matched.path_specifier.as_ref()? {
        PathSpecifier::Prefix(prefix) => (prefix.clone(), true),
        PathSpecifier::PathSeparatedPrefix(prefix) => (prefix.clone(), true),
        PathSpecifier::Path(path) => (path.clone(), false),
        PathSpecifier::SafeRegex(regex) => {
            let example = Re2::parse(&regex.regex).ok()?.example()?;
            (if example.starts_with('/') { example } else { "/a".to_owned() }, false)
        }
        _ => return None,
    })
}

fn example_of_text(text: &StringMatcher) -> String {
    match &text.pattern {
        Some(StringPattern::Exact(text) | StringPattern::Contains(text)) => text.clone(),
        Some(StringPattern::Prefix(text)) => format!("{text}1"),
        Some(StringPattern::Suffix(text)) => format!("a{text}"),
        Some(StringPattern::SafeRegex(regex)) => {
            Re2::parse(&regex.regex).ok().and_then(|regex| regex.example()).unwrap_or_default()
        }
        None => "x".to_owned(),
    }
}
