//! The matcher of one value, for each thing that a rule can ask about.

use std::borrow::Cow;

use crate::envoy::core::{CidrRange, TypedExtensionConfig};
use crate::envoy::matcher::{
    ListMatcher, MetadataMatcher, OrMatcher, PathMatcher, PathSegment, StringMatcher, ValueMatcher,
};
use crate::envoy::rbac::{Authenticated, Permission, Principal};
use crate::envoy::route::{HeaderMatch, HeaderMatcher, UriTemplateMatchConfig};
use crate::format::{PolicyPort, Subnet, quote_regex};

use super::super::jwt;
use super::policy::Logic;

const SPIFFE: &str = "spiffe://";

/// A text, with a wildcard at one end perhaps. A lone `*` stands for any text but none.
pub(super) fn text(value: &str) -> StringMatcher {
    match (value.strip_prefix('*'), value.strip_suffix('*')) {
        _ if value == "*" => StringMatcher::regex(".+"),
        (Some(suffix), _) => StringMatcher::suffix(suffix),
        (None, Some(prefix)) => StringMatcher::prefix(prefix),
        (None, None) => StringMatcher::exact(value),
    }
}

pub(super) fn header(name: &str, value: &str) -> HeaderMatcher {
    HeaderMatcher::new(
        name,
        if value == "*" { HeaderMatch::PresentMatch(true) } else { HeaderMatch::StringMatch(text(value)) },
    )
}

/// Hosts ignore case.
pub(super) fn host(value: &str) -> Permission {
    let specifier = match value {
        "*" => HeaderMatch::PresentMatch(true),
        value => HeaderMatch::StringMatch(text(value).ignoring_case()),
    };
    Permission::Header(HeaderMatcher::new(":authority", specifier))
}

pub(super) fn path(value: &str) -> Permission {
    if !value.contains("{*}") && !value.contains("{**}") {
        return Permission::UrlPath(PathMatcher::Path(text(value)));
    }
    let path_template = value.replace("{**}", "**").replace("{*}", "*");
    let template = UriTemplateMatchConfig { path_template, ..Default::default() };
    Permission::UriTemplate(TypedExtensionConfig::new("uri-template", template))
}

pub(super) fn port(value: &str) -> Option<Permission> {
    Some(Permission::DestinationPort(PolicyPort::parse(value).ok()?.number().into()))
}

pub(super) fn range(value: &str) -> Option<CidrRange> {
    let network = Subnet::parse(value).ok()?.network();
    Some(CidrRange::new(network.addr().to_string(), network.prefix_len().into()))
}

/// Metadata that another filter has left, under a key that a condition names. `[value]` is an element of a list.
pub(super) fn filter_metadata(filter: &str, key: &str, values: &[Cow<'_, str>]) -> Permission {
    let value = |value: &Cow<'_, str>| match value.starts_with('[') && value.ends_with(']') {
        true => has_element(ValueMatcher::StringMatch(text(value.trim_matches(['[', ']'])))),
        false => ValueMatcher::StringMatch(text(value)),
    };
    Permission::Metadata(metadata(filter, [key], any_value(values.iter().map(value).collect())))
}

pub(in super::super) fn metadata<'k>(
    filter: &str,
    path: impl IntoIterator<Item = &'k str>,
    value: ValueMatcher,
) -> MetadataMatcher {
    let segment = |key: &str| PathSegment { key: Some(key.to_owned()), ..Default::default() };
    MetadataMatcher {
        filter: filter.to_owned(),
        path: path.into_iter().map(segment).collect(),
        value: Some(value),
        ..Default::default()
    }
}

pub(super) fn principal(value: &str) -> Principal {
    authenticated(match (value.strip_prefix('*'), value.strip_suffix('*')) {
        _ if value == "*" => StringMatcher::regex(".+"),
        (Some(suffix), _) => StringMatcher::regex(format!("{SPIFFE}.*{}", quote_regex(suffix))),
        (None, Some(prefix)) => StringMatcher::prefix(format!("{SPIFFE}{prefix}")),
        (None, None) => StringMatcher::exact(format!("{SPIFFE}{value}")),
    })
}

