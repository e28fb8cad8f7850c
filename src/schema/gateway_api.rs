//! What the CRDs of Gateway API demand of several fields at once: the CEL rules of release 1.6.1 that are about what one
//! resource says, natively. Which field goes with which `type` is in the schemas (see [`super::unions`]).

use std::collections::HashMap;

use crate::finding::Finding;
use crate::format::{Duration, Ip, KubernetesName, has_placeholder};
use crate::yaml::Node;

/// Every demand that the resource breaks.
pub(super) fn findings(spec: Node<'_>, kind: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    match kind {
        "Gateway" | "ListenerSet" => {
            listeners(spec, &mut findings);
            findings.extend(list(spec, "addresses").filter_map(illegal_address));
        }
        "HTTPRoute" | "GRPCRoute" | "TLSRoute" | "TCPRoute" => {
            for rule in list(spec, "rules") {
                route_rule(rule, &mut findings);
            }
        }
        _ => {}
    }
    findings
}

fn list<'a>(node: Node<'a>, field: &str) -> impl Iterator<Item = Node<'a>> + Clone {
    node.get(field).into_iter().flat_map(Node::items)
}

/// The text of a field; empty if it is absent.
fn text<'a>(node: Node<'a>, field: &str) -> &'a str {
    node.get(field).and_then(Node::as_str).unwrap_or_default()
}

fn conflict(node: Node<'_>, field: &str, message: impl Into<String>) -> Finding {
    Finding::new("conflicting-fields", node.key_at(field).unwrap_or(node.head()), message)
}

/// The type of an address is `IPAddress` unless it is written.
fn illegal_address(address: Node<'_>) -> Option<Finding> {
    let value = address.get("value")?;
    let text = value.as_str().filter(|text| !has_placeholder(text))?;
    let (rule, reason) = match self::text(address, "type") {
        "" | "IPAddress" => ("invalid-address", Ip::parse(text).err()?),
        "Hostname" => ("invalid-host", KubernetesName::parse(text.strip_prefix("*.").unwrap_or(text)).err()?),
        _ => return None,
    };
    let finding = Finding::new(rule, value.at(), reason.message());
    Some(reason.instruction().into_iter().fold(finding, |finding, help| finding.help(help)))
}

fn listeners(spec: Node<'_>, findings: &mut Vec<Finding>) {
    let mut seen: HashMap<[&str; 3], Node<'_>> = HashMap::new();
    for listener in list(spec, "listeners").filter(|listener| !has_placeholder(text(*listener, "protocol"))) {
        findings.extend(listener_tls(listener));
        findings.extend(listener_hostname(listener));
        let Some(port) = listener.get("port").filter(|port| !has_placeholder(port.raw())) else { continue };
        let key = [port.raw(), text(listener, "protocol"), text(listener, "hostname")];
        if let Some(first) = seen.insert(key, port) {
            let message = format!("port {} is served twice for the same protocol and hostname", port.raw());
            let finding = Finding::new("duplicate-entry", port.at(), message).related(first.at(), "first here");
            findings.push(finding.help("give one of the listeners another hostname or port"));
        }
    }
}

fn listener_tls(listener: Node<'_>) -> Option<Finding> {
    let protocol = text(listener, "protocol");
    let tls = listener.get("tls");
    match (protocol, tls) {
        ("HTTP" | "TCP" | "UDP", Some(_)) => {
            let message = format!("`tls` does not go with protocol `{protocol}`");
            Some(conflict(listener, "tls", message).help("remove `tls`, or write protocol `HTTPS` or `TLS`"))
        }
        ("TLS", None) => {
            let at = listener.get("protocol")?.at();
            Some(Finding::new("missing-field", at, "protocol `TLS` without `tls`").help("add `tls` with its `mode`"))
        }
        ("HTTPS", Some(tls)) if text(tls, "mode") == "Passthrough" => {
            let message = "mode `Passthrough` does not go with protocol `HTTPS`";
            Some(conflict(tls, "mode", message).help("write protocol `TLS`, or mode `Terminate`"))
        }
        (_, Some(tls)) => no_certificate(listener, tls),
        _ => None,
    }
}

fn no_certificate(listener: Node<'_>, tls: Node<'_>) -> Option<Finding> {
    let terminates = matches!(text(tls, "mode"), "" | "Terminate");
    let given = list(tls, "certificateRefs").next().is_some() || tls.get("options").is_some();
    let finding =
        || Finding::new("missing-field", listener.key_at("tls").unwrap_or(tls.head()), "`tls` without a certificate");
    (terminates && !given).then(|| finding().help("add `certificateRefs`, or write mode `Passthrough`"))
}

