//! What the CRDs of Istio demand of several fields at once: their CEL rules, natively. With them go the few demands of
//! istiod on values that another field gives a meaning.
//!
//! Absent and null are the same here. A field of the wrong type counts as absent: the schema has reported it.

use std::collections::HashMap;

use crate::finding::Finding;
use crate::format::{ConditionKey, Reason, TableSize, has_placeholder};
use crate::yaml::{Node, Scalar};

use super::kinds::Kind;

/// Every relation that the resource breaks.
pub(super) fn findings(spec: Node<'_>, kind: &Kind) -> Vec<Finding> {
    let mut findings = Vec::new();
    if kind.group != "networking.istio.io" {
        findings.extend(spec.get("targetRef").into_iter().chain(each(spec, &["targetRefs"])).filter_map(target));
    }
    match (kind.group, kind.name) {
        ("networking.istio.io", "Gateway") => findings.extend(each(spec, &["servers"]).filter_map(port_zero)),
        ("networking.istio.io", "ServiceEntry") => service_entry(spec, &mut findings),
        ("networking.istio.io", "WorkloadEntry") => findings.extend(socket_with_ports(spec)),
        ("networking.istio.io", "WorkloadGroup") => findings.extend(spec.get("template").and_then(socket_with_ports)),
        ("networking.istio.io", "EnvoyFilter") => {
            findings.extend(each(spec, &["configPatches"]).filter_map(waypoint_match))
        }
        ("networking.istio.io", "DestinationRule") => destination_rule(spec, &mut findings),
        ("security.istio.io", "AuthorizationPolicy") => {
            findings.extend(each(spec, &["rules", "from"]).filter_map(service_accounts));
            findings.extend(each(spec, &["rules", "when"]).flat_map(condition_values));
        }
        ("security.istio.io", "PeerAuthentication") => findings.extend(port_level_mtls(spec)),
        ("telemetry.istio.io", "Telemetry") => {
            let overrides = each(spec, &["metrics", "overrides"]).filter_map(|entry| entry.get("tagOverrides"));
            findings.extend(overrides.flat_map(Node::entries).filter_map(|entry| tag_override(entry.key, entry.value)));
        }
        ("extensions.istio.io", "WasmPlugin") => environment(spec, &mut findings),
        ("extensions.istio.io", "TrafficExtension") => {
            spec.get("wasm").into_iter().for_each(|wasm| environment(wasm, &mut findings));
        }
        _ => {}
    }
    findings
}

/// The items of a list in each item of a list, and so on.
fn each<'a>(node: Node<'a>, lists: &[&str]) -> impl Iterator<Item = Node<'a>> + use<'a> {
    let mut nodes = vec![node];
    for list in lists {
        nodes = nodes.into_iter().filter_map(|node| node.get(list)).flat_map(Node::items).collect();
    }
    nodes.into_iter()
}

fn str_of<'a>(node: Node<'a>, field: &str) -> &'a str {
    node.get(field).and_then(Node::as_str).unwrap_or_default()
}

fn conflict(node: Node<'_>, field: &str, message: impl Into<String>) -> Finding {
    Finding::new("conflicting-fields", node.key_at(field).unwrap_or(node.head()), message)
}

fn service_entry(spec: Node<'_>, findings: &mut Vec<Finding>) {
    let endpoints = || spec.get("endpoints").into_iter().flat_map(Node::items);
    let resolution = match str_of(spec, "resolution") {
        "" => "NONE",
        resolution => resolution,
    };
    let cidr = spec.get("addresses").into_iter().flat_map(Node::items);
    let cidr = cidr.filter(|address| address.as_str().is_some_and(|text| text.contains('/') && !has_placeholder(text)));
    if !matches!(resolution, "NONE" | "STATIC") && !has_placeholder(resolution) {
        findings.extend(cidr.map(|address| {
            let message = format!("an address range does not go with resolution `{resolution}`");
            Finding::new("conflicting-fields", address.at(), message)
                .help("write single addresses, or resolution `STATIC` or `NONE`")
        }));
    }
    if resolution == "NONE" && spec.has("endpoints") {
        let message = "endpoints do not go with resolution `NONE`, the default";
        findings.push(conflict(spec, "endpoints", message).help("set `resolution` to `STATIC` or `DNS`"));
    }
    if resolution == "DNS_ROUND_ROBIN" && endpoints().count() > 1 {
        let message = "more than one endpoint does not go with resolution `DNS_ROUND_ROBIN`";
        findings.push(conflict(spec, "endpoints", message).help("keep one endpoint, or write resolution `DNS`"));
    }
    findings.extend(endpoints().filter_map(socket_with_ports));
    let numbers = each(spec, &["ports"]).filter_map(|port| port.get("number"));
    repeated(numbers, findings, |number| format!("port number `{}` is there twice", number.raw()));
}

