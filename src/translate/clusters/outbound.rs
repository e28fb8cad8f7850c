//! Clusters towards the services that a proxy knows.

use std::sync::Arc;
use std::time::Duration;

use crate::envoy::cluster::{
    CaresDnsResolverConfig, Cluster, CommonLbConfig, Discovery, DiscoveryType, DnsCacheConfig, DnsLookupFamily,
    EdsClusterConfig, LbConfig, LbPolicy, OriginalDstLbConfig,
};
use crate::envoy::core::{ConfigSource, HealthStatus, HealthStatusSet, Percent, TypedExtensionConfig};
use crate::envoy::endpoint::ClusterLoadAssignment;
use crate::mesh::{MergedRule, MergedSubset, MutualTlsMode, Protocol, Resolution, ServicePort, has_wildcard};
use crate::model::destination_rule::{OutlierDetection, TrafficPolicy};
use crate::translate::endpoints::{Backends, Balancing, resolved};
use crate::translate::policy::{Policy, passes_through, tls_mode};
use crate::translate::proxy::Proxy;
use crate::translate::push::{Service, TlsMode, traffic_distribution};
use crate::translate::shared::address;
use crate::translate::stat_names::StatName;
use crate::translate::{Context, names};

use super::metadata::IstioMetadata;
use super::protocol::Options;
use super::{balancing, fixed, metadata, outliers, pool, settings, stat_name, tls};

/// What clusters are called, and with it what they are for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::translate) enum Naming {
    Plain,
    /// By the SNI of mutual TLS, which goes through a gateway as it is: no other TLS is added.
    Sni,
}

/// What the clusters of a port of a service depend on.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(in crate::translate) struct ClustersKey {
    service: usize,
    port: usize,
    rule: usize,
    naming: Naming,
    is_router: bool,
    is_ipv6: bool,
    preserves_case: bool,
    /// Of clusters that hold their endpoints.
    view: Vec<String>,
}

/// One for each port of each service, and for each subset of it.
pub(super) fn clusters(context: &Context<'_, '_>, naming: Naming) -> Vec<Arc<Cluster>> {
    let mut clusters = Vec::new();
    for scoped in &context.scope.services {
        let service = scoped.service;
        if service.is_alias() || naming == Naming::Sni && service.mesh.external {
            continue;
        }
        let rule = context.destination_rule(service);
        for port in scoped.ports().filter(|port| port.protocol != Protocol::Udp) {
            let outbound = Outbound { context, service, port, rule, naming };
            let make = || outbound.clusters().into_iter().map(Arc::new).collect();
            clusters.extend_from_slice(&context.shared.clusters.get_or_make(outbound.key(), make));
        }
    }
    clusters
}

/// A port of a service.
#[derive(Clone, Copy)]
struct Outbound<'c, 't> {
    context: &'c Context<'c, 't>,
    service: &'t Service<'t>,
    port: &'t ServicePort<'t>,
    rule: Option<&'t MergedRule<'t>>,
    naming: Naming,
}

/// What one cluster is made from.
struct Plan<'t> {
    subset: Option<&'t MergedSubset<'t>>,
    policy: Policy<'t>,
    discovery: Discovery,
    /// By which, besides its endpoints, a service that passes through is told to speak mutual TLS.
    level: Option<&'t TrafficPolicy<'t>>,
}

