//! The annotations of Istio: where they count, and which values they take (istio/api 1.31 `annotation/annotations.yaml`,
//! istio 1.31 `pkg/kube/inject/validate.go`).

use crate::format::{Port, Subnet};
use crate::mesh::Mesh;
use crate::model::{Labels, Meta, Str};

/// Annotations of an object or of a pod template.
pub struct Annotated<'m> {
    pub meta: &'m Meta<'m>,
    /// The kind of what is annotated: `Pod` for templates.
    pub kind: &'static str,
    pub labels: &'m Labels<'m>,
    pub annotations: &'m Labels<'m>,
}

pub struct Registered {
    pub name: &'static str,
    /// Kinds; empty for any.
    pub on: &'static [&'static str],
    pub deprecated: bool,
}

const fn on(name: &'static str, on: &'static [&'static str]) -> Registered {
    Registered { name, on, deprecated: false }
}

const fn pod(name: &'static str) -> Registered {
    on(name, &["Pod"])
}

const fn old(name: &'static str, on: &'static [&'static str]) -> Registered {
    Registered { name, on, deprecated: true }
}

#[rustfmt::skip]
const REGISTRY: &[Registered] = &[
    pod("prometheus.istio.io/merge-metrics"),
    old("alpha.istio.io/kubernetes-serviceaccounts", &["Service"]),
    old("alpha.istio.io/canonical-serviceaccounts", &["Service"]),
    on("networking.istio.io/exportTo", &["Service"]),
    old("sidecar.istio.io/inject", &["Pod"]),
    pod("sidecar.istio.io/status"),
    pod("sidecar.istio.io/rewriteAppHTTPProbers"),
    old("sidecar.istio.io/discoveryAddress", &["Pod"]),
    pod("sidecar.istio.io/proxyImage"),
    pod("sidecar.istio.io/proxyImageType"),
    pod("sidecar.istio.io/proxyCPU"),
    pod("sidecar.istio.io/proxyCPULimit"),
    pod("sidecar.istio.io/proxyMemory"),
    pod("sidecar.istio.io/proxyMemoryLimit"),
    pod("sidecar.istio.io/interceptionMode"),
    pod("sidecar.istio.io/bootstrapOverride"),
    old("sidecar.istio.io/statsInclusionPrefixes", &["Pod"]),
    old("sidecar.istio.io/statsInclusionSuffixes", &["Pod"]),
    old("sidecar.istio.io/statsInclusionRegexps", &["Pod"]),
    pod("sidecar.istio.io/statsHistogramBuckets"),
    pod("sidecar.istio.io/statsFlushInterval"),
    pod("sidecar.istio.io/statsEvictionInterval"),
    pod("sidecar.istio.io/statsHistogramBins"),
    old("sidecar.istio.io/statsCompression", &["Pod"]),
    pod("sidecar.istio.io/userVolume"),
    pod("sidecar.istio.io/userVolumeMount"),
    pod("status.sidecar.istio.io/port"),
    pod("sidecar.istio.io/logLevel"),
    pod("sidecar.istio.io/componentLogLevel"),
    pod("sidecar.istio.io/agentLogLevel"),
    pod("sidecar.istio.io/nativeSidecar"),
    pod("readiness.status.sidecar.istio.io/initialDelaySeconds"),
    pod("readiness.status.sidecar.istio.io/periodSeconds"),
    pod("readiness.status.sidecar.istio.io/failureThreshold"),
    pod("readiness.status.sidecar.istio.io/applicationPorts"),
    on("traffic.istio.io/nodeSelector", &["Service"]),
    pod("traffic.sidecar.istio.io/includeOutboundIPRanges"),
    pod("traffic.sidecar.istio.io/excludeOutboundIPRanges"),
    pod("traffic.sidecar.istio.io/includeInboundPorts"),
    pod("traffic.sidecar.istio.io/excludeInboundPorts"),
    pod("traffic.sidecar.istio.io/excludeInterfaces"),
    pod("traffic.sidecar.istio.io/includeOutboundPorts"),
    pod("traffic.sidecar.istio.io/excludeOutboundPorts"),
    old("traffic.sidecar.istio.io/kubevirtInterfaces", &["Pod"]),
    on("kubernetes.io/ingress.class", &["Ingress"]),
    on("galley.istio.io/analyze-suppress", &[]),
    pod("proxy.istio.io/config"),
    on("istio.io/dry-run", &["AuthorizationPolicy"]),
    pod("istio.io/rev"),
    pod("proxy.istio.io/overrides"),
    pod("inject.istio.io/templates"),
    old("sidecar.istio.io/extraStatTags", &["Pod"]),
    on("istio.io/autoRegistrationGroup", &["WorkloadEntry"]),
    on("istio.io/workloadController", &["WorkloadEntry"]),
    on("istio.io/connectedAt", &["WorkloadEntry"]),
    on("istio.io/disconnectedAt", &["WorkloadEntry"]),
    on("topology.istio.io/controlPlaneClusters", &["Namespace"]),
    on("gateway.istio.io/controller-version", &[]),
    pod("ambient.istio.io/redirection"),
    on("ambient.istio.io/waypoint-inbound-binding", &["GatewayClass", "Gateway"]),
    on("gateway.istio.io/service-account", &["Gateway"]),
    on("gateway.istio.io/name-override", &["Gateway"]),
    on("networking.istio.io/service-type", &["Gateway"]),
    on("networking.istio.io/traffic-distribution", &["Namespace", "Service", "ServiceEntry"]),
    on("istio.io/use-waypoint-canary-weight", &["Service", "ServiceEntry", "Namespace"]),
    pod("ambient.istio.io/bypass-inbound-capture"),
    pod("istio.io/reroute-virtual-interfaces"),
    pod("ambient.istio.io/dns-capture"),
];

/// Written by Istio itself.
const IGNORED: [&str; 3] = ["sidecar.istio.io/status", "gateway.istio.io/controller-version", "istio.io/rev"];

/// The kinds on which annotations of Istio are looked for.
const KINDS: [&str; 17] = [
    "Namespace",
    "Service",
    "Pod",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "ReplicationController",
    "Job",
    "CronJob",
    "Rollout",
    "Gateway",
    "GatewayClass",
    "Ingress",
    "ServiceEntry",
    "WorkloadEntry",
    "AuthorizationPolicy",
];

/// The annotations of Istio that the input has, each with what is annotated.
pub fn annotations<'m>(mesh: &Mesh<'m>) -> impl Iterator<Item = (Annotated<'m>, Str<'m>, Str<'m>)> {
    let objects = mesh.resources.metas().filter(|meta| KINDS.contains(&meta.kind.name())).map(|meta| Annotated {
        meta,
        kind: meta.kind.name(),
        labels: &meta.labels,
        annotations: &meta.annotations,
    });
    let templates = mesh.workloads.iter().filter(|workload| workload.is_template()).map(|workload| Annotated {
        meta: workload.meta,
        kind: "Pod",
        labels: workload.labels,
        annotations: workload.annotations,
    });
    objects.chain(templates).flat_map(|Annotated { meta, kind, labels, annotations }| {
        let own = annotations.iter().filter(|(key, _)| is_istio(key.value));
        own.map(move |(key, value)| (Annotated { meta, kind, labels, annotations }, *key, *value))
    })
}

pub fn registered(name: &str) -> Option<&'static Registered> {
    REGISTRY.iter().find(|entry| entry.name == name)
}

