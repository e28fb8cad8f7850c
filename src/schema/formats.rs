//! The names that schemas use as `format`: which type reads the text, and which rule speaks of it.
//!
//! No format judges the empty text, for protobuf cannot tell it from an absent one; where it is illegal the schema says
//! `minLength: 1`. Nor does any judge a text with a placeholder.

use std::net::Ipv4Addr;
use std::sync::Arc;

use jsonschema::{Retrieve, ValidationOptions};

use crate::format::{
    CelExpression, ChangedHeaderName, ConditionKey, DnsLabel, Duration, EgressHost, Fqdn, HeaderToken, HeaderValue,
    HostPort, Ip, Jwks, JwksUri, KubernetesLabel, KubernetesName, LabelKey, LabelValue, LocalEndpoint, MatchedHeader,
    OutboundSni, PathPattern, PolicyPort, Port, ProbeHeaderName, Protocol, Re2, Reason, RequestHeaderName, RetryOn,
    ServerHost, ServiceAccount, StrictHeaderName, Subnet, TrustDomain, UnixPath, WasmUrl, WildcardDomain, WildcardText,
    has_placeholder,
};

use super::document::Yaml;

type Check = fn(&str) -> Result<(), Reason>;

/// Name, rule, and what refuses an illegal text.
const FORMATS: &[(&str, &str, Check)] = &[
    ("duration", "invalid-duration", |text| Duration::parse(text)?.timeout().map(drop)),
    ("duration-or-zero", "invalid-duration", |text| Duration::parse(text)?.timeout_or_zero().map(drop)),
    ("duration-seconds", "invalid-duration", |text| Duration::parse(text)?.whole_seconds().map(drop)),
    ("duration-at-least-1ms", "invalid-duration", at_least_a_millisecond),
    ("duration-milliseconds", "invalid-duration", whole_milliseconds),
    ("connect-timeout", "invalid-duration", up_to_an_hour),
    ("go-duration", "invalid-duration", |text| Duration::parse(text).map(drop)),
    ("gep-2257-duration", "invalid-duration", gateway_api_duration),
    ("fqdn", "invalid-host", |text| Fqdn::parse(text).map(drop)),
    ("fqdn-or-ip", "invalid-host", |text| if Ip::parse(text).is_ok() { Ok(()) } else { Fqdn::parse(text).map(drop) }),
    ("wild-domain", "invalid-host", |text| WildcardDomain::parse(text).map(drop)),
    ("destination-host", "invalid-host", named_host),
    ("virtual-host", "invalid-host", virtual_host),
    ("gateway-host", "invalid-host", |text| ServerHost::parse(text).map(drop)),
    ("sidecar-host", "invalid-host", |text| EgressHost::parse(text).map(drop)),
    ("hostname-or-wildcard", "invalid-host", |text| {
        KubernetesName::parse(text.strip_prefix("*.").unwrap_or(text)).map(drop)
    }),
    ("ip", "invalid-address", |text| Ip::parse(text).map(drop)),
    ("subnet", "invalid-address", |text| Subnet::parse(text).map(drop)),
    ("cidr", "invalid-address", |text| Subnet::parse(text).map(drop)),
    ("bind-address", "invalid-address", |text| socket_or(text, |text| Ip::parse(text).map(drop))),
    ("unix-address", "invalid-address", |text| socket_or(text, |_| Ok(()))),
    ("workload-address", "invalid-address", workload_address),
    ("local-endpoint", "invalid-address", |text| LocalEndpoint::parse(text).map(drop)),
    ("host-port", "invalid-address", |text| HostPort::parse(text).map(drop)),
    ("provider-service", "invalid-host", provider_service),
    ("status-code", "invalid-value", status_code),
    ("absolute-path", "invalid-value", absolute_path),
    ("port-string", "invalid-port", |text| PolicyPort::parse(text).map(drop)),
    ("port-key", "invalid-port", |text| Port::parse(text).map(drop)),
    ("label-dns", "invalid-name", |text| DnsLabel::parse(text).map(drop)),
    ("dns-label", "invalid-name", |text| KubernetesLabel::parse(text).map(drop)),
    ("object-name", "invalid-name", |text| KubernetesName::parse(text).map(drop)),
    ("api-group", "invalid-name", |text| KubernetesName::parse(text).map(drop)),
    ("kind-name", "invalid-name", kind_name),
    ("export-to", "invalid-export-to", |text| export_to(text, false)),
    ("export-to-or-none", "invalid-export-to", |text| export_to(text, true)),
    ("label-key", "invalid-label", |text| LabelKey::parse(text).map(drop)),
    ("label-value", "invalid-label", |text| LabelValue::parse(text).map(drop)),
    ("selector-label", "invalid-label", selector_label),
    ("header-token", "invalid-header", |text| HeaderToken::parse(text).map(drop)),
    (
        "header-token-or-star",
        "invalid-header",
        |text| if text == "*" { Ok(()) } else { HeaderToken::parse(text).map(drop) },
    ),
    ("header-match-name", "invalid-header", |text| MatchedHeader::parse(text).map(drop)),
    ("request-header-name", "invalid-header", |text| RequestHeaderName::parse(text).map(drop)),
    ("response-header-name", "invalid-header", |text| ChangedHeaderName::parse(text).map(drop)),
    ("claim-header-name", "invalid-header", |text| StrictHeaderName::parse(text).map(drop)),
    ("probe-header-name", "invalid-header", |text| ProbeHeaderName::parse(text).map(drop)),
    ("header-value", "invalid-header", |text| HeaderValue::parse(text).map(drop)),
    ("re2", "invalid-regex", regex),
    ("re2-or-star", "invalid-regex", |text| if text == "*" { Ok(()) } else { regex(text) }),
    ("re2-any-length", "invalid-regex", |text| Re2::parse(text).map(drop)),
    ("cel", "invalid-expression", |text| CelExpression::parse(text).map(drop)),
    ("protocol", "invalid-protocol", |text| Protocol::parse(text).map(drop)),
    ("retry-on", "invalid-retry-condition", |text| RetryOn::parse(text).map(drop)),
    ("http-url", "invalid-url", |text| JwksUri::parse(text).map(drop)),
    ("wasm-url", "invalid-url", |text| WasmUrl::parse(text).map(drop)),
    ("jwks", "invalid-jwks", |text| Jwks::parse(text).map(drop)),
    ("service-account", "invalid-identity", |text| ServiceAccount::parse(text).map(drop)),
    ("trust-domain", "invalid-identity", |text| TrustDomain::parse(text).map(drop)),
    ("trust-domain-match", "invalid-identity", |text| WildcardText::parse(text)?.trust_domain().map(drop)),
    ("path-template", "invalid-path-template", |text| PathPattern::parse(text).map(drop)),
    ("condition-key", "invalid-condition-key", |text| ConditionKey::parse(text).map(drop)),
    ("region", "invalid-locality", region),
    ("sha256", "invalid-encoding", sha256),
    ("base64", "invalid-encoding", base64),
];