fn listener_hostname(listener: Node<'_>) -> Option<Finding> {
    let protocol = text(listener, "protocol");
    let raw = matches!(protocol, "TCP" | "UDP") && listener.has("hostname");
    raw.then(|| {
        let message = format!("`hostname` does not go with protocol `{protocol}`");
        conflict(listener, "hostname", message).help("remove it: such connections name no host")
    })
}

fn route_rule(rule: Node<'_>, findings: &mut Vec<Finding>) {
    let backends = list(rule, "backendRefs");
    let filters = list(rule, "filters").chain(backends.clone().flat_map(|backend| list(backend, "filters")));
    let mirrors = filters.clone().filter_map(|filter| filter.path(&["requestMirror", "backendRef"]));
    let authorizers = filters.clone().filter_map(|filter| filter.path(&["externalAuth", "backendRef"]));
    findings.extend(backends.clone().chain(mirrors).chain(authorizers).filter_map(service_without_port));
    findings.extend(filters.clone().filter_map(|filter| mirrored_share(filter.get("requestMirror")?)));
    for chain in std::iter::once(rule).chain(backends.clone()) {
        repeated_filters(chain, findings);
    }
    let redirect = list(rule, "filters").find(|filter| filter.has("requestRedirect"));
    if let Some(at) = redirect.and_then(|_| rule.key_at("backendRefs")).filter(|_| backends.clone().next().is_some()) {
        let finding = Finding::new("conflicting-fields", at, "`backendRefs` do not go with a redirect");
        findings.push(finding.help("remove `backendRefs`, or the filter"));
    }
    findings.extend(list(rule, "matches").filter_map(|matched| illegal_path(matched.get("path")?)));
    findings.extend(rule.get("timeouts").and_then(longer_attempt));
}

fn service_without_port(backend: Node<'_>) -> Option<Finding> {
    let service = matches!(text(backend, "kind"), "" | "Service") && text(backend, "group").is_empty();
    let at = backend.get("name").map_or(backend.head(), Node::at);
    let finding = || Finding::new("missing-field", at, "a Service as backend needs a `port`");
    (service && !backend.has("port")).then(|| finding().help("add `port`"))
}

fn mirrored_share(mirror: Node<'_>) -> Option<Finding> {
    let both = mirror.has("percent") && mirror.has("fraction");
    both.then(|| conflict(mirror, "fraction", "only one of `percent`, `fraction` can be set").help("keep one of them"))
}

/// Mirrors and extensions may be there more than once.
fn repeated_filters(owner: Node<'_>, findings: &mut Vec<Finding>) {
    let mut seen: HashMap<&str, Node<'_>> = HashMap::new();
    for kind in list(owner, "filters").filter_map(|filter| filter.get("type")) {
        let name = kind.as_str().unwrap_or_default();
        if matches!(name, "RequestMirror" | "ExtensionRef" | "ExternalAuth") || has_placeholder(name) {
            continue;
        }
        if let Some(first) = seen.insert(name, kind) {
            let finding = Finding::new("duplicate-entry", kind.at(), format!("filter `{name}` is there twice"));
            findings.push(finding.related(first.at(), "first here").help("join the two"));
        }
    }
    if let (Some(redirect), Some(rewrite)) = (seen.get("RequestRedirect"), seen.get("URLRewrite")) {
        let later = redirect.at().max(rewrite.at());
        let finding = Finding::new("conflicting-fields", later, "a redirect does not go with a rewrite");
        findings.push(finding.related(redirect.at().min(rewrite.at()), "the other").help("remove one of the filters"));
    }
}

fn illegal_path(path: Node<'_>) -> Option<Finding> {
    let value = path.get("value")?;
    let written = value.as_str().filter(|_| text(path, "type") != "RegularExpression")?;
    if has_placeholder(written) {
        return None;
    }
    let parts = ["//", "/./", "/../", "%2f", "%2F", "#"];
    let part = parts.into_iter().find(|part| written.contains(part));
    let end = ["/..", "/."].into_iter().find(|end| written.ends_with(end));
    let foreign = written.chars().find(|c| !c.is_ascii_alphanumeric() && !"-/._~!$&'()*+,;=:@%".contains(*c));
    let why = match (part.or(end), foreign) {
        _ if !written.starts_with('/') => "does not start with `/`".to_owned(),
        (Some(part), _) => format!("has `{part}`, which proxies normalize"),
        (None, Some(foreign)) => format!("has `{foreign}`, which has to be written in percent encoding"),
        (None, None) => return None,
    };
    let finding = Finding::new("invalid-value", value.at(), format!("path `{written}` {why}"));
    Some(if written.starts_with('/') { finding } else { finding.help(format!("write `/{written}`")) })
}