/// Reports each scalar whose text stood before.
fn repeated<'a>(
    nodes: impl Iterator<Item = Node<'a>>,
    findings: &mut Vec<Finding>,
    message: impl Fn(Node<'a>) -> String,
) {
    let mut seen: HashMap<String, Node<'a>> = HashMap::new();
    for node in nodes.filter(|node| !has_placeholder(node.raw())) {
        match seen.get(&*node.key_text()) {
            Some(first) => {
                let finding = Finding::new("duplicate-entry", node.at(), message(node));
                findings.push(finding.related(first.at(), "first here"));
            }
            None => drop(seen.insert(node.key_text().into_owned(), node)),
        }
    }
}

fn socket_with_ports(workload: Node<'_>) -> Option<Finding> {
    let socket = str_of(workload, "address").starts_with("unix://");
    let message = "a Unix socket has no ports";
    (socket && workload.has("ports")).then(|| conflict(workload, "ports", message).help("remove `ports`"))
}

fn waypoint_match(patch: Node<'_>) -> Option<Finding> {
    let matched = patch.get("match")?;
    match (str_of(matched, "context"), matched.has("waypoint")) {
        ("WAYPOINT", false) => {
            let finding =
                Finding::new("missing-field", matched.get("context")?.at(), "context `WAYPOINT` without `waypoint`");
            Some(finding.help("add `waypoint`, or change the context"))
        }
        ("WAYPOINT", true) | (_, false) => None,
        (context, true) if has_placeholder(context) => None,
        (_, true) => Some(
            conflict(matched, "waypoint", "`waypoint` is for context `WAYPOINT` only")
                .help("set `context` to `WAYPOINT`"),
        ),
    }
}

fn service_accounts(from: Node<'_>) -> Option<Finding> {
    let source = from.get("source")?;
    let accounts = ["serviceAccounts", "notServiceAccounts"].into_iter().find(|field| source.has(field))?;
    let others = ["principals", "notPrincipals", "namespaces", "notNamespaces"];
    let other = others.into_iter().find(|field| source.has(field))?;
    let finding = conflict(source, other, format!("`{other}` does not go with `{accounts}`"));
    let finding = finding.related(source.key_at(accounts)?, "which names the namespace, too");
    Some(finding.help(format!("say it all with `{accounts}`, or with `principals` and `namespaces`")))
}

/// The values of a condition, as its key reads them.
fn condition_values(condition: Node<'_>) -> Vec<Finding> {
    let Ok(key) = ConditionKey::parse(str_of(condition, "key")) else { return Vec::new() };
    let lists = ["values", "notValues"].into_iter().filter_map(|field| condition.get(field));
    let values = lists.flat_map(Node::items).filter_map(|node| Some((node, node.as_str()?)));
    // Nothing can be said of placeholders, and the schema reports empty values.
    let known = values.filter(|(_, value)| !value.is_empty() && !has_placeholder(value));
    let wrong = known.filter_map(|(node, value)| Some((node, key.check_value(value).err()?)));
    wrong.map(|(node, reason)| because("invalid-condition-value", node, &reason)).collect()
}

fn because(rule: &'static str, node: Node<'_>, reason: &Reason) -> Finding {
    let finding = Finding::new(rule, node.at(), reason.message());
    reason.instruction().into_iter().fold(finding, |finding, help| finding.help(help))
}

