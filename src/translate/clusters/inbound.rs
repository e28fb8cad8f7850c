//! Clusters of the workload itself, one for each of its ports that the mesh knows.

use std::time::Duration;

use crate::envoy::cluster::{Cluster, CommonLbConfig, Discovery, DiscoveryType, LbPolicy};
use crate::envoy::core::{Address, Metadata};
use crate::envoy::endpoint::{ClusterLoadAssignment, Endpoint, LbEndpoint, LocalityLbEndpoints};
use crate::mesh::MergedRule;
use crate::model::destination_rule::ConnectionPoolSettings;
use crate::translate::endpoints::address;
use crate::translate::policy::Policy;
use crate::translate::proxy::Proxy;
use crate::translate::push::Service;
use crate::translate::stat_names::StatName;
use crate::translate::targets::{InboundPort, inbound_ports};
use crate::translate::{Context, names};

use super::metadata::IstioMetadata;
use super::protocol::Options;
use super::{fixed, outbound, pool, settings, stat_name};

/// Addresses that are gone are forgotten after that time: as good as never.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(9_223_372_035);

pub(super) fn clusters(context: &Context<'_, '_>) -> Vec<Cluster> {
    inbound_ports(context).iter().filter_map(|port| cluster(context, port)).collect()
}

/// `None` if the Sidecar names an endpoint that is none.
fn cluster<'t>(context: &Context<'_, 't>, port: &InboundPort<'t>) -> Option<Cluster> {
    let serving = serving(context, port)?;
    let name = names::inbound_cluster(port.number);
    let mut cluster = Cluster {
        alt_stat_name: alt_stat_name(context, port, &name),
        common_lb_config: Some(CommonLbConfig::default()),
        upstream_bind_config: (!serving.is_loopback).then(|| fixed::inbound_source(context.proxy)),
        metadata: metadata(context, port),
        ..Default::default()
    };
    match serving.address {
        Some(address) => {
            cluster.discovery = Some(Discovery::Type(DiscoveryType::Static));
            cluster.load_assignment = Some(assignment(&name, address));
        }
        None => {
            cluster.discovery = Some(Discovery::Type(DiscoveryType::OriginalDst));
            cluster.lb_policy = LbPolicy::ClusterProvided;
            cluster.cleanup_interval = Some(CLEANUP_INTERVAL);
            let target = first_service(port).and_then(|service| service.port_override(port.service_port()));
            cluster.lb_config = target.map(outbound::port_override);
        }
    }
    let mut options = Options::of_port(port.protocol, context.proxy);
    let policy = Policy::of_service(rule(context, port), port.service_port(), context.default_policy());
    let pool = sidecar_pool(context, port).or(policy.connection_pool);
    pool::apply(&mut cluster, &mut options, settings(context), pool, policy.retry_budget);
    cluster.typed_extension_protocol_options = options.finish();
    cluster.name = name;
    Some(cluster)
}

/// Where the workload serves a port.
struct Serving {
    /// `None`: where the client connected to.
    address: Option<Address>,
    is_loopback: bool,
}

fn serving(context: &Context<'_, '_>, port: &InboundPort<'_>) -> Option<Serving> {
    let proxy = context.proxy;
    let Some(entry) = port.ingress else {
        let mode = settings(context).config.as_ref().and_then(|config| config.inbound_traffic_policy.as_ref()?.mode);
        let is_loopback = mode.is_some_and(|mode| mode.value == "LOCALHOST");
        let number = u32::try_from(port.number).unwrap_or_default();
        let address = is_loopback.then(|| address(proxy.loopback(), number));
        return Some(Serving { address, is_loopback });
    };
    let endpoint = entry.default_endpoint.map_or("", |endpoint| endpoint.value);
    if endpoint.is_empty() || endpoint.starts_with("unix://") {
        let address = (!endpoint.is_empty()).then(|| address(endpoint, 0));
        return Some(Serving { address, is_loopback: false });
    }
    let (host, number) = endpoint.rsplit_once(':')?;
    let number = number.parse().ok()?;
    let host = own_address(host.trim_start_matches('[').trim_end_matches(']'), proxy);
    Some(Serving { address: host.map(|host| address(host, number)), is_loopback: host == Some(proxy.loopback()) })
}

