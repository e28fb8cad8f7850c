//! The proxy that configuration is asked for.

use serde::{Deserialize, Serialize};

use crate::model::Labels;

use super::settings::ProxySettings;

/// What istiod knows of a proxy that connects to it: node id and metadata, and the pod it runs in.
#[derive(Clone, Debug)]
pub struct Proxy<'p> {
    pub kind: ProxyKind,
    /// Of the pod.
    pub name: &'p str,
    pub namespace: &'p str,
    pub labels: Labels<'p>,
    /// The first address of the pod. Addresses are IPv4 where nothing else is known.
    pub ip: &'p str,
    pub service_account: &'p str,
    pub locality: Locality<'p>,
    /// Empty if unknown.
    pub node_name: &'p str,
    pub interception: Interception,
    /// Node metadata `UNPRIVILEGED_POD`: ports below 1024 are not for it.
    pub unprivileged: bool,
    pub settings: ProxySettings,
}

/// What a proxy is for; the first part of its node id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProxyKind {
    /// Beside a workload.
    Sidecar,
    /// A gateway.
    Router,
}

/// How traffic of the workload gets to its sidecar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Interception {
    #[default]
    Redirect,
    TransparentProxy,
    /// Not at all: clients must connect to listeners of the proxy.
    None,
}

/// `region/zone/subzone`; parts that are unknown are empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Locality<'p> {
    pub region: &'p str,
    pub zone: &'p str,
    pub sub_zone: &'p str,
}

impl ProxyKind {
    pub fn name(self) -> &'static str {
        match self {
            ProxyKind::Sidecar => "sidecar",
            ProxyKind::Router => "router",
        }
    }
}

impl<'p> Proxy<'p> {
    pub fn is_router(&self) -> bool {
        self.kind == ProxyKind::Router
    }

    pub fn is_ipv6(&self) -> bool {
        self.ip.contains(':')
    }

    /// Whether it may take a port of the pod.
    pub fn can_bind(&self, port: i64) -> bool {
        !self.unprivileged || port >= 1024
    }

    /// The address that stands for all addresses of the pod.
    pub fn wildcard(&self) -> &'static str {
        if self.is_ipv6() { "::" } else { "0.0.0.0" }
    }

    pub fn loopback(&self) -> &'static str {
        if self.is_ipv6() { "::1" } else { "127.0.0.1" }
    }

    /// The source address of connections from the proxy to its own workload, by which they are not intercepted again.
    pub fn inbound_source(&self) -> &'static str {
        if self.is_ipv6() { "::6" } else { "127.0.0.6" }
    }
}

impl Interception {
    /// The values of the annotation `sidecar.istio.io/interceptionMode` and of the node metadata.
    pub fn parse(text: &str) -> Self {
        match text {
            "TPROXY" => Interception::TransparentProxy,
            "NONE" => Interception::None,
            _ => Interception::Redirect,
        }
    }
}

impl<'p> Locality<'p> {
    /// `region[/zone[/subzone]]`. In labels, which cannot hold slashes, dots separate (istio 1.31
    /// `pilot/pkg/model/context.go`, `GetLocalityLabel`).
    pub fn parse(text: &'p str) -> Self {
        let separator = if text.contains('/') { '/' } else { '.' };
        let mut parts = text.splitn(3, separator);
        let mut next = || parts.next().unwrap_or_default();
        Self { region: next(), zone: next(), sub_zone: next() }
    }

    /// Only slashes separate.
    pub fn parse_path(text: &'p str) -> Self {
        let mut parts = text.splitn(3, '/');
        let mut next = || parts.next().unwrap_or_default();
        Self { region: next(), zone: next(), sub_zone: next() }
    }

    pub fn is_empty(&self) -> bool {
        self.region.is_empty()
    }

    /// As text, without the parts at the end that are empty.
    pub fn path(&self) -> String {
        let parts = [self.region, self.zone, self.sub_zone];
        let known = parts.iter().take_while(|part| !part.is_empty()).copied();
        known.collect::<Vec<_>>().join("/")
    }
}
