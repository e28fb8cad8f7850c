//! Names that istiod gives to clusters and the like (istio 1.31 `pilot/pkg/model/context.go`, `BuildSubsetKey`).

pub(super) const BLACK_HOLE: &str = "BlackHoleCluster";
pub(super) const PASSTHROUGH: &str = "PassthroughCluster";
pub(super) const INBOUND_PASSTHROUGH: &str = "InboundPassthroughCluster";
pub(super) const DYNAMIC_DNS: &str = "AllowAnyDynamicDNSCluster";

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
