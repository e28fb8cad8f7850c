//! Which requests a route is for (istio 1.31 `pilot/pkg/networking/core/route/route.go`, `TranslateRouteMatch`).

use crate::envoy::matcher::{
    ListMatcher, MetadataMatcher, OrMatcher, PathSegment, RegexMatcher, StringMatcher, ValueMatcher,
};
use crate::envoy::route::{
    HeaderMatch, HeaderMatcher, PathSpecifier, QueryParameterMatch, QueryParameterMatcher, RouteMatch,
};
use crate::format::JwtClaim;
use crate::model::virtual_service::{HttpMatchRequest, StringMatch, StringMatchKind};

/// The match of a route that has no conditions.
pub(super) fn everything() -> RouteMatch {
    RouteMatch { path_specifier: Some(PathSpecifier::Prefix("/".to_owned())), ..Default::default() }
}

/// With the semantics of the Gateway API a prefix ends where a part of the path does.
pub(super) fn route_match(request: &HttpMatchRequest<'_>, whole_parts: bool) -> RouteMatch {
    let ignore_case = request.ignore_uri_case.is_some_and(|on| on.value);
    let mut matched = RouteMatch { case_sensitive: Some(!ignore_case), ..everything() };
    if let Some(kind) = request.uri.as_ref().and_then(|uri| uri.kind()) {
        matched.path_specifier = Some(match kind {
            StringMatchKind::Prefix(text) if whole_parts && text != "/" => {
                PathSpecifier::PathSeparatedPrefix(text.strip_suffix('/').unwrap_or(text).to_owned())
            }
            kind => path(kind),
        });
    }
    for (headers, inverted) in [(&request.headers, false), (&request.without_headers, true)] {
        for (name, text) in headers.iter() {
            match JwtClaim::parse(name.value) {
                Ok(claim) => matched.dynamic_metadata.push(claim_matcher(claim, text, inverted)),
                Err(_) => matched.headers.push(header(name.value, text, inverted)),
            }
        }
    }
    matched.headers.sort_by(|left, right| left.name.cmp(&right.name));
    matched.dynamic_metadata.sort_by(|left, right| keys(left).cmp(keys(right)));
    let pseudo_headers =
        [(":method", &request.method), (":authority", &request.authority), (":scheme", &request.scheme)];
    for (name, text) in pseudo_headers {
        matched.headers.extend(text.as_ref().map(|text| header(name, text, false)));
    }
    matched.query_parameters = request.query_params.iter().map(|(name, text)| query(name.value, text)).collect();
    matched.query_parameters.sort_by(|left, right| left.name.cmp(&right.name));
    matched
}

/// Whether no request gets past a route: whatever follows it is never used. What comes to the same but is written in
/// another way does not count.
pub(in crate::translate) fn is_catch_all(matched: &RouteMatch) -> bool {
    let any_path = match &matched.path_specifier {
        Some(PathSpecifier::Prefix(prefix) | PathSpecifier::PathSeparatedPrefix(prefix)) => prefix == "/",
        Some(PathSpecifier::SafeRegex(pattern)) => pattern.regex == ".*",
        _ => false,
    };
    any_path && matched.headers.is_empty() && matched.query_parameters.is_empty() && matched.dynamic_metadata.is_empty()
}

fn path(kind: StringMatchKind<'_>) -> PathSpecifier {
    match kind {
        StringMatchKind::Exact(text) => PathSpecifier::Path(text.to_owned()),
        StringMatchKind::Prefix(text) => PathSpecifier::Prefix(text.to_owned()),
        StringMatchKind::Regex(text) => PathSpecifier::SafeRegex(RegexMatcher::new(text)),
    }
}

pub(super) fn string_matcher(kind: StringMatchKind<'_>) -> StringMatcher {
    match kind {
        StringMatchKind::Exact(text) => StringMatcher::exact(text),
        StringMatchKind::Prefix(text) => StringMatcher::prefix(text),
        StringMatchKind::Regex(text) => StringMatcher::regex(text),
    }
}

/// `None`: only that there is a value matters. `*` is no regular expression, but it is what many wrote for that.
fn condition(text: &StringMatch<'_>) -> Option<StringMatcher> {
    text.kind().filter(|kind| *kind != StringMatchKind::Regex("*")).map(string_matcher)
}

fn header(name: &str, text: &StringMatch<'_>, inverted: bool) -> HeaderMatcher {
    let condition = condition(text);
    HeaderMatcher {
        invert_match: inverted,
        // Envoy refuses it together with `present_match`.
        treat_missing_header_as_empty: inverted && condition.is_some(),
        ..HeaderMatcher::new(name, condition.map_or(HeaderMatch::PresentMatch(true), HeaderMatch::StringMatch))
    }
}

fn query(name: &str, text: &StringMatch<'_>) -> QueryParameterMatcher {
    let condition = condition(text);
    let specifier = condition.map_or(QueryParameterMatch::PresentMatch(true), QueryParameterMatch::StringMatch);
    QueryParameterMatcher { name: name.to_owned(), specifier: Some(specifier), ..Default::default() }
}

/// A claim of the token that was checked: it is the text, or a list that has it.
fn claim_matcher(claim: JwtClaim<'_>, text: &StringMatch<'_>, invert: bool) -> MetadataMatcher {
    let value = ValueMatcher::StringMatch(text.kind().map(string_matcher).unwrap_or_default());
    let element = ValueMatcher::ListMatch(ListMatcher::OneOf(Box::new(value.clone())));
    let segment = |key: &str| PathSegment { key: Some(key.to_owned()), ..Default::default() };
    MetadataMatcher {
        filter: "envoy.filters.http.jwt_authn".to_owned(),
        path: ["payload"].into_iter().chain(claim.path()).map(segment).collect(),
        value: Some(ValueMatcher::OrMatch(OrMatcher { value_matchers: vec![element, value], ..Default::default() })),
        invert,
        ..Default::default()
    }
}

fn keys(matcher: &MetadataMatcher) -> impl Iterator<Item = &str> {
    matcher.path.iter().filter_map(|segment| segment.key.as_deref())
}
