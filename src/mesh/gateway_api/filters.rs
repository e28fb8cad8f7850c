use crate::model::gateway_api::{
    Fraction, HeaderFilter, HeaderValue, PathModifier, RequestMirror, RequestRedirect, RouteFilter, UrlRewrite,
};
use crate::model::virtual_service::{
    CorsPolicy, HeaderOperations, Headers, HttpMirrorPolicy, HttpRedirect, HttpRewrite, HttpRoute, Percent,
    RegexRewrite, StringMatch,
};
use crate::model::{Bool, Float, Labels, Located, Meta, Str};
use crate::yaml::Node;

use super::backends::{Unusable, destination};
use super::maker::{Maker, blank, plain};

/// What the filters of a rule ask for becomes part of the HTTP route.
pub(super) fn apply<'m>(
    maker: &Maker<'_, 'm>,
    route: &Meta<'m>,
    filters: &[RouteFilter<'m>],
    needs_grant: bool,
    made: &mut HttpRoute<'m>,
) -> Result<(), Unusable> {
    for filter in filters {
        match plain(filter.r#type) {
            "RequestRedirect" => made.redirect = filter.request_redirect.as_ref().map(|own| redirect(route, own)),
            "RequestMirror" => {
                let Some(own) = &filter.request_mirror else { continue };
                // A mirror that cannot be used is left out.
                made.mirrors.extend(mirror(maker, route, own, needs_grant));
            }
            "URLRewrite" => made.rewrite = filter.url_rewrite.as_ref().and_then(|own| rewrite(maker, route, own)),
            "CORS" => made.cors_policy = filter.cors.map(|own| Box::new(cors(maker, route, own))),
            _ => apply_headers(maker, route, filter, &mut made.headers)?,
        }
    }
    Ok(())
}

/// The filters that backends may have, too.
pub(super) fn apply_headers<'m>(
    maker: &Maker<'_, 'm>,
    route: &Meta<'m>,
    filter: &RouteFilter<'m>,
    made: &mut Option<Box<Headers<'m>>>,
) -> Result<(), Unusable> {
    let (own, is_request) = match plain(filter.r#type) {
        "RequestHeaderModifier" => (&filter.request_header_modifier, true),
        "ResponseHeaderModifier" => (&filter.response_header_modifier, false),
        _ => return Err(Unusable),
    };
    let Some(own) = own else { return Ok(()) };
    let operations = Some(Box::new(operations(maker, route, own)?));
    let headers = made.get_or_insert_with(|| Box::new(blank(route)));
    match is_request {
        true => headers.request = operations,
        false => headers.response = operations,
    }
    Ok(())
}

fn operations<'m>(
    maker: &Maker<'_, 'm>,
    route: &Meta<'m>,
    own: &HeaderFilter<'m>,
) -> Result<HeaderOperations<'m>, Unusable> {
    let legal = |text: &str| text.bytes().all(|byte| byte == b'\t' || byte >= b' ' && byte != 0x7f);
    if own.set.iter().chain(&own.add).any(|header| !legal(plain(header.value))) {
        return Err(Unusable);
    }
    Ok(HeaderOperations {
        set: header_map(maker, &own.set),
        add: header_map(maker, &own.add),
        remove: own.remove.clone(),
        ..blank(route)
    })
}

/// Of headers with the same name the first counts.
fn header_map<'m>(maker: &Maker<'_, 'm>, headers: &[HeaderValue<'m>]) -> Labels<'m> {
    let named = headers.iter().rev().filter_map(|header| {
        let name = header.name?;
        let value = header.value.unwrap_or(Str { value: "", at: name.at });
        Some((maker.text(name.value.to_ascii_lowercase(), name.at), value))
    });
    named.collect()
}

fn mirror<'m>(
    maker: &Maker<'_, 'm>,
    route: &Meta<'m>,
    own: &RequestMirror<'m>,
    needs_grant: bool,
) -> Option<HttpMirrorPolicy<'m>> {
    let destination = destination(maker, route, own.backend_ref.as_ref()?.into(), needs_grant).ok()?;
    destination.host?;
    let at = own.node.head();
    let percent = own.fraction.as_ref().map(fraction).or(own.percent.map(|percent| percent.value as f64));
    let percentage = percent.map(|value| Percent { node: own.node, value: Some(Float { value, at }) });
    Some(HttpMirrorPolicy { node: own.node, destination: Some(destination), percentage })
}

fn fraction(own: &Fraction<'_>) -> f64 {
    let number = |number: Option<crate::model::Int>, default| number.map_or(default, |number| number.value) as f64;
    100.0 * number(own.numerator, 0) / number(own.denominator, 100)
}

