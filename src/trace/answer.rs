//! What a proxy does with a request that it does not merely pass on as it is: answers, delays, changes.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::envoy::core::{DataSource, DenominatorType, FractionalPercent, HeaderAppendAction};
use crate::envoy::http_filter::{AbortError, CorsPolicy, HttpFault};
use crate::envoy::matcher::{StringMatcher, StringPattern};
use crate::envoy::route::{
    ClusterWeight, DirectResponseAction, HostRewrite, RedirectAction, RedirectResponseCode, RouteAction,
};
use crate::format::Re2;

use super::call::Request;
use super::matching::{HeaderTest, TextTest};
use super::path::{location, replace_matches, replace_prefix};
use super::taken::Changes;

/// A response that the proxy makes itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Of a redirect.
    pub location: Option<String>,
    pub body: String,
    /// The value of `www-authenticate`.
    pub challenge: Option<String>,
    /// Which part of the proxy answers.
    pub by: By,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The path cannot be read.
    Path,
    Authentication,
    Authorization,
    Fault,
    Cors,
    /// No virtual host is for the host.
    NoHost,
    NoRoute,
    DirectResponse,
    Redirect,
    /// The virtual host wants HTTPS.
    HttpsRedirect,
    /// The cluster of the route does not exist.
    NoCluster,
    /// The route has no action that could be executed.
    NoAction,
}