fn longer_attempt(timeouts: Node<'_>) -> Option<Finding> {
    let duration = |field| timeouts.get(field).and_then(Node::as_str).and_then(|text| Duration::parse(text).ok());
    let (whole, attempt) = (duration("request")?, duration("backendRequest")?);
    let finding =
        || conflict(timeouts, "backendRequest", format!("`backendRequest` is longer than `request`, {whole}"));
    (!whole.is_zero() && attempt > whole).then(|| finding().help("write a shorter time for the attempt"))
}

#[cfg(test)]
mod tests {
    use crate::schema::{Options, check};
    use crate::source::SourceId;
    use crate::yaml;

    fn messages(kind: &str, spec: &str) -> Vec<String> {
        let text =
            format!("apiVersion: gateway.networking.k8s.io/v1\nkind: {kind}\nmetadata: {{name: a}}\nspec: {spec}\n");
        let (tree, findings) = yaml::parse(SourceId::default(), &text);
        assert_eq!(findings, [], "{text}");
        tree.roots().flat_map(|root| check(root, &Options::default())).map(|finding| finding.message).collect()
    }

    #[test]
    fn listeners() {
        let table = [
            ("{name: a, port: 80, protocol: HTTP}", None),
            (
                "{name: a, port: 80, protocol: HTTP, tls: {mode: Passthrough}}",
                Some("`tls` does not go with protocol `HTTP`"),
            ),
            ("{name: a, port: 443, protocol: TLS}", Some("protocol `TLS` without `tls`")),
            ("{name: a, port: 443, protocol: TLS, tls: {mode: Passthrough}}", None),
            ("{name: a, port: 443, protocol: HTTPS, tls: {}}", Some("`tls` without a certificate")),
            ("{name: a, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: b}]}}", None),
            ("{name: a, port: 90, protocol: TCP, hostname: b.c}", Some("`hostname` does not go with protocol `TCP`")),
            (
                "{name: a, port: 80, protocol: HTTP}, {name: b, port: 80, protocol: HTTP}",
                Some("port 80 is served twice for the same protocol and hostname"),
            ),
            ("{name: a, port: 80, protocol: HTTP}, {name: b, port: 80, protocol: HTTP, hostname: b.c}", None),
        ];
        for (listeners, expected) in table {
            let found = messages("Gateway", &format!("{{gatewayClassName: istio, listeners: [{listeners}]}}"));
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{listeners}");
        }
    }

    #[test]
    fn route_rules() {
        let table = [
            ("{backendRefs: [{name: a, port: 80}]}", None),
            ("{backendRefs: [{name: a}]}", Some("a Service as backend needs a `port`")),
            ("{backendRefs: [{name: a, group: networking.istio.io, kind: Hostname}]}", None),
            ("{filters: [{type: RequestMirror}]}", Some("type `RequestMirror` without `requestMirror`")),
            (
                "{filters: [{type: URLRewrite, urlRewrite: {}, requestMirror: {backendRef: {name: a, port: 1}}}]}",
                Some("`requestMirror` does not go with type `URLRewrite`"),
            ),
            (
                "{filters: [{type: RequestRedirect, requestRedirect: {}}], backendRefs: [{name: a, port: 1}]}",
                Some("`backendRefs` do not go with a redirect"),
            ),
            (
                "{filters: [{type: URLRewrite, urlRewrite: {}}, {type: URLRewrite, urlRewrite: {}}]}",
                Some("filter `URLRewrite` is there twice"),
            ),
            ("{matches: [{path: {value: a}}]}", Some("path `a` does not start with `/`")),
            ("{matches: [{path: {value: /a/../b}}]}", Some("path `/a/../b` has `/../`, which proxies normalize")),
            (
                "{matches: [{path: {value: '/a b'}}]}",
                Some("path `/a b` has ` `, which has to be written in percent encoding"),
            ),
            ("{matches: [{path: {type: RegularExpression, value: a}}]}", None),
            ("{timeouts: {request: 1s, backendRequest: 2s}}", Some("`backendRequest` is longer than `request`, 1s")),
            ("{timeouts: {request: 0s, backendRequest: 2s}}", None),
        ];
        for (rule, expected) in table {
            let found = messages("HTTPRoute", &format!("{{rules: [{rule}]}}"));
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{rule}");
        }
    }
}
