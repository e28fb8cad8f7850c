//! Where tokens are in requests (Envoy 1.40 `source/extensions/filters/http/jwt_authn/extractor.cc`).

use std::collections::BTreeMap;

use crate::envoy::jwt::JwtProvider;
use crate::trace::call::Request;

/// A token, and where it was.
#[derive(Debug)]
pub struct Found<'p> {
    pub text: String,
    pub place: Place,
    /// Of the providers that look there; an empty one is any.
    issuers: Vec<&'p str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Header(String),
    Parameter(String),
    Cookie,
    /// Its claims were given instead.
    Nowhere,
}

/// The issuers of the providers that look into a place, by the place.
type Issuers<'p, K> = BTreeMap<K, Vec<&'p str>>;

impl Found<'_> {
    /// Whether a provider that looks there is for the issuer.
    pub fn allows(&self, issuer: &str) -> bool {
        self.issuers.iter().any(|own| own.is_empty() || *own == issuer)
    }
}

/// The tokens where the providers look for them: in headers, then in the query, then in cookies, each in the order of
/// their names. By default they are after `Bearer`, and in the parameter `access_token`.
pub fn extract<'p>(providers: &[&'p JwtProvider], request: &Request) -> Vec<Found<'p>> {
    if request.claims.is_some() {
        let issuers = providers.iter().map(|provider| provider.issuer.as_str()).collect();
        return vec![Found { text: String::new(), place: Place::Nowhere, issuers }];
    }
    let mut headers = Issuers::new();
    let mut parameters = Issuers::new();
    let mut cookies = Issuers::new();
    for provider in providers {
        let JwtProvider { from_headers, from_params, from_cookies, issuer, .. } = provider;
        let mut header = |name: &str, prefix: &'p str| {
            headers.entry((name.to_ascii_lowercase(), prefix)).or_default().push(issuer.as_str());
        };
        from_headers.iter().for_each(|own| header(&own.name, &own.value_prefix));
        if from_headers.is_empty() && from_params.is_empty() && from_cookies.is_empty() {
            header("authorization", "Bearer ");
            parameters.entry("access_token").or_default().push(issuer.as_str());
        }
        from_params.iter().for_each(|name| parameters.entry(name).or_default().push(issuer));
        from_cookies.iter().for_each(|name| cookies.entry(name.as_str()).or_default().push(issuer.as_str()));
    }
    let mut found = of_headers(headers, request);
    found.extend(of_parameters(parameters, request));
    found.extend(of_cookies(cookies, request));
    found
}

/// Each value may have a token.
fn of_headers<'p>(places: Issuers<'p, (String, &'p str)>, request: &Request) -> Vec<Found<'p>> {
    let found = places.into_iter().flat_map(|((name, prefix), issuers)| {
        let values = request.headers.iter().filter(|(own, _)| *own == name).map(|(_, value)| value);
        let texts: Vec<_> = values.filter_map(|value| Some(after(value, prefix)?.to_owned())).collect();
        let place = Place::Header(name);
        texts.into_iter().map(move |text| Found { text, place: place.clone(), issuers: issuers.clone() })
    });
    found.collect()
}

/// What follows the prefix, wherever that is; letters that no token begins with are skipped.
fn after<'v>(value: &'v str, prefix: &str) -> Option<&'v str> {
    if prefix.is_empty() {
        return Some(value);
    }
    let rest = &value[value.find(prefix)? + prefix.len()..];
    let start = rest.find(|letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'));
    Some(start.map_or(value, |start| &rest[start..]))
}

fn of_parameters<'p>(places: Issuers<'p, &str>, request: &Request) -> Vec<Found<'p>> {
    let found = places.into_iter().filter_map(|(name, issuers)| {
        let (_, text) = request.query().find(|(own, _)| decoded(own) == name)?;
        Some(Found { text: decoded(text), place: Place::Parameter(name.to_owned()), issuers })
    });
    found.collect()
}

fn of_cookies<'p>(places: Issuers<'p, &str>, request: &Request) -> Vec<Found<'p>> {
    let cookies = request.header("cookie").unwrap_or_default();
    let cookies: Vec<_> = cookies.split(';').filter_map(|cookie| cookie.trim().split_once('=')).collect();
    let found = places.into_iter().filter_map(|(name, issuers)| {
        let (_, text) = cookies.iter().find(|(own, _)| *own == name)?;
        let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
        Some(Found { text: text.to_owned(), place: Place::Cookie, issuers })
    });
    found.collect()
}

/// The path without a parameter. Envoy writes the others anew, decoded and sorted by their names.
pub fn remove_parameter(path: &str, name: &str) -> String {
    let (bare, query) = path.split_once('?').unwrap_or((path, ""));
    let mut others = BTreeMap::<String, Vec<String>>::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (own, value) = part.split_once('=').unwrap_or((part, ""));
        if decoded(own) != name {
            others.entry(decoded(own)).or_default().push(decoded(value));
        }
    }
    let pairs = others.iter().flat_map(|(own, values)| values.iter().map(move |value| format!("{own}={value}")));
    match pairs.collect::<Vec<_>>().join("&") {
        query if query.is_empty() => bare.to_owned(),
        query => format!("{bare}?{query}"),
    }
}

/// `%41` is `A`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let byte = (*first == b'%').then(|| std::str::from_utf8(after.get(..2)?).ok()).flatten();
        match byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