pub(super) fn namespace(value: &str) -> Principal {
    let parts: Vec<_> = value.split('*').map(quote_regex).collect();
    authenticated(StringMatcher::regex(format!(".*/ns/{}/.*", parts.join(".*"))))
}

/// `namespace/account`, or an account in the namespace of the policy.
pub(super) fn service_account(policy_namespace: &str, value: &str) -> Principal {
    let (namespace, account) = value.split_once('/').unwrap_or((policy_namespace, value));
    let (namespace, account) = (quote_regex(namespace), quote_regex(account));
    authenticated(StringMatcher::regex(format!("{SPIFFE}.+/ns/{namespace}/(.+/|)sa/{account}(/.+)?")))
}

pub(super) fn trust_domain(value: &str) -> Principal {
    authenticated(match value.split_once('*') {
        _ if value == "*" => StringMatcher::prefix(SPIFFE),
        None => StringMatcher::prefix(format!("{SPIFFE}{value}/")),
        Some((start, end)) => {
            StringMatcher::regex(format!("{SPIFFE}{}[^/]*{}/.*", quote_regex(start), quote_regex(end)))
        }
    })
}

/// Of the certificate of the client.
fn authenticated(name: StringMatcher) -> Principal {
    Principal::Authenticated(Authenticated { principal_name: Some(name), ..Default::default() })
}

/// `issuer/subject` of a token. One is no alternative to others.
pub(super) fn request_principals(values: &[Cow<'_, str>]) -> Principal {
    match values {
        [value] => request_principal(value),
        values => Principal::one_of(values.iter().map(|value| request_principal(value)).collect()),
    }
}

/// The subject starts after the last `/`, for issuers are URLs. A wildcard is one of the part that it stands in.
fn request_principal(value: &str) -> Principal {
    let anything = || StringMatcher::regex(".+");
    let (issuer, subject) = match (value.rsplit_once('/'), value.strip_prefix('*'), value.strip_suffix('*')) {
        _ if value == "*" => (anything(), anything()),
        (Some(("*", subject)), _, _) => (anything(), StringMatcher::exact(subject)),
        (Some((issuer, subject)), Some(_), _) => (StringMatcher::suffix(&issuer[1..]), StringMatcher::exact(subject)),
        (Some((issuer, "*")), None, _) => (StringMatcher::exact(issuer), anything()),
        (Some((issuer, subject)), None, Some(_)) => {
            (StringMatcher::exact(issuer), StringMatcher::prefix(&subject[..subject.len() - 1]))
        }
        (Some((issuer, subject)), None, None) => (StringMatcher::exact(issuer), StringMatcher::exact(subject)),
        (None, Some(subject), _) => (anything(), StringMatcher::suffix(subject)),
        (None, None, Some(issuer)) => (StringMatcher::prefix(issuer), anything()),
        (None, None, None) => (StringMatcher::exact(value), StringMatcher::exact("")),
    };
    let claim = |name, matcher| {
        Principal::Metadata(metadata(jwt::FILTER, [jwt::PAYLOAD, name], ValueMatcher::StringMatch(matcher)))
    };
    Principal::all(vec![claim("iss", issuer), claim("sub", subject)])
}

/// A claim of a token that is one of the values, or a list with one of them.
pub(super) fn claim(path: &[&str], values: &[Cow<'_, str>]) -> Principal {
    let value = any_value(values.iter().map(|value| ValueMatcher::StringMatch(text(value))).collect());
    let value_matchers = vec![has_element(value.clone()), value];
    let value = ValueMatcher::OrMatch(OrMatcher { value_matchers, ..Default::default() });
    Principal::Metadata(metadata(jwt::FILTER, [jwt::PAYLOAD].into_iter().chain(path.iter().copied()), value))
}

fn has_element(value: ValueMatcher) -> ValueMatcher {
    ValueMatcher::ListMatch(ListMatcher::OneOf(Box::new(value)))
}

fn any_value(mut values: Vec<ValueMatcher>) -> ValueMatcher {
    match values.len() {
        1 => values.remove(0),
        _ => ValueMatcher::OrMatch(OrMatcher { value_matchers: values, ..Default::default() }),
    }
}
