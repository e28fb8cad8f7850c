//! Clusters that are there whatever the mesh offers.

use crate::envoy::cluster::{
    Cluster, CustomClusterType, Discovery, DiscoveryType, DnsCacheConfig, DynamicForwardProxyCluster, LbPolicy,
};
use crate::envoy::core::{BindConfig, SocketAddress};
use crate::translate::proxy::Proxy;
use crate::translate::{Context, names, policy::tls_mode};

use super::protocol::Options;
use super::{metadata, outbound, pool, protocol, settings, stat_name, tls};

/// For traffic that must not go anywhere.
pub(super) fn black_hole(context: &Context<'_, '_>) -> Cluster {
    Cluster {
        name: names::BLACK_HOLE.to_owned(),
        alt_stat_name: stat_name(names::BLACK_HOLE),
        discovery: Some(Discovery::Type(DiscoveryType::Static)),
        connect_timeout: Some(pool::connect_timeout(settings(context))),
        ..Default::default()
    }
}

/// For traffic to where it wanted to go anyway.
pub(super) fn passthrough(context: &Context<'_, '_>) -> Cluster {
    let mut cluster = Cluster {
        name: names::PASSTHROUGH.to_owned(),
        alt_stat_name: stat_name(names::PASSTHROUGH),
        discovery: Some(Discovery::Type(DiscoveryType::OriginalDst)),
        lb_policy: LbPolicy::ClusterProvided,
        filters: vec![metadata::exchange()],
        ..Default::default()
    };
    let default = context.default_policy().and_then(|policy| policy.connection_pool.as_deref());
    // Of a pool only the connections count: the protocols are those of the client.
    pool::apply(&mut cluster, &mut Options::default(), settings(context), default, None);
    cluster.typed_extension_protocol_options = protocol::passthrough(context.proxy);
    cluster
}

/// The same for traffic to the workload, on ports that no service has.
pub(super) fn inbound_passthrough(context: &Context<'_, '_>) -> Cluster {
    Cluster {
        name: names::INBOUND_PASSTHROUGH.to_owned(),
        filters: Vec::new(),
        upstream_bind_config: Some(inbound_source(context.proxy)),
        ..passthrough(context)
    }
}

/// The source address by which connections to the workload are not intercepted again.
pub(super) fn inbound_source(proxy: &Proxy<'_>) -> BindConfig {
    BindConfig { source_address: Some(SocketAddress::new(proxy.inbound_source(), 0)), ..Default::default() }
}

/// For hosts that are resolved as requests name them.
pub(super) fn dynamic_dns(context: &Context<'_, '_>) -> Cluster {
    let policy = settings(context).config.as_ref().and_then(|config| config.outbound_traffic_policy.as_ref());
    let tls = policy.and_then(|policy| policy.tls.as_deref()).filter(|tls| tls_mode(tls) != "DISABLE");
    let cache = DnsCacheConfig {
        name: "allow_any_dfp_dns_cache".to_owned(),
        dns_lookup_family: outbound::lookup_family(context.proxy),
        max_hosts: Some(1024),
        ..Default::default()
    };
    let mut cluster = Cluster {
        name: names::DYNAMIC_DNS.to_owned(),
        alt_stat_name: stat_name(names::DYNAMIC_DNS),
        discovery: Some(dynamic_forward_proxy(cache)),
        lb_policy: LbPolicy::ClusterProvided,
        typed_extension_protocol_options: protocol::passthrough(context.proxy),
        filters: vec![metadata::exchange()],
        ..Default::default()
    };
    let mut options = Options::default();
    pool::apply(&mut cluster, &mut options, settings(context), None, None);
    match tls {
        Some(tls) => {
            cluster.transport_socket = tls::dynamic_socket(context, &mut cluster, &mut options, tls);
        }
        None => tls::allow_insecure(&mut cluster),
    }
    let chosen = options.finish();
    if !chosen.is_empty() {
        cluster.typed_extension_protocol_options = chosen;
    }
    cluster
}

/// A cluster whose hosts are resolved when they are asked for.
pub(super) fn dynamic_forward_proxy(cache: DnsCacheConfig) -> Discovery {
    let config = DynamicForwardProxyCluster { dns_cache_config: Some(cache), ..Default::default() };
    Discovery::ClusterType(CustomClusterType::new("envoy.clusters.dynamic_forward_proxy", config))
}