/// Teaches the crate `jsonschema` the formats.
pub(super) fn register(
    options: ValidationOptions<'_, Arc<dyn Retrieve>, Yaml>,
) -> ValidationOptions<'_, Arc<dyn Retrieve>, Yaml> {
    FORMATS.iter().fold(options, |options, &(name, _, check)| {
        options.with_format(name, move |text: &str| text.is_empty() || check(text).is_ok() || has_placeholder(text))
    })
}

/// The rule that `text` breaks if it is to have `format`, and why it does.
pub(super) fn explain(format: &str, text: &str) -> Option<(&'static str, Reason)> {
    let (_, rule, check) = FORMATS.iter().find(|(name, ..)| *name == format)?;
    Some((rule, check(text).err()?))
}

/// The deprecated `warmupDurationSecs`, whose granularity nobody checks.
fn at_least_a_millisecond(text: &str) -> Result<(), Reason> {
    let duration = Duration::parse(text)?;
    if duration.nanoseconds() >= 1_000_000 { Ok(()) } else { duration.timeout().map(drop) }
}

/// `connectTimeout` of the mesh (`ValidateConnectTimeout` in pkg/config/validation/agent/validation.go of Istio).
fn up_to_an_hour(text: &str) -> Result<(), Reason> {
    let duration = Duration::parse(text)?.timeout()?;
    if duration.nanoseconds() <= 3_600_000_000_000 {
        return Ok(());
    }
    Err(Reason::new(format!("`{duration}` is longer than an hour")).help("write `1h` or less"))
}