pub fn names() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(|entry| entry.name)
}

fn is_istio(key: &str) -> bool {
    let domain = key.split('/').next().unwrap_or(key);
    let own = key == "kubernetes.io/ingress.class" || domain == "istio.io" || domain.ends_with(".istio.io");
    own && !IGNORED.contains(&key)
}

/// What is wrong with a value; `None` if nothing is, or if nothing is known of the annotation.
pub fn problem(name: &str, value: &str) -> Option<&'static str> {
    let list = |valid: fn(&str) -> bool| value.is_empty() || value.split(',').all(valid);
    let trimmed = |valid: fn(&str) -> bool| value.is_empty() || value.split(',').all(|entry| valid(entry.trim()));
    let (valid, expected) = match name.rsplit_once('/')? {
        (_, "interceptionMode") => (["REDIRECT", "TPROXY", "NONE"].contains(&value), "`REDIRECT`, `TPROXY` or `NONE`"),
        ("status.sidecar.istio.io", "port") => (value.parse::<u16>().is_ok(), "a port"),
        ("readiness.status.sidecar.istio.io", "initialDelaySeconds" | "periodSeconds" | "failureThreshold") => {
            (value.parse::<u32>().is_ok(), "a whole number")
        }
        (_, "includeOutboundIPRanges") => {
            (value == "*" || list(is_range), "`*` or ranges such as `10.0.0.0/8`, without spaces")
        }
        (_, "excludeOutboundIPRanges") => (list(is_range), "ranges such as `10.0.0.0/8`, without spaces"),
        (_, "includeInboundPorts") => (value == "*" || trimmed(is_port), "`*` or ports"),
        (_, "excludeInboundPorts" | "excludeOutboundPorts") => (trimmed(is_port), "ports"),
        (_, "excludeInterfaces" | "kubevirtInterfaces" | "reroute-virtual-interfaces") => {
            (list(is_interface), "names of network interfaces")
        }
        (_, "merge-metrics") => (is_go_bool(value), "`true` or `false`"),
        (_, "proxyCPU" | "proxyCPULimit" | "proxyMemory" | "proxyMemoryLimit") => {
            (is_quantity(value), "an amount such as `100m` or `128Mi`")
        }
        _ => return None,
    };
    (!valid).then_some(expected)
}

