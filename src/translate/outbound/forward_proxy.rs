//! Hosts that proxies resolve by the names that clients use.

use crate::envoy::cluster::{DnsCacheConfig, DnsLookupFamily};
use crate::envoy::http_filter::DynamicForwardProxy;
use crate::envoy::listener::Filter;
use crate::envoy::network_filter::SniDynamicForwardProxy;
use crate::mesh::Resolution;
use crate::translate::Context;
use crate::translate::scope::{OutboundPolicy, ScopedService};

pub(super) fn dynamic_forward_proxy(
    context: &Context<'_, '_>,
    service: &ScopedService<'_>,
) -> Option<DynamicForwardProxy> {
    let cache = match context.scope.outbound {
        OutboundPolicy::AllowAnyDynamicDns => any_host_cache(),
        _ if is_dynamic(service) => host_cache(service),
        _ => return None,
    };
    Some(DynamicForwardProxy { dns_cache_config: Some(cache), ..Default::default() })
}

pub(super) fn sni_forward_proxy(service: &ScopedService<'_>, port: i64) -> Option<Filter> {
    if !is_dynamic(service) {
        return None;
    }
    let config = SniDynamicForwardProxy {
        dns_cache_config: Some(host_cache(service)),
        port_value: port.try_into().ok(),
        ..Default::default()
    };
    Some(Filter::new("envoy.extensions.filters.network.sni_dynamic_forward_proxy", config))
}

fn is_dynamic(service: &ScopedService<'_>) -> bool {
    service.service.resolution() == Resolution::DynamicDns
}

fn host_cache(service: &ScopedService<'_>) -> DnsCacheConfig {
    DnsCacheConfig {
        name: format!("{}_dfp_dns_cache", service.host()),
        dns_lookup_family: DnsLookupFamily::V4Only,
        ..Default::default()
    }
}

/// The names that proxies resolve where all traffic may go out by name.
pub(super) fn any_host_cache() -> DnsCacheConfig {
    DnsCacheConfig {
        name: "allow_any_dfp_dns_cache".to_owned(),
        dns_lookup_family: DnsLookupFamily::V4Only,
        max_hosts: Some(1024),
        ..Default::default()
    }
}