/// `protocolDetectionTimeout` of the mesh (`ValidateProtocolDetectionTimeout` there), which may even be negative.
fn whole_milliseconds(text: &str) -> Result<(), Reason> {
    match Duration::parse(text)?.nanoseconds() % 1_000_000 {
        0 => Ok(()),
        _ => Err(Reason::new(format!("`{text}` is not a whole number of milliseconds"))),
    }
}

/// The service of an extension provider: a host, or one of a namespace (`validateExtensionProviderService` there).
fn provider_service(text: &str) -> Result<(), Reason> {
    let host = match text.split_once('/') {
        Some((namespace, host)) => DnsLabel::parse(namespace).map(|_| host)?,
        None => text,
    };
    Fqdn::parse(host).map(drop)
}

/// An HTTP status in a text.
fn status_code(text: &str) -> Result<(), Reason> {
    match text.parse() {
        Ok(100..=599) => Ok(()),
        _ => Err(Reason::new(format!("`{text}` is not an HTTP status")).help("write a number such as `\"403\"`")),
    }
}

fn absolute_path(text: &str) -> Result<(), Reason> {
    match text.starts_with('/') {
        true => Ok(()),
        false => Err(Reason::new(format!("`{text}` does not start with `/`")).help(format!("write `/{text}`"))),
    }
}

/// Durations of Gateway API: up to four parts of at most five digits, `ms` being the smallest unit.
/// <https://gateway-api.sigs.k8s.io/geps/gep-2257/>
fn gateway_api_duration(text: &str) -> Result<(), Reason> {
    let mut rest = text;
    let mut parts = 0;
    while !rest.is_empty() && parts < 4 {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = ["ms", "h", "m", "s"].into_iter().find(|unit| rest[digits..].starts_with(unit));
        let Some(unit) = unit.filter(|_| (1..=5).contains(&digits)) else { break };
        rest = &rest[digits + unit.len()..];
        parts += 1;
    }
    if rest.is_empty() {
        return Ok(());
    }
    let help = "write whole numbers with the units `h`, `m`, `s` and `ms`, as in `1m30s`";
    Err(Reason::new(format!("`{text}` is not a duration of Gateway API")).help(help))
}

/// A host that has a name: anything but the wildcard for all.
fn named_host(text: &str) -> Result<(), Reason> {
    match text {
        "*" => Err(Reason::new("`*` names no host").help("write the name of a service")),
        _ => WildcardDomain::parse(text).map(drop),
    }
}

/// What a VirtualService serves. An address will do, and so does what gateways between networks make of a service; Istio
/// takes the latter only for VirtualServices with SNI routes that are not for the mesh.
fn virtual_host(text: &str) -> Result<(), Reason> {
    if Ip::parse(text).is_ok() || OutboundSni::parse(text).is_ok() {
        return Ok(());
    }
    WildcardDomain::parse(text).map(drop)
}

fn socket_or(text: &str, other: Check) -> Result<(), Reason> {
    UnixPath::in_address(text).map_or_else(|| other(text), |path| path.map(drop))
}

fn workload_address(text: &str) -> Result<(), Reason> {
    socket_or(text, |text| match Ip::parse(text) {
        Ok(_) => Ok(()),
        Err(reason) if text.parse::<Ipv4Addr>().is_err() && looks_like_address(text) => Err(reason),
        Err(_) => Fqdn::parse(text).map(drop),
    })
}