impl<'t> Outbound<'_, 't> {
    fn key(&self) -> ClustersKey {
        let proxy = self.context.proxy;
        ClustersKey {
            service: address(Some(self.service)),
            port: address(Some(self.port)),
            rule: address(self.rule),
            naming: self.naming,
            is_router: proxy.is_router(),
            is_ipv6: proxy.is_ipv6(),
            preserves_case: proxy.settings.headers.preserve_http1_case,
            view: self.view(),
        }
    }

    fn view(&self) -> Vec<String> {
        if !matches!(self.service.resolution(), Resolution::Dns | Resolution::DnsRoundRobin) {
            return Vec::new();
        }
        let whole = self.context.policy(self.rule, self.port.number);
        let subsets = self.rule.into_iter().flat_map(|rule| &rule.subsets);
        let subsets = subsets.map(|own| whole.with_subset(own.subset.traffic_policy.as_deref(), self.port.number));
        let views = std::iter::once(whole).chain(subsets).flat_map(|policy| {
            let places = Balancing::in_force(self.context, policy.load_balancer, self.service);
            places.map(|places| places.view(self.context.proxy, policy.outlier_detection.is_some()))
        });
        views.flatten().collect()
    }

    /// Of all endpoints first, then of the subsets in their order. Subsets are found as the whole is.
    fn clusters(self) -> Vec<Cluster> {
        let Some(discovery) = self.discovery() else { return Vec::new() };
        let policy = self.context.policy(self.rule, self.port.number);
        let level = self.rule.and_then(|rule| rule.traffic_policy);
        let Some(whole) = self.cluster(&Plan { subset: None, policy, discovery, level }) else { return Vec::new() };
        let found_by = whole.discovery.clone();
        let mut clusters = vec![whole];
        let subsets = self.rule.map_or(&[][..], |rule| rule.subsets.as_slice());
        if let Some(found_by @ Discovery::Type(_)) = found_by {
            clusters.extend(subsets.iter().filter_map(|subset| self.subset(subset, policy, &found_by)));
        }
        clusters
    }

    fn subset(&self, subset: &'t MergedSubset<'t>, policy: Policy<'t>, found_by: &Discovery) -> Option<Cluster> {
        let level = subset.subset.traffic_policy.as_deref();
        let discovery = match level.is_some_and(|level| passes_through(level.load_balancer.as_deref())) {
            true => Discovery::Type(DiscoveryType::OriginalDst),
            false => found_by.clone(),
        };
        let policy = policy.with_subset(level, self.port.number);
        self.cluster(&Plan { subset: Some(subset), policy, discovery, level })
    }

    /// `None` for ports that there is no way to reach.
    fn discovery(&self) -> Option<Discovery> {
        let found_by = match self.service.resolution() {
            Resolution::DynamicDns if has_wildcard(self.service.host()) && self.naming == Naming::Plain => {
                use Protocol::{Grpc, Http, Http2, Tls};
                let cache = DnsCacheConfig {
                    name: format!("{}_dfp_dns_cache", self.service.host()),
                    dns_lookup_family: lookup_family(self.context.proxy),
                    ..Default::default()
                };
                let can = matches!(self.port.protocol, Http | Http2 | Grpc | Tls);
                return can.then(|| fixed::dynamic_forward_proxy(cache));
            }
            Resolution::Dns if self.service.races_connections() => DiscoveryType::LogicalDns,
            Resolution::Dns => DiscoveryType::StrictDns,
            Resolution::DnsRoundRobin => DiscoveryType::LogicalDns,
            // Traffic has no original destination where it comes to a gateway.
            Resolution::Passthrough if !self.context.proxy.is_router() => DiscoveryType::OriginalDst,
            _ => DiscoveryType::Eds,
        };
        Some(Discovery::Type(found_by))
    }

    /// `None` where names would have to be resolved, but there are none.
    fn cluster(&self, plan: &Plan<'t>) -> Option<Cluster> {
        let mesh = settings(self.context);
        let policy = &plan.policy;
        let mut cluster = self.named(plan);
        let mut options = Options::of_port(self.port.protocol, self.context.proxy);
        if pool::upgrades(mesh, policy.connection_pool, self.port.protocol) {
            options.upgrade();
        }
        pool::apply(&mut cluster, &mut options, mesh, policy.connection_pool, policy.retry_budget);
        cluster.outlier_detection = policy.outlier_detection.map(outliers::detection);
        match plan.discovery {
            Discovery::Type(found_by) => self.find(&mut cluster, plan, found_by)?,
            Discovery::ClusterType(_) => cluster.lb_policy = LbPolicy::ClusterProvided,
        }
        if self.naming == Naming::Plain {
            tls::secure(self.context, &mut cluster, &mut options, policy.tls, &self.upstream(plan));
            if let Some(settings) = policy.proxy_protocol {
                tls::announce_client(&mut cluster, settings);
            }
        }
        cluster.typed_extension_protocol_options = options.finish();
        Some(cluster)
    }

    /// What has nothing to do with the policy.
    fn named(&self, plan: &Plan<'t>) -> Cluster {
        let (service, port, subset) = (self.service, self.port, subset_name(plan.subset));
        let name = match self.naming {
            Naming::Plain => names::outbound_cluster(port.number, subset, service.host()),
            Naming::Sni => names::sni_cluster(port.number, subset, service.host()),
        };
        let mesh = settings(self.context).config.as_ref();
        let pattern = mesh.and_then(|mesh| mesh.outbound_cluster_stat_name).filter(|pattern| !pattern.is_empty());
        let is_resolved = matches!(plan.discovery, Discovery::Type(_));
        let alt_stat_name = match pattern.filter(|_| is_resolved) {
            None => stat_name(&name),
            Some(pattern) => {
                let (service, host, port_name) = (Some(service), service.host(), port.name);
                let name = StatName { service, host, subset, port: port.number, port_name, target: Some(0) };
                stat_name(&name.fill(pattern.value))
            }
        };
        Cluster {
            name,
            alt_stat_name,
            discovery: Some(plan.discovery.clone()),
            metadata: self.metadata(plan).finish(),
            filters: vec![metadata::exchange()],
            ..Default::default()
        }
    }

    fn metadata(&self, plan: &Plan<'t>) -> IstioMetadata {
        let mut metadata = IstioMetadata::default();
        if matches!(plan.discovery, Discovery::Type(_)) {
            metadata.services([self.service].into_iter());
        }
        if self.service.mesh.external && plan.subset.is_none() {
            metadata.put("external", true.into());
        }
        if let Some(rule) = self.rule {
            metadata.rule(rule);
            if plan.policy.tls.is_some_and(|tls| matches!(tls_mode(tls), "SIMPLE" | "MUTUAL")) {
                metadata.put("alpn_override", "false".into());
            }
        }
        if let Some(subset) = plan.subset {
            metadata.put("subset", subset.name.into());
        }
        metadata
    }

    /// How endpoints are found and chosen.
    fn find(&self, cluster: &mut Cluster, plan: &Plan<'t>, found_by: DiscoveryType) -> Option<()> {
        let policy = &plan.policy;
        let places = Balancing::in_force(self.context, policy.load_balancer, self.service);
        let outliers = policy.outlier_detection.is_some();
        cluster.common_lb_config = Some(CommonLbConfig {
            healthy_panic_threshold: Some(Percent::new(self.panic_threshold(policy.outlier_detection))),
            locality_config: places.as_ref().and_then(|places| places.cluster_config(outliers)),
            override_host_status: plan.subset.is_none().then(|| self.session_states()).flatten(),
            ..Default::default()
        });
        if matches!(found_by, DiscoveryType::StrictDns | DiscoveryType::LogicalDns) {
            let backends = self.backends(plan);
            let endpoints = resolved(self.context, &backends, places.as_ref(), outliers)?;
            let name = cluster.name.clone();
            cluster.load_assignment =
                Some(ClusterLoadAssignment { cluster_name: name, endpoints, ..Default::default() });
            resolve_names(self.context, cluster, self.service);
        }
        balancing::apply(cluster, policy.load_balancer);
        if found_by == DiscoveryType::OriginalDst {
            cluster.lb_config = self.service.port_override(self.port.number).map(port_override);
        }
        if cluster.discovery == Some(Discovery::Type(DiscoveryType::Eds)) {
            let name = cluster.name.clone();
            cluster.eds_cluster_config = Some(EdsClusterConfig {
                eds_config: Some(ConfigSource::ads()),
                service_name: name,
                ..Default::default()
            });
        }
        Some(())
    }

    fn backends<'p>(&self, plan: &'p Plan<'t>) -> Backends<'p, 't> {
        Backends {
            service: self.service,
            port: self.port,
            rule: self.rule,
            subset: subset_name(plan.subset),
            only_mutual: self.naming == Naming::Sni,
        }
    }

    /// The share of healthy endpoints below which health does not count any more. Endpoints that are not ready are sent,
    /// too, so that it is none by default.
    fn panic_threshold(&self, outliers: Option<&OutlierDetection<'_>>) -> f64 {
        let written = outliers.and_then(|outliers| outliers.min_health_percent).map_or(0, |percent| percent.value);
        let is_distributed = || traffic_distribution(self.context.push.mesh, self.service.mesh).is_some();
        if written > 0 && is_distributed() { 0.0 } else { written as f64 }
    }

    /// States in which an endpoint keeps the sessions that it has.
    fn session_states(&self) -> Option<HealthStatusSet> {
        use HealthStatus::{Degraded, Draining, Healthy, Unknown};
        let keeps = self.service.keeps_sessions() || self.service.keeps_sessions_by_header();
        keeps.then(|| HealthStatusSet { statuses: vec![Healthy, Draining, Unknown, Degraded], ..Default::default() })
    }

    fn upstream(&self, plan: &Plan<'t>) -> tls::Upstream<'t> {
        let is_dynamic = matches!(plan.discovery, Discovery::ClusterType(_));
        let push = self.context.push;
        let (sni, accounts) = match is_dynamic {
            true => (String::new(), &[][..]),
            false => {
                let sni = names::sni_cluster(self.port.number, subset_name(plan.subset), self.service.host());
                (sni, push.accounts(self.service))
            }
        };
        tls::Upstream {
            accounts,
            sni,
            is_mutual: settings(self.context).auto_mtls && self.speaks_mutual_tls(plan.level),
            is_entry: !self.service.is_kubernetes(),
            has_selector: self.rule.is_some_and(|rule| rule.workload_selector.is_some()),
        }
    }

    /// Whether the service is expected to, as far as can be told of all its endpoints.
    fn speaks_mutual_tls(&self, level: Option<&TrafficPolicy<'_>>) -> bool {
        let service = self.service;
        if service.mesh.external {
            return false;
        }
        let balancer = level.and_then(|level| level.load_balancer.as_deref());
        if service.resolution() == Resolution::Passthrough || passes_through(balancer) {
            let endpoints = self.context.push.endpoints(service).iter();
            let mut of_port = endpoints.filter(|endpoint| endpoint.port_name == self.port.name).peekable();
            if of_port.peek().is_none() || of_port.any(|endpoint| endpoint.tls == TlsMode::Disabled) {
                return false;
            }
        }
        let (mode, _) = self.context.push.mesh.default_mutual_tls(service.namespace());
        mode != MutualTlsMode::Disable
    }
}

