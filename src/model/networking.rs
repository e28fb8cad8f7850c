//! The other kinds of `networking.istio.io`: names as in istio/api 1.31 `networking/v1alpha3` and `v1beta1`.

use crate::yaml::{Node, write_json};

use super::destination_rule::{ConnectionPoolSettings, WorkloadSelector};
use super::read::{Bool, Int, Labels, Map, Str, message};
use super::virtual_service::Destination;

message! {
    pub struct Gateway<'a> {
        selector: Labels<'a>,
        servers: Vec<Server<'a>>,
    }

    pub struct Server<'a> {
        port: Option<Port<'a>>,
        bind: Option<Str<'a>>,
        hosts: Vec<Str<'a>>,
        tls: Option<Box<ServerTlsSettings<'a>>>,
        default_endpoint: Option<Str<'a>>,
        name: Option<Str<'a>>,
    }

    pub struct Port<'a> {
        number: Option<Int>,
        protocol: Option<Str<'a>>,
        name: Option<Str<'a>>,
        target_port: Option<Int>,
    }

    pub struct ServerTlsSettings<'a> {
        https_redirect: Option<Bool>,
        mode: Option<Str<'a>>,
        server_certificate: Option<Str<'a>>,
        private_key: Option<Str<'a>>,
        ca_certificates: Option<Str<'a>>,
        ca_crl: Option<Str<'a>>,
        credential_name: Option<Str<'a>>,
        credential_names: Vec<Str<'a>>,
        ca_cert_credential_name: Option<Str<'a>>,
        tls_certificates: Vec<TlsCertificate<'a>>,
        subject_alt_names: Vec<Str<'a>>,
        insecure_skip_verify: Option<Bool>,
        verify_certificate_spki: Vec<Str<'a>>,
        verify_certificate_hash: Vec<Str<'a>>,
        min_protocol_version: Option<Str<'a>>,
        max_protocol_version: Option<Str<'a>>,
        cipher_suites: Vec<Str<'a>>,
    }

    pub struct TlsCertificate<'a> {
        server_certificate: Option<Str<'a>>,
        private_key: Option<Str<'a>>,
        ca_certificates: Option<Str<'a>>,
    }

    pub struct ServiceEntry<'a> {
        hosts: Vec<Str<'a>>,
        addresses: Vec<Str<'a>>,
        ports: Vec<ServicePort<'a>>,
        location: Option<Str<'a>>,
        resolution: Option<Str<'a>>,
        endpoints: Vec<WorkloadEntry<'a>>,
        workload_selector: Option<LabelSelector<'a>>,
        export_to: Vec<Str<'a>>,
        subject_alt_names: Vec<Str<'a>>,
    }

    pub struct ServicePort<'a> {
        number: Option<Int>,
        protocol: Option<Str<'a>>,
        name: Option<Str<'a>>,
        target_port: Option<Int>,
    }

    /// `labels` of a Sidecar, a ServiceEntry, an EnvoyFilter.
    pub struct LabelSelector<'a> {
        labels: Labels<'a>,
    }

    pub struct WorkloadEntry<'a> {
        address: Option<Str<'a>>,
        ports: Map<'a, Int>,
        labels: Labels<'a>,
        network: Option<Str<'a>>,
        locality: Option<Str<'a>>,
        weight: Option<Int>,
        service_account: Option<Str<'a>>,
    }

    pub struct WorkloadGroup<'a> {
        metadata: Option<WorkloadGroupMetadata<'a>>,
        template: Option<WorkloadEntry<'a>>,
        probe: Option<Node<'a>>,
    }

    pub struct WorkloadGroupMetadata<'a> {
        labels: Labels<'a>,
        annotations: Labels<'a>,
    }

    pub struct Sidecar<'a> {
        workload_selector: Option<LabelSelector<'a>>,
        ingress: Vec<IstioIngressListener<'a>>,
        egress: Vec<IstioEgressListener<'a>>,
        inbound_connection_pool: Option<Box<ConnectionPoolSettings<'a>>>,
        outbound_traffic_policy: Option<OutboundTrafficPolicy<'a>>,
    }

    pub struct IstioIngressListener<'a> {
        port: Option<SidecarPort<'a>>,
        bind: Option<Str<'a>>,
        capture_mode: Option<Str<'a>>,
        default_endpoint: Option<Str<'a>>,
        tls: Option<Box<ServerTlsSettings<'a>>>,
        connection_pool: Option<Box<ConnectionPoolSettings<'a>>>,
    }

    pub struct IstioEgressListener<'a> {
        port: Option<SidecarPort<'a>>,
        bind: Option<Str<'a>>,
        capture_mode: Option<Str<'a>>,
        hosts: Vec<Str<'a>>,
    }

    pub struct SidecarPort<'a> {
        number: Option<Int>,
        protocol: Option<Str<'a>>,
        name: Option<Str<'a>>,
        target_port: Option<Int>,
    }

    pub struct OutboundTrafficPolicy<'a> {
        mode: Option<Str<'a>>,
        egress_proxy: Option<Destination<'a>>,
    }

    pub struct EnvoyFilter<'a> {
        workload_selector: Option<LabelSelector<'a>>,
        target_refs: Vec<PolicyTargetReference<'a>>,
        config_patches: Vec<EnvoyConfigObjectPatch<'a>>,
        priority: Option<Int>,
    }

    /// What a policy is attached to instead of a selector.
    pub struct PolicyTargetReference<'a> {
        group: Option<Str<'a>>,
        kind: Option<Str<'a>>,
        name: Option<Str<'a>>,
        namespace: Option<Str<'a>>,
    }

    pub struct EnvoyConfigObjectPatch<'a> {
        apply_to: Option<Str<'a>>,
        r#match: Option<EnvoyConfigObjectMatch<'a>>,
        patch: Option<EnvoyPatch<'a>>,
    }

    pub struct EnvoyConfigObjectMatch<'a> {
        context: Option<Str<'a>>,
        proxy: Option<ProxyMatch<'a>>,
        listener: Option<ListenerMatch<'a>>,
        route_configuration: Option<RouteConfigurationMatch<'a>>,
        cluster: Option<ClusterMatch<'a>>,
        waypoint: Option<Node<'a>>,
    }

    pub struct ProxyMatch<'a> {
        proxy_version: Option<Str<'a>>,
        metadata: Labels<'a>,
    }

    pub struct ListenerMatch<'a> {
        port_number: Option<Int>,
        port_name: Option<Str<'a>>,
        filter_chain: Option<FilterChainMatch<'a>>,
        listener_filter: Option<Str<'a>>,
        name: Option<Str<'a>>,
    }

    pub struct FilterChainMatch<'a> {
        name: Option<Str<'a>>,
        sni: Option<Str<'a>>,
        transport_protocol: Option<Str<'a>>,
        application_protocols: Option<Str<'a>>,
        filter: Option<FilterMatch<'a>>,
        destination_port: Option<Int>,
    }

    pub struct FilterMatch<'a> {
        name: Option<Str<'a>>,
        sub_filter: Option<SubFilterMatch<'a>>,
    }

    pub struct SubFilterMatch<'a> {
        name: Option<Str<'a>>,
    }

    pub struct RouteConfigurationMatch<'a> {
        port_number: Option<Int>,
        port_name: Option<Str<'a>>,
        gateway: Option<Str<'a>>,
        vhost: Option<VirtualHostMatch<'a>>,
        name: Option<Str<'a>>,
    }

    pub struct VirtualHostMatch<'a> {
        name: Option<Str<'a>>,
        route: Option<RouteMatch<'a>>,
        domain_name: Option<Str<'a>>,
    }

    pub struct RouteMatch<'a> {
        name: Option<Str<'a>>,
        action: Option<Str<'a>>,
    }

    pub struct ClusterMatch<'a> {
        port_number: Option<Int>,
        service: Option<Str<'a>>,
        subset: Option<Str<'a>>,
        name: Option<Str<'a>>,
    }

    pub struct EnvoyPatch<'a> {
        operation: Option<Str<'a>>,
        value: Option<Node<'a>>,
        filter_class: Option<Str<'a>>,
    }

    pub struct ProxyConfig<'a> {
        selector: Option<WorkloadSelector<'a>>,
        concurrency: Option<Int>,
        environment_variables: Labels<'a>,
        image: Option<ProxyImage<'a>>,
    }

    pub struct ProxyImage<'a> {
        image_type: Option<Str<'a>>,
    }
}

