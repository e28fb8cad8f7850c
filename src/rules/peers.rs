//! The codes of `istioctl analyze` 1.31 and of Kiali (2026-08), and what becomes of each here.

use super::{Page, called};

/// A code of another tool.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    pub code: &'static str,
    /// What the other tool reports under it, in our words.
    pub subject: &'static str,
}

/// What becomes of a code.
pub enum Coverage {
    /// These rules find what it is about.
    Rules(Vec<&'static Page>),
    /// Files cannot decide it, or there is nothing to decide.
    None { reason: &'static str },
}

impl Peer {
    /// `None` only for a code that was forgotten; a test looks for these.
    pub fn coverage(&self) -> Option<Coverage> {
        let rules: Vec<_> = called(self.code).collect();
        if !rules.is_empty() {
            return Some(Coverage::Rules(rules));
        }
        let (_, reason) = WITHOUT_RULE.iter().find(|(code, _)| *code == self.code)?;
        Some(Coverage::None { reason })
    }
}

/// Every code of the two, in order.
pub fn peers() -> impl Iterator<Item = Peer> {
    CODES.iter().map(|(code, subject)| Peer { code, subject })
}

/// Codes that no rule answers to, with the reason.
const WITHOUT_RULE: &[(&str, &str)] = &[
    ("IST0001", "an error of istioctl itself, not of the configuration"),
    ("IST0126", "needs a cluster: MeshNetworks name the secrets of remote registries"),
    ("IST0136", "istioctl declares it and never emits it: every annotation is alpha or better by now"),
    ("IST0141", "needs a cluster: the permissions of whoever installs"),
    ("IST0142", "needs a cluster: the version of Kubernetes that runs"),
    (
        "IST0143",
        "istioctl declares it and never emits it: servers that listen on localhost are seen in running pods only",
    ),
    ("IST0156", "needs a cluster: what an upgrade would change for the versions that run"),
    ("IST0168", "istioctl declares it and never emits it"),
    ("IST0169", "needs a cluster: what an upgrade would change for the versions that run"),
    ("IST0170", "needs several clusters: whether a Service is the same in all of them"),
    ("IST0172", "needs a cluster: what an upgrade would change for the versions that run"),
    ("KIA0107", "needs several clusters: the service account of another one"),
    (
        "KIA1301",
        "nothing to decide: whether a workload is to have policies is up to its owner; Kiali is silent by default",
    ),
];

const CODES: &[(&str, &str)] = &[
    ("IST0001", "internal error"),
    ("IST0002", "deprecated field or kind"),
    ("IST0101", "reference to something that is not there"),
    ("IST0102", "namespace without injection"),
    ("IST0103", "pod without proxy in a namespace with injection"),
    ("IST0106", "invalid configuration"),
    ("IST0107", "annotation on a kind that it is not for"),
    ("IST0108", "unknown annotation"),
    ("IST0109", "several VirtualServices for one host in the mesh"),
    ("IST0110", "several Sidecars select one workload"),
    ("IST0111", "several Sidecars without selector in a namespace"),
    ("IST0112", "destination without port, service with several"),
    ("IST0116", "one port with two transport protocols on a Deployment"),
    ("IST0118", "port of a Service whose protocol is not named"),
    ("IST0123", "contradicting injection labels on a namespace"),
    ("IST0125", "annotation with an invalid value"),
    ("IST0126", "unknown registry in MeshNetworks"),
    ("IST0127", "AuthorizationPolicy that selects no workload"),
    ("IST0128", "client TLS without CA certificates"),
    ("IST0129", "client TLS of a port without CA certificates"),
    ("IST0130", "rule of a VirtualService that no request reaches"),
    ("IST0131", "match of a VirtualService that has no effect"),
    ("IST0132", "host of a VirtualService that its gateway does not have"),
    ("IST0133", "questionable configuration"),
    ("IST0134", "TCP ServiceEntry without addresses"),
    ("IST0135", "deprecated annotation"),
    ("IST0136", "annotation of alpha quality"),
    ("IST0137", "one target port for different ports of Services"),
    ("IST0138", "one certificate for several Gateways"),
    ("IST0139", "overlapping injection webhooks, or one without service"),
    ("IST0140", "subset rules of the mesh that a gateway's VirtualService passes by"),
    ("IST0141", "missing permission"),
    ("IST0142", "unsupported version of Kubernetes"),
    ("IST0143", "server that listens on localhost only"),
    ("IST0144", "application that runs as the proxy's user"),
    ("IST0145", "Gateways that compete for host and port"),
    ("IST0146", "image `auto` where nothing injects"),
    ("IST0147", "pod with the image `auto`"),
    ("IST0148", "namespace with injection by default"),
    ("IST0149", "routing by JWT claims without RequestAuthentication"),
    ("IST0150", "port name of an ExternalName Service"),
    ("IST0151", "relative EnvoyFilter patch without priority"),
    ("IST0152", "EnvoyFilter `REPLACE` where it is not possible"),
    ("IST0153", "EnvoyFilter `ADD` that is ignored"),
    ("IST0154", "EnvoyFilter `REMOVE` that is ignored"),
    ("IST0155", "relative EnvoyFilter patch after one for certain proxy versions"),
    ("IST0156", "behaviour that changes with an upgrade"),
    ("IST0157", "Telemetry without access log provider"),
    ("IST0158", "proxy image that is not the injector's"),
    ("IST0159", "several Telemetries select one workload"),
    ("IST0160", "several Telemetries without selector in a namespace"),
    ("IST0161", "invalid certificate of a Gateway"),
    ("IST0162", "port of a Gateway that its Service does not have"),
    ("IST0163", "invalid address of an external control plane"),
    ("IST0164", "external control plane by IP address"),
    ("IST0165", "reference to a generated Gateway"),
    ("IST0166", "selector of a policy on a Gateway API gateway"),
    ("IST0167", "Sidecar for ambient workloads"),
    ("IST0168", "update of Gateway API needed"),
    ("IST0169", "incompatible default of a new version"),
    ("IST0170", "Service that differs between clusters"),
    ("IST0171", "status of a resource that says no"),
    ("IST0172", "incompatible default of a new version"),
    ("IST0173", "subset that selects no pod"),
    ("IST0174", "DestinationRule for an unknown host"),
    ("IST0175", "JWKS fetched from wherever a policy says"),
    ("IST0176", "Gateway API CRD that is too old"),
    ("IST0177", "ServiceEntries that disagree on a protocol"),
    ("KIA0002", "several objects without selector in a namespace"),
    ("KIA0003", "several objects select one workload"),
    ("KIA0004", "selector that selects no workload"),
    ("KIA0005", "exportTo names an unknown namespace"),
    ("KIA0101", "AuthorizationPolicy names an unknown namespace"),
    ("KIA0102", "AuthorizationPolicy with a method that HTTP does not have"),
    ("KIA0104", "AuthorizationPolicy names an unknown host"),
    ("KIA0105", "AuthorizationPolicy that needs mTLS where there is none"),
    ("KIA0106", "AuthorizationPolicy names an unknown service account"),
    ("KIA0107", "AuthorizationPolicy names a service account of another cluster"),
    ("KIA0108", "AuthorizationPolicy names an unknown trust domain"),
    ("KIA0109", "HTTP policy on ambient workloads without waypoint"),
    ("KIA0110", "HTTP policy without targetRefs in an ambient namespace"),
    ("KIA0201", "several DestinationRules for one host"),
    ("KIA0202", "DestinationRule for an unknown host"),
    ("KIA0203", "subset that selects no workload"),
    ("KIA0204", "DestinationRule that overrides mTLS"),
    ("KIA0205", "mTLS in a mesh-wide DestinationRule without PeerAuthentication"),
    ("KIA0206", "mTLS in a namespace-wide DestinationRule without PeerAuthentication"),
    ("KIA0207", "namespace-wide DestinationRule without mTLS where it is demanded"),
    ("KIA0208", "mesh-wide DestinationRule without mTLS where it is demanded"),
    ("KIA0209", "subset without labels"),
    ("KIA0210", "HTTP DestinationRule in an ambient namespace without waypoint"),
    ("KIA0211", "HTTP DestinationRule for an ambient Service without waypoint"),
    ("KIA0212", "HTTP DestinationRule outside of its ambient Service's namespace"),
    ("KIA0301", "Gateways that compete for host and port"),
    ("KIA0302", "Gateway that selects no workload"),
    ("KIA0401", "mesh-wide STRICT without DestinationRule"),
    ("KIA0501", "namespace-wide STRICT without DestinationRule"),
    ("KIA0505", "namespace-wide DISABLE with a DestinationRule for mTLS"),
    ("KIA0506", "mesh-wide DISABLE with a DestinationRule for mTLS"),
    ("KIA0601", "port of a Service whose protocol is not named"),
    ("KIA0602", "unknown appProtocol"),
    ("KIA0701", "port of a Service that its workload does not have"),
    ("KIA1004", "egress host of a Sidecar that is not there"),
    ("KIA1006", "Sidecar with selector in the root namespace"),
    ("KIA1007", "outboundTrafficPolicy without mode"),
    ("KIA1101", "destination that is not there"),
    ("KIA1102", "gateway that is not there"),
    ("KIA1104", "weight of a single destination"),
    ("KIA1105", "destination twice in a route"),
    ("KIA1106", "several VirtualServices for one host"),
    ("KIA1107", "subset that is not there"),
    ("KIA1108", "gateway by its old name"),
    ("KIA1109", "HTTP VirtualService in an ambient namespace without waypoint"),
    ("KIA1110", "RequestAuthentication on ambient workloads without waypoint"),
    ("KIA1111", "WasmPlugin on ambient workloads without waypoint"),
    ("KIA1112", "HTTP Telemetry on ambient workloads without waypoint"),
    ("KIA1113", "HTTP VirtualService for an ambient Service without waypoint"),
    ("KIA1114", "HTTP VirtualService outside of its ambient Service's namespace"),
    ("KIA1115", "RequestAuthentication without targetRefs in an ambient namespace"),
    ("KIA1116", "WasmPlugin without targetRefs in an ambient namespace"),
    ("KIA1117", "HTTP Telemetry without targetRefs in an ambient namespace"),
    ("KIA1211", "host and port of several ServiceEntries"),
    ("KIA1212", "ServiceEntries that disagree on a protocol"),
    ("KIA1301", "workload without AuthorizationPolicy"),
    ("KIA1311", "workload with labels for a sidecar and for ambient"),
    ("KIA1312", "waypoint for a workload that is not ambient"),
    ("KIA1313", "waypoint that is not there"),
    ("KIA1314", "ambient pod with a sidecar label"),
    ("KIA1315", "pod with a sidecar and an ambient label"),
    ("KIA1316", "sidecar in an ambient namespace"),
    ("KIA1317", "HTTP AuthorizationPolicy on a workload without waypoint"),
    ("KIA1401", "route whose Gateway is not there or does not let it in"),
    ("KIA1402", "route whose backend is not there or not granted"),
    ("KIA1501", "listeners of two Gateways that compete"),
    ("KIA1502", "address of two Gateways"),
    ("KIA1503", "listeners of one Gateway that compete"),
    ("KIA1504", "unknown class of a Gateway"),
    ("KIA1601", "ReferenceGrant for an unknown namespace"),
    ("KIA1701", "WorkloadGroup with an unknown service account"),
    ("KIA1702", "WorkloadGroups with the same labels"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_rules_or_a_reason() {
        let forgotten: Vec<_> = peers().filter(|peer| peer.coverage().is_none()).map(|peer| peer.code).collect();
        assert!(forgotten.is_empty(), "no rule and no reason: {forgotten:?}");
    }

    #[test]
    fn reasons_are_only_for_codes_without_rules() {
        for (code, _) in WITHOUT_RULE {
            assert!(peers().any(|peer| peer.code == *code), "{code} is no code");
            assert!(called(code).next().is_none(), "{code} has rules");
        }
    }
}
