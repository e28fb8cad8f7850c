//! Names that istiod gives to clusters and the like (istio 1.31 `pilot/pkg/model/context.go`, `BuildSubsetKey`).

use crate::envoy::Object;
use crate::envoy::core::Metadata;
use crate::model::Meta;

pub(super) const BLACK_HOLE: &str = "BlackHoleCluster";
pub(super) const PASSTHROUGH: &str = "PassthroughCluster";
pub(super) const INBOUND_PASSTHROUGH: &str = "InboundPassthroughCluster";
pub(super) const DYNAMIC_DNS: &str = "AllowAnyDynamicDNSCluster";

/// What the name of an outbound cluster tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClusterName<'n> {
    pub port: i64,
    /// Empty for all endpoints.
    pub subset: &'n str,
    pub host: &'n str,
    /// As [`sni_cluster`] writes it.
    pub is_sni: bool,
}

impl<'n> ClusterName<'n> {
    pub fn parse(name: &'n str) -> Option<Self> {
        let is_sni = name.starts_with("outbound_.");
        let separator = if is_sni { "_." } else { "|" };
        let mut parts = name.splitn(4, separator);
        if parts.next() != Some("outbound") {
            return None;
        }
        let (port, subset, host) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { port: port.parse().ok()?, subset, host, is_sni })
    }
}

/// Of the endpoints of a port of a service; `subset` is empty for all of them.
pub(super) fn outbound_cluster(port: i64, subset: &str, host: &str) -> String {
    format!("outbound|{port}|{subset}|{host}")
}

/// Of the workload itself, by its own port.
pub(super) fn inbound_cluster(port: i64) -> String {
    format!("inbound|{port}||")
}

/// The same cluster in SNI: as gateways that pass TLS through call it, and as clients ask for it.
pub(super) fn sni_cluster(port: i64, subset: &str, host: &str) -> String {
    format!("outbound_.{port}_.{subset}_.{host}")
}

/// What a part of the configuration is made from.
pub(super) fn config_metadata(meta: &Meta<'_>, kind: &str) -> Metadata {
    let path = format!("/apis/networking.istio.io/v1/namespaces/{}/{kind}/{}", meta.namespace, meta.name.value);
    let fields = Object::from_iter([("config".to_owned(), path.into())]);
    Metadata { filter_metadata: [("istio".to_owned(), fields)].into(), ..Default::default() }
}
