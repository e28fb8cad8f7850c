//! What is done with the requests of a route (istio 1.31 `pilot/pkg/networking/core/route/route.go`,
//! `applyHTTPRouteDestination`, `ApplyRedirect`).

use std::time::Duration;

use crate::envoy::Json;
use crate::envoy::core::{DataSource, FractionalPercent, RuntimeFractionalPercent};
use crate::envoy::matcher::{RegexMatchAndSubstitute, RegexMatcher};
use crate::envoy::route::{
    Action, ClusterNotFoundResponseCode, ClusterSpecifier, ClusterWeight, DirectResponseAction, HostRewrite,
    PathRewrite, PathSpecifier, RedirectAction, RedirectResponseCode, RequestMirrorPolicy, Route, RouteAction,
    RouteMatch, SchemeRewrite, WeightedCluster,
};
use crate::envoy::scalar::Bytes;
use crate::format::quote_regex;
use crate::model::Str;
use crate::model::virtual_service::{HttpDirectResponse, HttpRedirect, HttpRewrite, HttpRouteDestination};
use crate::translate::push::{Http, Target};

use super::filters::{hundredths, millionths, percentage};
use super::headers::Changes;
use super::http::Environment;
use super::{hashing, retries};

/// `authority` is the host that the headers of the route ask for.
pub(super) fn act<'t>(
    environment: &Environment<'_, 't>,
    http: &Http<'t>,
    authority: Option<String>,
    route: &mut Route,
) {
    route.action = if let Some(written) = http.redirect() {
        redirect(environment, written).map(Action::Redirect)
    } else if let Some(response) = http.field(|route| route.direct_response.as_deref()) {
        Some(Action::DirectResponse(direct_response(response)))
    } else {
        let action = forward(environment, http, authority, route);
        Some(Action::Route(action))
    };
}

/// `None` for a status that Envoy does not redirect with.
fn redirect(environment: &Environment<'_, '_>, written: &HttpRedirect<'_>) -> Option<RedirectAction> {
    let text = |text: Option<Str<'_>>| text.map_or("", |text| text.value).to_owned();
    let scheme = text(written.scheme);
    Some(RedirectAction {
        host_redirect: text(written.authority),
        path_rewrite: Some(match text(written.prefix_rewrite) {
            prefix if !prefix.is_empty() => PathRewrite::PrefixRewrite(prefix),
            _ => PathRewrite::PathRedirect(text(written.uri)),
        }),
        port_redirect: redirect_port(environment, written),
        scheme_rewrite: (!scheme.is_empty()).then_some(SchemeRewrite::SchemeRedirect(scheme)),
        response_code: match written.redirect_code.map_or(0, |code| code.value) {
            0 | 301 => RedirectResponseCode::MovedPermanently,
            302 => RedirectResponseCode::Found,
            303 => RedirectResponseCode::SeeOther,
            307 => RedirectResponseCode::TemporaryRedirect,
            308 => RedirectResponseCode::PermanentRedirect,
            _ => return None,
        },
        ..Default::default()
    })
}

/// 0 if it need not be said.
fn redirect_port(environment: &Environment<'_, '_>, written: &HttpRedirect<'_>) -> u32 {
    let from_request = written.derive_port.is_some_and(|mode| mode.value == "FROM_REQUEST_PORT");
    let port = match written.port {
        Some(port) => port.value,
        None if from_request => environment.port,
        None => return 0,
    };
    let default_scheme = if environment.tls { "https" } else { "http" };
    let scheme = written.scheme.map(|scheme| scheme.value).filter(|scheme| !scheme.is_empty());
    match (port, scheme.unwrap_or(default_scheme)) {
        (80, "http") | (443, "https") => 0,
        (port, _) => port.try_into().unwrap_or_default(),
    }
}

fn direct_response(written: &HttpDirectResponse<'_>) -> DirectResponseAction {
    let body = written.body.as_deref().and_then(|body| match (body.string, body.bytes) {
        (Some(text), _) => Some(DataSource::InlineString(text.value.to_owned())),
        (None, Some(bytes)) => Bytes::read(&bytes.value.into()).ok().map(DataSource::InlineBytes),
        (None, None) => None,
    });
    let status = written.status.and_then(|status| status.value.try_into().ok()).unwrap_or_default();
    DirectResponseAction { status, body, ..Default::default() }
}

fn forward<'t>(
    environment: &Environment<'_, 't>,
    http: &Http<'t>,
    authority: Option<String>,
    route: &mut Route,
) -> RouteAction {
    let timeout = http.field(|route| route.timeout).map_or(Duration::ZERO, |timeout| timeout.value.to_std());
    let mut action = RouteAction {
        timeout: Some(timeout),
        max_grpc_timeout: Some(timeout),
        request_mirror_policies: mirrors(environment, http),
        ..Default::default()
    };
    let by_parts = environment.virtual_service.has_route_semantics();
    if by_parts {
        action.cluster_not_found_response_code = ClusterNotFoundResponseCode::InternalServerError;
    }
    let rewritten = http.field(|route| route.rewrite.as_deref());
    if let Some(written) = rewritten {
        rewrite(written, &mut action);
        if by_parts && action.prefix_rewrite == "/" {
            action.prefix_rewrite.clear();
            action.regex_rewrite = route.r#match.as_ref().map(without_prefix);
        }
        action.append_x_forwarded_host = environment.context.proxy.settings.headers.forwarded_host;
    }
    let rewritten = rewritten.and_then(|rewrite| rewrite.authority).filter(|authority| !authority.is_empty());
    let authority = rewritten.map(|authority| authority.value.to_owned()).or(authority);
    action.host_rewrite = authority.map(HostRewrite::HostRewriteLiteral);
    let sticky = match http.route() {
        [single] => to_cluster(environment, http, single, &mut action, route),
        several => {
            to_clusters(environment, http, several, &mut action);
            false
        }
    };
    let config = environment.context.push.mesh.settings.config.as_ref();
    let default = || config?.default_http_retry_policy.as_deref();
    let written = http.field(|route| route.retries.as_deref()).or_else(default);
    action.retry_policy = retries::policy(written, sticky);
    action
}