/// How a path is changed: as a whole, or only the part that was matched.
enum NewPath<'m> {
    Full(Str<'m>),
    Prefix(Str<'m>),
}

fn new_path<'m>(own: Option<&PathModifier<'m>>) -> Option<NewPath<'m>> {
    let own = own?;
    match plain(own.r#type) {
        "ReplaceFullPath" => own.replace_full_path.map(NewPath::Full),
        "ReplacePrefixMatch" => own.replace_prefix_match.map(NewPath::Prefix),
        _ => None,
    }
}

fn redirect<'m>(route: &Meta<'m>, own: &RequestRedirect<'m>) -> Box<HttpRedirect<'m>> {
    // Without scheme and port, the port stays what it was.
    let derive = if own.scheme.is_some() { "FROM_PROTOCOL_DEFAULT" } else { "FROM_REQUEST_PORT" };
    let mut made: HttpRedirect<'m> = HttpRedirect {
        node: own.node,
        redirect_code: own.status_code,
        authority: own.hostname,
        scheme: own.scheme,
        port: own.port,
        derive_port: own.port.is_none().then(|| Str { value: derive, at: own.node.head() }),
        ..blank(route)
    };
    match new_path(own.path.as_ref()) {
        Some(NewPath::Full(path)) => made.uri = Some(path),
        Some(NewPath::Prefix(path)) => made.prefix_rewrite = Some(path),
        None => {}
    }
    Box::new(made)
}

/// `None` if nothing is changed.
fn rewrite<'m>(maker: &Maker<'_, 'm>, route: &Meta<'m>, own: &UrlRewrite<'m>) -> Option<Box<HttpRewrite<'m>>> {
    let mut made: HttpRewrite<'m> = HttpRewrite { node: own.node, authority: own.hostname, ..blank(route) };
    match new_path(own.path.as_ref()) {
        Some(NewPath::Full(path)) => {
            let everything = Str { value: "/.*", at: path.at };
            let regex = RegexRewrite { node: own.node, r#match: Some(everything), rewrite: Some(path) };
            made.uri_regex_rewrite = Some(Box::new(regex));
        }
        Some(NewPath::Prefix(path)) => {
            let prefix = path.value.strip_suffix('/').unwrap_or(path.value);
            made.uri = Some(maker.text(if prefix.is_empty() { "/" } else { prefix }.to_owned(), path.at));
        }
        None => {}
    }
    (made.authority.is_some() || made.uri.is_some() || made.uri_regex_rewrite.is_some()).then(|| Box::new(made))
}

fn cors<'m>(maker: &Maker<'_, 'm>, route: &Meta<'m>, own: Node<'m>) -> CorsPolicy<'m> {
    let at = own.head();
    let list = |key: &str| {
        let items = own.get(key).into_iter().flat_map(|list| list.items());
        items.filter_map(|item| Some(Str { value: item.as_str()?, at: item.at() })).collect::<Vec<_>>()
    };
    let on = own.get("allowCredentials").and_then(|node| node.scalar()) == Some(crate::yaml::Scalar::Bool(true));
    let seconds = own.get("maxAge").and_then(|node| node.raw().parse::<u64>().ok()).filter(|seconds| *seconds > 0);
    let age = seconds.and_then(|seconds| crate::format::Duration::parse(&format!("{seconds}s")).ok());
    CorsPolicy {
        node: own,
        allow_origins: list("allowOrigins").into_iter().map(|origin| origin_match(maker, route, origin)).collect(),
        allow_methods: list("allowMethods"),
        allow_headers: list("allowHeaders"),
        expose_headers: list("exposeHeaders"),
        max_age: age.map(|value| Located { value, at }),
        allow_credentials: on.then_some(Bool { value: true, at }),
        unmatched_preflights: Some(Str { value: "IGNORE", at }),
        ..blank(route)
    }
}

/// A `*` stands for any text; alone, for any origin.
fn origin_match<'m>(maker: &Maker<'_, 'm>, route: &Meta<'m>, origin: Str<'m>) -> StringMatch<'m> {
    const ANY: &str = r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s?#]+$";
    let blank = || blank::<StringMatch<'m>>(route);
    let at = origin.at;
    match origin.value.split_once('*') {
        None => StringMatch { exact: Some(origin), ..blank() },
        Some(("", "")) => StringMatch { regex: Some(Str { value: ANY, at }), ..blank() },
        Some((prefix, "")) => StringMatch { prefix: Some(Str { value: prefix, at }), ..blank() },
        Some(_) => {
            let parts: Vec<_> = origin.value.split('*').map(crate::format::quote_regex).collect();
            StringMatch { regex: Some(maker.text(format!("^{}$", parts.join(".*")), at)), ..blank() }
        }
    }
}