fn looks_like_address(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn kind_name(text: &str) -> Result<(), Reason> {
    let letter = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if letter { DnsLabel::parse(text).map(drop) } else { Err(Reason::new(format!("`{text}` is no kind of resource"))) }
}

fn export_to(text: &str, none: bool) -> Result<(), Reason> {
    match text {
        "." | "*" => Ok(()),
        "~" if none => Ok(()),
        "~" => {
            Err(Reason::new("`~`, no namespace, is for ServiceEntries only").help("write `.` for the own namespace"))
        }
        _ => DnsLabel::parse(text).map(drop).map_err(|_| {
            let reason = Reason::new(format!("`{text}` is not the name of a namespace"));
            reason.help("write a name, `.` for the own namespace, or `*` for all")
        }),
    }
}

fn selector_label(text: &str) -> Result<(), Reason> {
    if text.contains('*') {
        let reason = Reason::new(format!("`{text}`: selectors know no wildcards"));
        return Err(reason.help("write the label as the workloads carry it, or leave it out"));
    }
    Ok(())
}

fn regex(text: &str) -> Result<(), Reason> {
    Re2::parse(text)?.istio()
}

fn region(text: &str) -> Result<(), Reason> {
    if text.contains('*') {
        return Err(Reason::new(format!("`{text}`: failover knows no wildcards")).help("write the name of a region"));
    }
    match text.split_once('/') {
        Some((region, _)) => {
            let reason = Reason::new(format!("`{text}` is a zone, and failover is between regions"));
            Err(reason.help(format!("write `{region}`")))
        }
        None => Ok(()),
    }
}

fn sha256(text: &str) -> Result<(), Reason> {
    let hex = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
    if hex && text.len() == 64 {
        return Ok(());
    }
    Err(Reason::new("a SHA-256 checksum has 64 hexadecimal digits in lower case"))
}

/// As Go decodes bytes in JSON: the standard alphabet with padding; line breaks are skipped.
fn base64(text: &str) -> Result<(), Reason> {
    let text: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    let data = text.trim_end_matches('=');
    let legal = data.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    if legal && text.len().is_multiple_of(4) && text.len() - data.len() <= 2 {
        return Ok(());
    }
    Err(Reason::new("this is not Base64").help("encode the bytes with the standard alphabet and padding"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_has_one_meaning() {
        for (index, (name, ..)) in FORMATS.iter().enumerate() {
            assert!(FORMATS[..index].iter().all(|(other, ..)| other != name), "{name}");
        }
    }

    #[test]
    fn texts_of_formats() {
        let table: &[(&str, &[&str], &[&str])] = &[
            ("duration", &["1ms", "1h30m"], &["0s", "5", "1500us", "-1s"]),
            ("duration-at-least-1ms", &["1500us"], &["999us", "x"]),
            ("gep-2257-duration", &["1h30m", "0s", "5ms"], &["1.5s", "1us", "1", "123456s", "1s1s1s1s1s"]),
            ("destination-host", &["a", "*.a.b"], &["*", "1.2.3.4"]),
            ("virtual-host", &["*", "1.2.3.4", "outbound_.80_._.a.b"], &["a_b"]),
            ("workload-address", &["1.2.3.4", "a.b", "unix:///x"], &["unix://x", "1.2.3.400", "01.2.3.4"]),
            ("export-to", &[".", "*", "shop"], &["~", "a.b"]),
            ("export-to-or-none", &["~"], &["~a"]),
            ("kind-name", &["Service"], &["1a", "a_b"]),
            ("selector-label", &["app"], &["a*"]),
            ("re2", &[".*", "a|b"], &["(", "*"]),
            ("re2-or-star", &["*"], &["("]),
            ("jwks", &[r#"{"keys":[]}"#], &["[]", r#"{"keys":[{}]}"#, r#"{"keys":[{"kty":"RSA"}]}"#]),
            ("duration-milliseconds", &["0s", "-5ms"], &["1us"]),
            ("provider-service", &["a", "b/a.b.svc"], &["a/b/c", "_"]),
            ("status-code", &["403"], &["999", "x"]),
            ("region", &["eu"], &["eu/a", "*"]),
            ("base64", &["aGVsbG8=", "aGVs\nbG8="], &["!!", "aGVsbG8", "a==="]),
        ];
        for (format, legal, illegal) in table {
            for text in *legal {
                assert!(explain(format, text).is_none(), "{format}: {text}");
            }
            for text in *illegal {
                assert!(explain(format, text).is_some(), "{format}: {text}");
            }
        }
    }
}
