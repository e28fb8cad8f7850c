use crate::mesh::{Mesh, ServerRef};
use crate::model::virtual_service::{HttpMatchRequest, HttpRedirect, HttpRoute, StringMatchKind, VirtualService};
use crate::model::{Object, Str};
use crate::rules::Report;

/// A redirect must not lead back to itself.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for (index, route) in service.spec.http.iter().enumerate() {
        let Some(redirect) = &route.redirect else { continue };
        let at = route.node.key_at("redirect").unwrap_or(route.node.head());
        if let Some(server) = https_again(mesh, service, index) {
            let draft = report.at(&service.meta, at, "requests over HTTPS are redirected to HTTPS again");
            let draft = draft.label("endless: clients give up with \"too many redirects\"");
            let draft = match server.server.port.as_ref().and_then(|port| port.number) {
                Some(number) => draft.related(number.at, "this server answers HTTPS"),
                None => draft,
            };
            draft.help("redirect on the port for HTTP only: add `port: 80` to each match, or use `httpsRedirect` of the server");
        } else if let Some(path) = same_place(redirect).and_then(|path| returns(&service.spec, index, path)) {
            let message = format!("the redirect to `{path}` leads back to this rule");
            let draft =
                report.at(&service.meta, at, message).label("endless: clients give up with \"too many redirects\"");
            draft.help("redirect to a path that no redirect matches");
        }
    }
}

/// The server that ends TLS for a host of the VirtualService, if requests that come over it are sent to `https` again.
fn https_again<'m>(mesh: &Mesh<'m>, service: &Object<'m, VirtualService<'m>>, index: usize) -> Option<ServerRef<'m>> {
    let route = &service.spec.http[index];
    let redirect = route.redirect.as_ref()?;
    let to_https = redirect.scheme.is_some_and(|scheme| scheme.value.eq_ignore_ascii_case("https"));
    let elsewhere = redirect.authority.is_some() || redirect.port.is_some() || redirect.uri.is_some();
    if !to_https || elsewhere {
        return None;
    }
    let namespace = service.meta.namespace;
    let gateways =
        mesh.bound_gateways(service).filter_map(|bound| bound.gateway.found().map(|gateway| (bound, gateway)));
    let servers = gateways.flat_map(|(bound, gateway)| mesh.servers(gateway).map(move |server| (bound.text, server)));
    let mut serving = servers.filter(|(_, server)| {
        let full_names = service.spec.hosts.iter().map(|host| mesh.full_name(host.value, namespace));
        server.protocol().is_tls()
            && server.terminates_tls()
            && full_names.into_iter().any(|host| server.accepts(&host, namespace))
    });
    let earlier = &service.spec.http[..index];
    let over_tls = |request: &HttpMatchRequest<'_>, name: &Str<'_>, port: Option<i64>| {
        request.port.is_none_or(|own| Some(own.value) == port)
            && (request.gateways.is_empty() || request.gateways.iter().any(|own| own.value == name.value))
            && !is_for_http(request)
    };
    serving
        .find(|(name, server)| {
            let taken = earlier.iter().any(|route| is_for_https(route, server.port()));
            let requests = &route.r#match;
            !taken && (requests.is_empty() || requests.iter().any(|request| over_tls(request, name, server.port())))
        })
        .map(|(_, server)| server)
}

/// Whether a match looks at how the client came: by scheme, or by the header that tells it.
fn is_for_http(request: &HttpMatchRequest<'_>) -> bool {
    let header = |name: &Str<'_>| name.value.eq_ignore_ascii_case("x-forwarded-proto");
    let other_scheme =
        request.scheme.as_ref().is_some_and(|scheme| !matches!(scheme.kind(), Some(StringMatchKind::Exact("https"))));
    other_scheme || request.headers.iter().chain(request.without_headers.iter()).any(|(name, _)| header(name))
}

/// Whether a rule is meant for requests over HTTPS, so that a later one does not see (all of) them.
fn is_for_https(route: &HttpRoute<'_>, port: Option<i64>) -> bool {
    route.r#match.is_empty()
        || route.r#match.iter().any(|request| {
            let scheme =
                request.scheme.as_ref().is_some_and(|scheme| scheme.kind() == Some(StringMatchKind::Exact("https")));
            let header = request.headers.iter().any(|(name, _)| name.value.eq_ignore_ascii_case("x-forwarded-proto"));
            scheme || header || request.port.is_some_and(|own| Some(own.value) == port)
        })
}

/// The new path of a redirect that changes nothing else.
fn same_place<'a>(redirect: &HttpRedirect<'a>) -> Option<&'a str> {
    let elsewhere = redirect.scheme.is_some() || redirect.authority.is_some() || redirect.port.is_some();
    redirect.uri.filter(|uri| !elsewhere && !uri.value.contains('%')).map(|uri| uri.value)
}

/// Follows a redirect from rule to rule: the path, if it comes back to the first.
fn returns<'a>(service: &VirtualService<'a>, first: usize, path: &'a str) -> Option<&'a str> {
    let mut at = path;
    for _ in 0..service.http.len() {
        let index = rule_of(service, at)?;
        if index == first {
            return Some(path);
        }
        at = same_place(service.http[index].redirect.as_ref()?)?;
    }
    None
}

/// The rule that certainly takes every request for `path`; `None` if it depends on more than the path.
fn rule_of(service: &VirtualService<'_>, path: &str) -> Option<usize> {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    for (index, route) in service.http.iter().enumerate() {
        if route.r#match.is_empty() {
            return Some(index);
        }
        for request in &route.r#match {
            let fits = match request.uri.as_ref().and_then(|uri| uri.kind()) {
                None => true,
                Some(StringMatchKind::Exact(exact)) => exact == path,
                Some(StringMatchKind::Prefix(prefix)) => path.starts_with(prefix),
                Some(StringMatchKind::Regex(_)) => return None,
            };
            let only_path = request.node.entries().all(|entry| matches!(&*entry.key.key_text(), "uri" | "name"));
            match (fits, only_path) {
                (true, true) => return Some(index),
                (true, false) => return None,
                (false, _) => {}
            }
        }
    }
    None
}