impl<'a> Sidecar<'a> {
    /// The labels of the workloads that it is for; `None` if for all of its namespace.
    pub fn selector(&self) -> Option<&Labels<'a>> {
        self.workload_selector.as_ref().map(|selector| &selector.labels).filter(|labels| !labels.is_empty())
    }
}

impl<'a> EnvoyConfigObjectPatch<'a> {
    /// The full name of the Envoy message that the value of the patch is; `None` if there is no such place for patches.
    pub fn message_type(&self) -> Option<&'static str> {
        Some(match self.apply_to?.value {
            "BOOTSTRAP" => "envoy.config.bootstrap.v3.Bootstrap",
            "CLUSTER" => "envoy.config.cluster.v3.Cluster",
            "EXTENSION_CONFIG" => "envoy.config.core.v3.TypedExtensionConfig",
            "FILTER_CHAIN" => "envoy.config.listener.v3.FilterChain",
            "HTTP_FILTER" => "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter",
            "HTTP_ROUTE" => "envoy.config.route.v3.Route",
            "LISTENER" => "envoy.config.listener.v3.Listener",
            "LISTENER_FILTER" => "envoy.config.listener.v3.ListenerFilter",
            "NETWORK_FILTER" => "envoy.config.listener.v3.Filter",
            "ROUTE_CONFIGURATION" => "envoy.config.route.v3.RouteConfiguration",
            "VIRTUAL_HOST" => "envoy.config.route.v3.VirtualHost",
            _ => return None,
        })
    }

    /// The value of the patch, as JSON.
    pub fn value(&self) -> Option<serde_json::Value> {
        let mut text = Vec::new();
        write_json(self.patch.as_ref()?.value?, &mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Waypoints are matched in a way of their own.
    pub fn is_for_waypoints(&self) -> bool {
        let context = self.r#match.as_ref().and_then(|matched| matched.context);
        context.is_some_and(|context| context.value == "WAYPOINT")
    }

    /// The filter that the match looks for.
    pub fn matched_filter(&self) -> Option<&FilterMatch<'a>> {
        self.r#match.as_ref()?.listener.as_ref()?.filter_chain.as_ref()?.filter.as_ref()
    }
}