/// What istiod lets policies attach to (`ValidatePolicyTargetReference` in pkg/config/validation/validation.go).
fn target(target: Node<'_>) -> Option<Finding> {
    let kind = target.get("kind")?;
    let (group, name) = (str_of(target, "group"), str_of(target, "kind"));
    let legal = match name {
        "Service" => matches!(group, "" | "core"),
        "ServiceEntry" => group == "networking.istio.io",
        "Gateway" | "GatewayClass" => group == "gateway.networking.k8s.io",
        _ => false,
    };
    if legal || has_placeholder(group) || has_placeholder(name) {
        return None;
    }
    let shown = if group.is_empty() { name.to_owned() } else { format!("{group}/{name}") };
    let finding = Finding::new("invalid-target", kind.at(), format!("a policy cannot be attached to a `{shown}`"));
    Some(match name {
        "Gateway" | "GatewayClass" => finding.help("write `group: gateway.networking.k8s.io`"),
        "ServiceEntry" => finding.help("write `group: networking.istio.io`"),
        "Service" => finding.help("remove `group`"),
        _ => finding.help("attach it to a Gateway, GatewayClass, Service or ServiceEntry, or use `selector`"),
    })
}

/// Port 0 of a server is for Unix sockets, which have no ports.
fn port_zero(server: Node<'_>) -> Option<Finding> {
    let number = server.path(&["port", "number"])?;
    let socket = str_of(server, "bind").starts_with("unix://");
    match number.scalar()? {
        Scalar::Int(0) if !socket => Some(
            Finding::new("invalid-value", number.at(), "port 0 without a Unix socket")
                .help("write a port from 1 to 65535"),
        ),
        Scalar::Int(1..) if socket => {
            Some(Finding::new("invalid-value", number.at(), "a Unix socket with a port").help("write `number: 0`"))
        }
        _ => None,
    }
}

fn port_level_mtls(spec: Node<'_>) -> Option<Finding> {
    spec.get("portLevelMtls")?;
    let selected = spec.path(&["selector", "matchLabels"]).is_some_and(|labels| labels.entries().next().is_some());
    let message = "`portLevelMtls` needs a `selector` with labels";
    let finding = || Finding::new("missing-field", spec.key_at("portLevelMtls").unwrap_or(spec.head()), message);
    (!selected).then(|| finding().help("add `selector.matchLabels`: ports belong to workloads"))
}

/// The value is judged as protobuf has it: the empty one is absent. Without `operation` it is an UPSERT.
fn tag_override(tag: Node<'_>, change: Node<'_>) -> Option<Finding> {
    match str_of(change, "operation") {
        "UPSERT" | "" if str_of(change, "value").is_empty() => {
            let message = format!("tag `{}` is to be set, but has no `value`", tag.key_text());
            Some(Finding::new("missing-field", tag.at(), message).help("add `value`, or write `operation: REMOVE`"))
        }
        "REMOVE" if change.has("value") => {
            let message = format!("tag `{}` is to be removed, but has a `value`", tag.key_text());
            Some(conflict(change, "value", message).help("remove `value`, or write `operation: UPSERT`"))
        }
        _ => None,
    }
}

fn environment(plugin: Node<'_>, findings: &mut Vec<Finding>) {
    let variables = plugin.path(&["vmConfig", "env"]).into_iter().flat_map(Node::items);
    for variable in variables.filter(|variable| str_of(*variable, "valueFrom") == "HOST" && variable.has("value")) {
        let message = "`value` does not go with `valueFrom: HOST`";
        findings.push(conflict(variable, "value", message).help("remove `value`, or `valueFrom`"));
    }
}

/// Maglev tables have a prime size; the bounds are in the schema.
fn destination_rule(spec: Node<'_>, findings: &mut Vec<Finding>) {
    let policies = spec.get("trafficPolicy").into_iter();
    let policies = policies.chain(each(spec, &["subsets"]).filter_map(|subset| subset.get("trafficPolicy")));
    for policy in policies.flat_map(|policy| std::iter::once(policy).chain(each(policy, &["portLevelSettings"]))) {
        let size = policy.path(&["loadBalancer", "consistentHash", "maglev", "tableSize"]);
        let Some((size, Some(Scalar::Int(number)))) = size.map(|size| (size, size.scalar())) else { continue };
        let within = u64::try_from(number).ok().filter(|number| (1..5_000_011).contains(number));
        if let Some(Err(reason)) = within.map(TableSize::from_number) {
            findings.push(because("invalid-value", size, &reason));
        }
    }
}