fn subset_name<'t>(subset: Option<&MergedSubset<'t>>) -> &'t str {
    subset.map_or("", |subset| subset.name)
}

pub(super) fn lookup_family(proxy: &Proxy<'_>) -> DnsLookupFamily {
    if proxy.is_ipv6() { DnsLookupFamily::V6Only } else { DnsLookupFamily::V4Only }
}

fn resolve_names(context: &Context<'_, '_>, cluster: &mut Cluster, service: &Service<'_>) {
    let rate = settings(context).config.as_ref().and_then(|config| config.dns_refresh_rate);
    let resolver = CaresDnsResolverConfig { udp_max_queries: Some(100), ..Default::default() };
    cluster.dns_lookup_family = match service.races_connections() {
        true => DnsLookupFamily::All,
        false => lookup_family(context.proxy),
    };
    cluster.dns_refresh_rate = Some(rate.map_or(Duration::from_secs(60), pool::duration));
    cluster.dns_jitter = Some(Duration::from_millis(100));
    cluster.respect_dns_ttl = true;
    cluster.typed_dns_resolver_config = Some(TypedExtensionConfig::new("envoy.network.dns_resolver.cares", resolver));
}

pub(super) fn port_override(port: u32) -> LbConfig {
    LbConfig::OriginalDstLbConfig(OriginalDstLbConfig { upstream_port_override: Some(port), ..Default::default() })
}
