use crate::mesh::Mesh;
use crate::model::destination_rule::DestinationRule;
use crate::model::networking::Sidecar;
use crate::model::security::AuthorizationPolicy;
use crate::model::virtual_service::VirtualService;
use crate::model::{Meta, Object};
use crate::rules::Report;
use crate::yaml::Node;

use super::fields::{first_set, may_be_set, values};

const OF_POLICY: [&str; 8] = [
    "outlierDetection",
    "connectionPool",
    "loadBalancer",
    "tls",
    "portLevelSettings",
    "tunnel",
    "proxyProtocol",
    "retryBudget",
];

/// Settings that set nothing. The schema reports those that are an empty mapping; here are those that protobuf takes for
/// empty.
pub fn check_virtual_service<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for redirect in values(service.spec.node, &["http", "redirect"]) {
        let port = ["port", "derivePort"].iter().any(|field| redirect.has(field));
        if !port && nothing(redirect, &["uri", "prefixRewrite", "authority", "scheme"]) {
            say(&service.meta, redirect, "a redirect to where the request came from", report)
                .help("set `uri`, `prefixRewrite`, `authority`, `port` or `scheme`");
        }
    }
    for rewrite in values(service.spec.node, &["http", "rewrite"]) {
        if nothing(rewrite, &["uri", "uriRegexRewrite", "authority"]) {
            say(&service.meta, rewrite, "a rewrite that rewrites nothing", report)
                .help("set `uri`, `uriRegexRewrite` or `authority`, or remove `rewrite`");
        }
    }
}

pub fn check_destination_rule<'m>(_: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    for (_, policy) in rule.spec.policies() {
        if policy.node.has("portLevelSettings") && nothing(policy.node, &OF_POLICY) {
            say(&rule.meta, policy.node, "a traffic policy that sets nothing", report)
                .help("set something, or remove `trafficPolicy`");
        }
    }
}

pub fn check_authorization_policy<'m>(
    _: &Mesh<'m>,
    policy: &'m Object<'m, AuthorizationPolicy<'m>>,
    report: &mut Report,
) {
    for (path, name) in [(["rules", "from", "source"], "source"), (["rules", "to", "operation"], "operation")] {
        for node in values(policy.spec.node, &path) {
            let fields: Vec<_> = node.entries().map(|entry| entry.key.key_text()).collect();
            let fields: Vec<_> = fields.iter().map(AsRef::as_ref).collect();
            if !fields.is_empty() && nothing(node, &fields) {
                say(&policy.meta, node, &format!("every list of this {name} is empty"), report)
                    .help(format!("set a field, or remove `{name}`"));
            }
        }
    }
}

pub fn check_sidecar<'m>(_: &Mesh<'m>, sidecar: &'m Object<'m, Sidecar<'m>>, report: &mut Report) {
    let node = sidecar.spec.node;
    let lists = ["egress", "ingress"];
    let other = ["outboundTrafficPolicy", "inboundConnectionPool"];
    if lists.iter().any(|field| node.has(field)) && nothing(node, &lists) && first_set(node, &other).is_none() {
        say(&sidecar.meta, node, "a Sidecar that sets nothing", report)
            .help("set `egress`, `ingress`, `outboundTrafficPolicy` or `inboundConnectionPool`");
    }
}

fn nothing(node: Node<'_>, fields: &[&str]) -> bool {
    node.kind() == crate::yaml::Kind::Mapping && !fields.iter().any(|field| may_be_set(node, field))
}

fn say<'r>(meta: &Meta<'_>, node: Node<'_>, message: &str, report: &'r mut Report) -> crate::rules::Draft<'r> {
    report.at(meta, node.head(), message)
}