/// What happens to a part of the requests, in millionths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub delay: Option<(Duration, u64)>,
    pub abort: Option<(Abort, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abort {
    Http(u16),
    Grpc(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cors {
    /// The proxy answers whether the origin may send the request that it asks about.
    Preflight { allowed: bool },
    /// The request goes on; the response says that the origin may read it, or does not.
    Request { allowed: bool },
}

impl By {
    /// Why there is an answer, in words.
    pub fn text(self) -> &'static str {
        match self {
            By::Path => "the path cannot be read",
            By::Authentication => "the token is refused",
            By::Authorization => "policies deny it",
            By::Fault => "the fault is injected",
            By::Cors => "the preflight is answered",
            By::NoHost => "no virtual host is for the host",
            By::NoRoute => "no route takes the request",
            By::DirectResponse => "the route answers",
            By::Redirect => "the route redirects",
            By::HttpsRedirect => "the virtual host redirects to HTTPS",
            By::NoCluster => "the cluster of the route does not exist",
            By::NoAction => "the route has no action",
        }
    }
}

/// All requests, as [`parts_of_a_million`] counts.
pub const ALL: u64 = 1_000_000;

pub fn parts_of_a_million(fraction: &FractionalPercent) -> u64 {
    let factor = match fraction.denominator {
        DenominatorType::Hundred => 10_000,
        DenominatorType::TenThousand => 100,
        _ => 1,
    };
    (u64::from(fraction.numerator) * factor).min(ALL)
}

impl Answer {
    pub fn new(status: u16, body: impl Into<String>, by: By) -> Self {
        Self { status, location: None, body: body.into(), challenge: None, by }
    }

    pub fn redirect(redirect: &RedirectAction, request: &Request, matched: usize) -> Self {
        let status = match redirect.response_code {
            RedirectResponseCode::Found => 302,
            RedirectResponseCode::SeeOther => 303,
            RedirectResponseCode::TemporaryRedirect => 307,
            RedirectResponseCode::PermanentRedirect => 308,
            _ => 301,
        };
        Self { location: Some(location(redirect, request, matched)), ..Self::new(status, "", By::Redirect) }
    }

    /// To the same place by HTTPS; the port stays.
    pub fn https(request: &Request) -> Self {
        let location = format!("https://{}{}", request.authority, request.path);
        Self { location: Some(location), ..Self::new(301, "", By::HttpsRedirect) }
    }

    /// One that says that something is made, or is elsewhere, tells the place: that of the request.
    pub fn direct(response: &DirectResponseAction, request: &Request) -> Self {
        let body = match &response.body {
            Some(DataSource::InlineString(text)) => text.clone(),
            Some(DataSource::InlineBytes(bytes)) => String::from_utf8_lossy(&bytes.0).into_owned(),
            _ => String::new(),
        };
        let status = response.status.try_into().unwrap_or(500);
        let tells = status == 201 || (300..400).contains(&status);
        let location = tells.then(|| format!("{}://{}{}", request.scheme, request.authority, request.path));
        Self { location, ..Self::new(status, body, By::DirectResponse) }
    }
}

impl Fault {
    /// What a fault filter does to the request; `None` if nothing ever.
    pub fn new(fault: &HttpFault, request: &Request) -> Option<Self> {
        if !fault.headers.iter().all(|matcher| HeaderTest::new(matcher).matches(request)) {
            return None;
        }
        let part = |percentage: &Option<FractionalPercent>| percentage.as_ref().map_or(0, parts_of_a_million);
        let delay = fault.delay.as_ref().and_then(|delay| Some((delay.fixed_delay?, part(&delay.percentage))));
        let abort = fault.abort.as_ref().and_then(|abort| {
            let kind = match abort.error.as_ref()? {
                AbortError::HttpStatus(status) => Abort::Http((*status).try_into().ok()?),
                AbortError::GrpcStatus(status) => Abort::Grpc(*status),
            };
            Some((kind, part(&abort.percentage)))
        });
        let happens = |part: u64| part > 0;
        let fault =
            Self { delay: delay.filter(|(_, part)| happens(*part)), abort: abort.filter(|(_, part)| happens(*part)) };
        (fault.delay.is_some() || fault.abort.is_some()).then_some(fault)
    }

    /// The answer to every request.
    pub fn answer(&self) -> Option<Answer> {
        let (abort, ALL) = self.abort? else { return None };
        let status = if let Abort::Http(status) = abort { status } else { 200 };
        Some(Answer::new(status, "fault filter abort", By::Fault))
    }
}

impl Cors {
    /// `None` for requests that tell no origin.
    pub fn new(policy: &CorsPolicy, request: &Request) -> Option<Self> {
        let origin = request.headers.get("origin")?;
        let enabled = policy.filter_enabled.as_ref().is_none_or(|enabled| super::route_table::millionths(enabled) > 0);
        if !enabled {
            return None;
        }
        let fits = |matcher: &StringMatcher| match &matcher.pattern {
            Some(StringPattern::SafeRegex(regex)) => {
                Re2::shared(&regex.regex).is_some_and(|regex| regex.full_match(origin))
            }
            _ => TextTest::new(matcher).matches(origin),
        };
        let any = |matcher: &StringMatcher| *matcher == StringMatcher::exact("*");
        let allowed = policy.allow_origin_string_match.iter().any(|matcher| any(matcher) || fits(matcher));
        Some(match request.is_preflight() {
            // One for another origin is passed on, unless that is turned off.
            true if allowed || policy.forward_not_matching_preflights == Some(false) => Cors::Preflight { allowed },
            _ => Cors::Request { allowed },
        })
    }
}

/// A message whose headers can be changed.
pub trait Message {
    fn has(&self, name: &str) -> bool;
    fn add(&mut self, name: &str, value: String);
    /// Replaces all values.
    fn set(&mut self, name: &str, value: String);
    fn remove(&mut self, name: &str);
}

/// Carries out changes of headers. What is removed is removed first, and values are made before any of them is set (Envoy
/// 1.40 `source/common/router/header_parser.cc`). `value` says what the text of a value stands for.
pub fn change<M: Message>(
    message: &mut M,
    (to_add, to_remove): Changes<'_>,
    value: &mut dyn FnMut(&str, &M) -> String,
) {
    for name in to_remove {
        message.remove(name);
    }
    let values = to_add.iter().filter_map(|option| {
        let header = option.header.as_ref()?;
        let value = value(&header.value, message);
        (option.keep_empty_value || !value.is_empty()).then_some((option.append_action, &header.key, value))
    });
    for (action, name, value) in values.collect::<Vec<_>>() {
        match action {
            HeaderAppendAction::AddIfAbsent if message.has(name) => {}
            HeaderAppendAction::OverwriteIfExists if !message.has(name) => {}
            HeaderAppendAction::OverwriteIfExists | HeaderAppendAction::OverwriteIfExistsOrAdd => {
                message.set(name, value);
            }
            _ => message.add(name, value),
        }
    }
}

impl Message for Request {
    fn has(&self, name: &str) -> bool {
        self.headers.has(name)
    }

    fn add(&mut self, name: &str, value: String) {
        self.headers.add(name, value);
    }

    fn set(&mut self, name: &str, value: String) {
        self.headers.set(name, value);
    }

    fn remove(&mut self, name: &str) {
        self.headers.remove(name);
    }
}

impl Message for HeaderMap {
    fn has(&self, name: &str) -> bool {
        self.contains_key(name)
    }

    fn add(&mut self, name: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::try_from(value)) {
            self.append(name, value);
        }
    }

    fn set(&mut self, name: &str, value: String) {
        self.remove(name);
        self.add(name, value);
    }

    fn remove(&mut self, name: &str) {
        HeaderMap::remove(self, name);
    }
}

/// The value of a header with what it quotes of the request. Variables that are known only while Envoy runs stay.
pub fn substitute(value: &str, request: &Request) -> String {
    let mut result = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('%') {
        result.push_str(before);
        let Some((command, next)) = after.split_once('%') else {
            result.push('%');
            rest = after;
            continue;
        };
        match command {
            "" => result.push('%'),
            "PROTOCOL" => result.push_str(match request.version {
                super::call::Version::Http1 => "HTTP/1.1",
                super::call::Version::Http2 => "HTTP/2",
            }),
            _ => match command.strip_prefix("REQ(").and_then(|rest| rest.strip_suffix(')')) {
                Some(name) => {
                    let (name, other) = name.split_once('?').unwrap_or((name, ""));
                    result.push_str(
                        first_value(request, name).or_else(|| first_value(request, other)).unwrap_or_default(),
                    );
                }
                None => result.push_str(&format!("%{command}%")),
            },
        }
        rest = next;
    }
    result + rest
}

/// Of a header or pseudo-header.
fn first_value<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    match name.to_ascii_lowercase().as_str() {
        ":method" => Some(&request.method),
        ":authority" | "host" => Some(&request.authority),
        ":scheme" => Some(&request.scheme),
        ":path" => Some(&request.path),
        _ => request.headers.get(name),
    }
}

