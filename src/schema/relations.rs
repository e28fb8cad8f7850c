//! What the CRDs demand of several fields at once: their CEL rules, natively, and the keys of their lists.
//!
//! Absent and null are the same here. A field of the wrong type counts as absent: the schema has reported it.

use std::collections::HashMap;

use serde_json::Value;

use crate::finding::Finding;
use crate::format::{TableSize, has_placeholder};
use crate::yaml::{Node, Scalar};

use super::kinds::{Kind, Schema};

/// Every relation that the resource breaks.
pub(super) fn findings(root: Node<'_>, kind: &Kind) -> Vec<Finding> {
    let mut findings = Vec::new();
    for list in &kind.schema().keyed_lists {
        duplicates(root, &list.way, &list.keys, &mut findings);
    }
    let Some(spec) = root.get("spec") else { return findings };
    match (kind.group, kind.name) {
        ("networking.istio.io", "ServiceEntry") => service_entry(spec, &mut findings),
        ("networking.istio.io", "WorkloadEntry") => findings.extend(socket_with_ports(spec)),
        ("networking.istio.io", "WorkloadGroup") => findings.extend(spec.get("template").and_then(socket_with_ports)),
        ("networking.istio.io", "EnvoyFilter") => {
            findings.extend(each(spec, &["configPatches"]).filter_map(waypoint_match))
        }
        ("networking.istio.io", "DestinationRule") => destination_rule(spec, &mut findings),
        ("security.istio.io", "AuthorizationPolicy") => {
            findings.extend(each(spec, &["rules", "from"]).filter_map(service_accounts));
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
            let finding = Finding::new("invalid-value", size.at(), reason.message());
            findings.push(reason.instruction().into_iter().fold(finding, |finding, help| finding.help(help)));
        }
    }
}

/// A list whose items are told apart by keys (`x-kubernetes-list-map-keys`), and the way to it.
pub(super) struct KeyedList {
    way: Vec<Step>,
    keys: Vec<String>,
}

#[derive(Clone)]
enum Step {
    Field(String),
    AnyField,
    Items,
}

/// The lists with keys of a schema.
pub(super) fn keyed_lists(schema: &Schema) -> Vec<KeyedList> {
    let mut found = Vec::new();
    collect(schema, &schema.root, Vec::new(), &mut found);
    found
}

fn collect(schema: &Schema, value: &Value, way: Vec<Step>, found: &mut Vec<KeyedList>) {
    let value = schema.resolve(value);
    let then = |step: Step| way.iter().cloned().chain([step]).collect::<Vec<_>>();
    if let Some(keys) = value.get("x-kubernetes-list-map-keys").and_then(Value::as_array) {
        let keys = keys.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        found.push(KeyedList { way: way.clone(), keys });
    }
    for (name, field) in value.get("properties").and_then(Value::as_object).into_iter().flatten() {
        collect(schema, field, then(Step::Field(name.clone())), found);
    }
    if let Some(items) = value.get("items") {
        collect(schema, items, then(Step::Items), found);
    }
    if let Some(free) = value.get("additionalProperties").filter(|free| free.is_object()) {
        collect(schema, free, then(Step::AnyField), found);
    }
}

fn duplicates(node: Node<'_>, way: &[Step], keys: &[String], findings: &mut Vec<Finding>) {
    match way.split_first() {
        Some((Step::Field(name), rest)) => {
            node.get(name).into_iter().for_each(|field| duplicates(field, rest, keys, findings))
        }
        Some((Step::AnyField, rest)) => node.entries().for_each(|entry| duplicates(entry.value, rest, keys, findings)),
        Some((Step::Items, rest)) => node.items().for_each(|item| duplicates(item, rest, keys, findings)),
        None => repeated_keys(node, keys, findings),
    }
}

fn repeated_keys(list: Node<'_>, keys: &[String], findings: &mut Vec<Finding>) {
    let mut seen: HashMap<Vec<String>, Node<'_>> = HashMap::new();
    for item in list.items() {
        let values: Vec<_> =
            keys.iter().map(|key| item.get(key).map(Node::key_text).unwrap_or_default().into_owned()).collect();
        if values.iter().any(|value| has_placeholder(value)) {
            continue;
        }
        let Some(first) = seen.insert(values.clone(), item) else { continue };
        let at = keys.iter().find_map(|key| item.get(key)).map_or(item.head(), Node::at);
        let what =
            keys.iter().zip(&values).map(|(key, value)| format!("{key} `{value}`")).collect::<Vec<_>>().join(", ");
        let before = keys.iter().find_map(|key| first.get(key)).map_or(first.head(), Node::at);
        findings
            .push(Finding::new("duplicate-entry", at, format!("{what} is there twice")).related(before, "first here"));
    }
}