fn is_range(text: &str) -> bool {
    text.contains('/') && Subnet::parse(text).is_ok()
}

fn is_port(text: &str) -> bool {
    text.parse().is_ok_and(|number| Port::from_number(number).is_ok())
}

fn is_interface(text: &str) -> bool {
    let rest = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    (1..=15).contains(&text.len()) && text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(rest)
}

/// As Go's `strconv.ParseBool` reads.
fn is_go_bool(text: &str) -> bool {
    ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"].contains(&text)
}

/// A quantity of Kubernetes: a decimal number with a suffix of size, or an exponent.
fn is_quantity(text: &str) -> bool {
    const SUFFIXES: [&str; 15] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "n", "u", "m", "k", "M", "G", "T", "P"];
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let exponent =
        suffix.strip_prefix(['e', 'E']).is_some_and(|digits| digits.is_empty() || digits.parse::<i32>().is_ok());
    number.parse::<f64>().is_ok() && (SUFFIXES.contains(&suffix) || exponent)
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn values_of_annotations() {
        let cases = [
            ("sidecar.istio.io/interceptionMode", "TPROXY", true),
            ("sidecar.istio.io/interceptionMode", "tproxy", false),
            ("status.sidecar.istio.io/port", "0", true),
            ("status.sidecar.istio.io/port", "65536", false),
            ("traffic.sidecar.istio.io/includeOutboundIPRanges", "*", true),
            ("traffic.sidecar.istio.io/includeOutboundIPRanges", "10.0.0.0/8,10.1.0.0/16", true),
            ("traffic.sidecar.istio.io/includeOutboundIPRanges", "10.0.0.0/8, 10.1.0.0/16", false),
            ("traffic.sidecar.istio.io/includeOutboundIPRanges", "10.0.0.0/40", false),
            ("traffic.sidecar.istio.io/excludeOutboundPorts", "80, 443", true),
            ("traffic.sidecar.istio.io/excludeInboundPorts", "*", false),
            ("traffic.sidecar.istio.io/excludeInterfaces", "eth0,veth-1", true),
            ("traffic.sidecar.istio.io/excludeInterfaces", "0eth", false),
            ("sidecar.istio.io/proxyCPU", "100m", true),
            ("sidecar.istio.io/proxyMemory", "1.5Gi", true),
            ("sidecar.istio.io/proxyMemory", "128MB", false),
            ("prometheus.istio.io/merge-metrics", "yes", false),
            ("sidecar.istio.io/logLevel", "anything", true),
        ];
        for (name, value, valid) in cases {
            assert_eq!(problem(name, value).is_none(), valid, "{name}: {value}");
        }
    }
}