fn rewrite(written: &HttpRewrite<'_>, action: &mut RouteAction) {
    let text = |text: Option<Str<'_>>| text.map_or("", |text| text.value).to_owned();
    if let Some(regex) = &written.uri_regex_rewrite {
        action.regex_rewrite = Some(RegexMatchAndSubstitute {
            pattern: Some(RegexMatcher::new(text(regex.r#match))),
            substitution: text(regex.rewrite),
            ..Default::default()
        });
    } else {
        action.prefix_rewrite = text(written.uri);
    }
}

/// A rewrite of the prefix that was matched to nothing leaves one slash, whatever followed.
fn without_prefix(matched: &RouteMatch) -> RegexMatchAndSubstitute {
    let prefix = match &matched.path_specifier {
        Some(PathSpecifier::PathSeparatedPrefix(prefix)) => prefix.as_str(),
        _ => "",
    };
    RegexMatchAndSubstitute {
        pattern: Some(RegexMatcher::new(format!("^{}(/?)(.*)", quote_regex(prefix)))),
        substitution: r"/\2".to_owned(),
        ..Default::default()
    }
}

fn target<'t>(environment: &Environment<'_, 't>, http: &Http<'t>, weighted: &HttpRouteDestination<'t>) -> Target<'t> {
    match &weighted.destination {
        Some(destination) => http.target(environment.context.push.mesh, destination),
        None => Target { host: Default::default(), subset: "", port: None },
    }
}

/// The only destination: what it says about headers is said of the route. Tells whether requests stick to endpoints.
fn to_cluster<'t>(
    environment: &Environment<'_, 't>,
    http: &Http<'t>,
    single: &HttpRouteDestination<'t>,
    action: &mut RouteAction,
    route: &mut Route,
) -> bool {
    let target = target(environment, http, single);
    action.cluster_specifier = Some(ClusterSpecifier::Cluster((environment.cluster)(&target)));
    let changes = Changes::of(single.headers.as_deref());
    route.request_headers_to_add.extend(changes.request_add);
    route.request_headers_to_remove.extend(changes.request_remove);
    route.response_headers_to_add.extend(changes.response_add);
    route.response_headers_to_remove.extend(changes.response_remove);
    if action.host_rewrite.is_none() {
        action.host_rewrite = changes.authority.map(HostRewrite::HostRewriteLiteral);
    }
    let hash = hashing::of_destination(environment.context, &target);
    action.hash_policy.extend(hash.and_then(hashing::policy));
    hash.is_some()
}

fn to_clusters<'t>(
    environment: &Environment<'_, 't>,
    http: &Http<'t>,
    several: &[HttpRouteDestination<'t>],
    action: &mut RouteAction,
) {
    let mut clusters = Vec::new();
    for weighted in several {
        let weight = weighted.weight.and_then(|weight| weight.value.try_into().ok()).unwrap_or_default();
        if weight == 0 {
            continue;
        }
        let target = target(environment, http, weighted);
        let changes = Changes::of(weighted.headers.as_deref());
        clusters.push(ClusterWeight {
            name: (environment.cluster)(&target),
            weight: Some(weight),
            request_headers_to_add: changes.request_add,
            request_headers_to_remove: changes.request_remove,
            response_headers_to_add: changes.response_add,
            response_headers_to_remove: changes.response_remove,
            host_rewrite_literal: changes.authority,
            ..Default::default()
        });
        action.hash_policy.extend(hashing::of_destination(environment.context, &target).and_then(hashing::policy));
    }
    let weighted = WeightedCluster { clusters, ..Default::default() };
    action.cluster_specifier = Some(ClusterSpecifier::WeightedClusters(weighted));
}

/// Where copies of requests go. Without a percentage all are copied, with one of 0 none.
fn mirrors<'t>(environment: &Environment<'_, 't>, http: &Http<'t>) -> Vec<RequestMirrorPolicy> {
    let mesh = environment.context.push.mesh;
    let all = || Some(hundredths(100));
    let part = |percent: f64| (percent > 0.0).then(|| millionths(percent));
    let first = http.mirror(mesh).and_then(|target| {
        let percent = http.field(|route| route.mirror_percentage.as_ref());
        let old_percent = http.field(|route| route.mirror_percent);
        let fraction = match (percent, old_percent) {
            (Some(percent), _) => part(percentage(percent)),
            (None, Some(percent)) => (percent.value > 0).then(|| hundredths(percent.value)),
            (None, None) => all(),
        };
        Some(mirror_policy(environment, &target, fraction?))
    });
    let more = http.mirrors(mesh).into_iter().filter_map(|(target, percent)| {
        let fraction = percent.map_or_else(all, part)?;
        Some(mirror_policy(environment, &target, fraction))
    });
    first.into_iter().chain(more).collect()
}

fn mirror_policy<'t>(
    environment: &Environment<'_, 't>,
    target: &Target<'t>,
    fraction: FractionalPercent,
) -> RequestMirrorPolicy {
    RequestMirrorPolicy {
        cluster: (environment.cluster)(target),
        runtime_fraction: Some(RuntimeFractionalPercent { default_value: Some(fraction), ..Default::default() }),
        trace_sampled: Some(false),
        disable_shadow_host_suffix_append: true,
        ..Default::default()
    }
}