/// What an address that stands for one of the pod is; `None` for any other.
fn own_address<'p>(written: &str, proxy: &'p Proxy<'_>) -> Option<&'p str> {
    match written {
        "0.0.0.0" if proxy.is_ipv6() => Some("127.0.0.1"),
        "::" if !proxy.is_ipv6() => Some("::1"),
        "0.0.0.0" | "::" => Some(proxy.ip),
        "127.0.0.1" | "::1" => Some(proxy.loopback()),
        _ => None,
    }
}

fn assignment(cluster: &str, address: Address) -> ClusterLoadAssignment {
    let endpoint =
        LbEndpoint { endpoint: Some(Endpoint { address: Some(address), ..Default::default() }), ..Default::default() };
    let group = LocalityLbEndpoints { lb_endpoints: vec![endpoint], ..Default::default() };
    ClusterLoadAssignment { cluster_name: cluster.to_owned(), endpoints: vec![group], ..Default::default() }
}

fn first_service<'t>(port: &InboundPort<'t>) -> Option<&'t Service<'t>> {
    port.targets.first().map(|target| target.service)
}

/// The rule that the workload's own clients see, if the proxy knows its service.
fn rule<'t>(context: &Context<'_, 't>, port: &InboundPort<'t>) -> Option<&'t MergedRule<'t>> {
    let service = context.scope.service(first_service(port)?.host())?;
    context.push.mesh.destination_rule(context.proxy.namespace, None, service.service.mesh)
}

/// The pool of the Sidecar: of its entry for the port, else for all.
fn sidecar_pool<'t>(context: &Context<'_, 't>, port: &InboundPort<'t>) -> Option<&'t ConnectionPoolSettings<'t>> {
    let own = port.ingress.and_then(|entry| entry.connection_pool.as_deref());
    own.or_else(|| context.scope.sidecar?.spec.inbound_connection_pool.as_deref())
}

fn alt_stat_name(context: &Context<'_, '_>, port: &InboundPort<'_>, name: &str) -> String {
    let config = settings(context).config.as_ref();
    let pattern = config.and_then(|config| config.inbound_cluster_stat_name).filter(|pattern| !pattern.is_empty());
    let Some(pattern) = pattern else { return stat_name(name) };
    let service = first_service(port);
    let of_sidecar = || {
        let sidecar = context.scope.sidecar?;
        Some(format!("{}.{}", sidecar.meta.name.value, context.proxy.namespace))
    };
    let host = service.map_or_else(|| of_sidecar().unwrap_or_default(), |service| service.host().to_owned());
    let name = StatName {
        service,
        host: &host,
        subset: "",
        port: port.service_port(),
        port_name: port.name(),
        target: Some(port.number),
    };
    stat_name(&name.fill(pattern.value))
}

/// The services that lead to the port by the same number, unless the first is outside of the mesh.
fn metadata<'t>(context: &Context<'_, 't>, port: &InboundPort<'t>) -> Option<Metadata> {
    let first = port.targets.first().filter(|target| !target.service.mesh.external)?;
    let mut services: Vec<&Service<'_>> = Vec::new();
    let alike = port.targets.iter().filter(|target| target.port.number == port.service_port());
    match port.ingress {
        Some(_) => services.push(first.service),
        None => {
            for target in alike {
                if services.iter().all(|service| service.host() != target.service.host()) {
                    services.push(target.service);
                }
            }
        }
    }
    let mut metadata = IstioMetadata::default();
    metadata.services(services.into_iter());
    if let Some(rule) = rule(context, port).filter(|rule| rule.traffic_policy.is_some()) {
        metadata.rule(rule);
    }
    metadata.finish()
}