pub fn rewrite_host(request: &mut Request, action: &RouteAction, host: String) {
    if host == request.authority {
        return;
    }
    let original = std::mem::replace(&mut request.authority, host);
    if action.append_x_forwarded_host {
        request.headers.add("x-forwarded-host", original.clone());
    }
    request.headers.set("x-envoy-original-host", original);
}

/// Rewrites path and host as a route asks for. `matched` is how much of the path the route matched.
pub fn rewrite(request: &mut Request, action: &RouteAction, weight: Option<&ClusterWeight>, matched: usize) {
    let own = weight.and_then(|weight| weight.host_rewrite_literal.clone()).filter(|host| !host.is_empty());
    let host = own.or_else(|| match &action.host_rewrite {
        Some(HostRewrite::HostRewriteLiteral(host)) => Some(host.clone()),
        Some(HostRewrite::HostRewriteHeader(name)) => {
            request.headers.get(&name.to_ascii_lowercase()).map(str::to_owned)
        }
        _ => None,
    });
    if let Some(host) = host {
        rewrite_host(request, action, host);
    }
    let path = match (&action.regex_rewrite, action.prefix_rewrite.as_str()) {
        (Some(regex), _) => replace_matches(&request.path, regex),
        (None, "") => return,
        (None, prefix) => replace_prefix(&request.path, matched, prefix),
    };
    // Also where the rewriting changes nothing.
    let original = std::mem::replace(&mut request.path, path);
    request.headers.set("x-envoy-original-path", original);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Answer, Cors, Fault, change, rewrite, substitute};
    use crate::envoy::Json;
    use crate::envoy::core::HeaderValueOption;
    use crate::envoy::http_filter::{CorsPolicy, HttpFault};
    use crate::envoy::route::RouteAction;
    use crate::trace::{Headers, Request};

    #[test]
    fn headers_are_removed_then_set_then_added() {
        let option = |key: &str, value: &str, action: &str| {
            let option = json!({"header": {"key": key, "value": value}, "appendAction": action});
            HeaderValueOption::read(&option).unwrap()
        };
        let to_add = [
            option("X-Set", "new", "OVERWRITE_IF_EXISTS_OR_ADD"),
            option("x-add", "2", "APPEND_IF_EXISTS_OR_ADD"),
            option("x-absent", "a", "ADD_IF_ABSENT"),
            option("x-set", "no", "ADD_IF_ABSENT"),
            option("x-none", "no", "OVERWRITE_IF_EXISTS"),
            option("x-path", "%REQ(:path)% of %REQ(X-None?:authority)% at 100%% %START_TIME%", "ADD_IF_ABSENT"),
        ];
        let headers: Headers = [("x-set", "old"), ("x-add", "1"), ("x-gone", "1")].into_iter().collect();
        let mut request = Request { headers, ..Request::get("a.test", "/p") };
        change(&mut request, (&to_add, &["X-Gone".to_owned()]), &mut substitute);
        let path = "/p of a.test at 100% %START_TIME%";
        let expected = [("x-add", "1"), ("x-set", "new"), ("x-add", "2"), ("x-absent", "a"), ("x-path", path)];
        assert_eq!(request.headers.iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn paths_and_hosts_are_rewritten() {
        let action = json!({"prefixRewrite": "/new", "hostRewriteLiteral": "b.test", "appendXForwardedHost": true});
        let mut request = Request::get("a.test", "/old/x?y=1");
        rewrite(&mut request, &RouteAction::read(&action).unwrap(), None, "/old".len());
        assert_eq!((request.path.as_str(), request.authority.as_str()), ("/new/x?y=1", "b.test"));
        let expected = [
            ("x-forwarded-host", "a.test"),
            ("x-envoy-original-host", "a.test"),
            ("x-envoy-original-path", "/old/x?y=1"),
        ];
        assert_eq!(request.headers.iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn faults_without_a_percentage_never_happen() {
        let fault = |fault: serde_json::Value| Fault::new(&HttpFault::read(&fault).unwrap(), &Request::get("a", "/"));
        assert_eq!(fault(json!({"abort": {"httpStatus": 500}})), None);
        let half = json!({"abort": {"httpStatus": 500, "percentage": {"numerator": 50}}});
        assert_eq!(fault(half).unwrap().answer(), None);
        let always =
            json!({"abort": {"httpStatus": 500, "percentage": {"numerator": 1_000_000, "denominator": "MILLION"}}});
        let Answer { status, body, .. } = fault(always).unwrap().answer().unwrap();
        assert_eq!((status, body.as_str()), (500, "fault filter abort"));
    }

    #[test]
    fn preflights_of_other_origins_are_passed_on() {
        let policy = |forward: bool| {
            let policy = json!({"allowOriginStringMatch": [{"exact": "https://a.test"}],
                "forwardNotMatchingPreflights": forward});
            CorsPolicy::read(&policy).unwrap()
        };
        let preflight = |origin: &str| Request {
            method: "OPTIONS".to_owned(),
            headers: [("origin", origin), ("access-control-request-method", "PUT")].into_iter().collect(),
            ..Request::get("h", "/")
        };
        let table = [
            (preflight("https://a.test"), true, Some(Cors::Preflight { allowed: true })),
            (preflight("https://b.test"), true, Some(Cors::Request { allowed: false })),
            (preflight("https://b.test"), false, Some(Cors::Preflight { allowed: false })),
            (Request::get("h", "/"), true, None),
        ];
        for (request, forward, expected) in table {
            assert_eq!(Cors::new(&policy(forward), &request), expected);
        }
    }
}
