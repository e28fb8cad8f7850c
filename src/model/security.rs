//! `security.istio.io`, `telemetry.istio.io` and `extensions.istio.io`: names as in istio/api 1.31.

use crate::format::Duration;
use crate::yaml::Node;

use super::destination_rule::WorkloadSelector;
use super::networking::{EnvoyFilter, PolicyTargetReference};
use super::read::{Bool, Float, Int, Labels, Located, Map, Str, message};

message! {
    pub struct AuthorizationPolicy<'a> {
        selector: Option<WorkloadSelector<'a>>,
        target_ref: Option<PolicyTargetReference<'a>>,
        target_refs: Vec<PolicyTargetReference<'a>>,
        rules: Vec<Rule<'a>>,
        /// `ALLOW` if absent.
        action: Option<Str<'a>>,
        provider: Option<ExtensionProviderRef<'a>>,
    }

    pub struct ExtensionProviderRef<'a> {
        name: Option<Str<'a>>,
    }

    pub struct Rule<'a> {
        from: Vec<From<'a>>,
        to: Vec<To<'a>>,
        when: Vec<Condition<'a>>,
    }

    pub struct From<'a> {
        source: Option<Source<'a>>,
    }

    pub struct Source<'a> {
        principals: Vec<Str<'a>>,
        not_principals: Vec<Str<'a>>,
        request_principals: Vec<Str<'a>>,
        not_request_principals: Vec<Str<'a>>,
        namespaces: Vec<Str<'a>>,
        not_namespaces: Vec<Str<'a>>,
        service_accounts: Vec<Str<'a>>,
        not_service_accounts: Vec<Str<'a>>,
        trust_domains: Vec<Str<'a>>,
        not_trust_domains: Vec<Str<'a>>,
        ip_blocks: Vec<Str<'a>>,
        not_ip_blocks: Vec<Str<'a>>,
        remote_ip_blocks: Vec<Str<'a>>,
        not_remote_ip_blocks: Vec<Str<'a>>,
    }

    pub struct To<'a> {
        operation: Option<Operation<'a>>,
    }

    pub struct Operation<'a> {
        hosts: Vec<Str<'a>>,
        not_hosts: Vec<Str<'a>>,
        ports: Vec<Str<'a>>,
        not_ports: Vec<Str<'a>>,
        methods: Vec<Str<'a>>,
        not_methods: Vec<Str<'a>>,
        paths: Vec<Str<'a>>,
        not_paths: Vec<Str<'a>>,
    }

    pub struct Condition<'a> {
        key: Option<Str<'a>>,
        values: Vec<Str<'a>>,
        not_values: Vec<Str<'a>>,
    }

    pub struct PeerAuthentication<'a> {
        selector: Option<WorkloadSelector<'a>>,
        mtls: Option<MutualTls<'a>>,
        port_level_mtls: Map<'a, MutualTls<'a>>,
    }

    pub struct MutualTls<'a> {
        mode: Option<Str<'a>>,
    }

    pub struct RequestAuthentication<'a> {
        selector: Option<WorkloadSelector<'a>>,
        target_ref: Option<PolicyTargetReference<'a>>,
        target_refs: Vec<PolicyTargetReference<'a>>,
        jwt_rules: Vec<JwtRule<'a>>,
    }

    pub struct JwtRule<'a> {
        issuer: Option<Str<'a>>,
        audiences: Vec<Str<'a>>,
        jwks_uri: Option<Str<'a>>,
        jwks: Option<Str<'a>>,
        from_headers: Vec<JwtHeader<'a>>,
        from_params: Vec<Str<'a>>,
        from_cookies: Vec<Str<'a>>,
        output_payload_to_header: Option<Str<'a>>,
        output_claim_to_headers: Vec<ClaimToHeader<'a>>,
        forward_original_token: Option<Bool>,
        timeout: Option<Located<Duration>>,
        space_delimited_claims: Vec<Str<'a>>,
    }

    pub struct JwtHeader<'a> {
        name: Option<Str<'a>>,
        prefix: Option<Str<'a>>,
    }

    pub struct ClaimToHeader<'a> {
        header: Option<Str<'a>>,
        claim: Option<Str<'a>>,
    }

    pub struct Telemetry<'a> {
        selector: Option<WorkloadSelector<'a>>,
        target_ref: Option<PolicyTargetReference<'a>>,
        target_refs: Vec<PolicyTargetReference<'a>>,
        tracing: Vec<Tracing<'a>>,
        metrics: Vec<Metrics<'a>>,
        access_logging: Vec<AccessLogging<'a>>,
    }

    pub struct ProviderRef<'a> {
        name: Option<Str<'a>>,
    }

    pub struct Tracing<'a> {
        r#match: Option<TelemetryMatch<'a>>,
        providers: Vec<ProviderRef<'a>>,
        random_sampling_percentage: Option<Float>,
        disable_span_reporting: Option<Bool>,
        custom_tags: Map<'a, Node<'a>>,
        use_request_id_for_trace_sampling: Option<Bool>,
        enable_istio_tags: Option<Bool>,
    }

    pub struct TelemetryMatch<'a> {
        mode: Option<Str<'a>>,
    }

    pub struct Metrics<'a> {
        providers: Vec<ProviderRef<'a>>,
        overrides: Vec<MetricsOverrides<'a>>,
        reporting_interval: Option<Located<Duration>>,
    }

    pub struct MetricsOverrides<'a> {
        r#match: Option<MetricSelector<'a>>,
        disabled: Option<Bool>,
        tag_overrides: Map<'a, TagOverride<'a>>,
    }

    pub struct MetricSelector<'a> {
        metric: Option<Str<'a>>,
        custom_metric: Option<Str<'a>>,
        mode: Option<Str<'a>>,
    }

    pub struct TagOverride<'a> {
        operation: Option<Str<'a>>,
        value: Option<Str<'a>>,
    }

    pub struct AccessLogging<'a> {
        r#match: Option<TelemetryMatch<'a>>,
        providers: Vec<ProviderRef<'a>>,
        disabled: Option<Bool>,
        filter: Option<AccessLogFilter<'a>>,
    }

    pub struct AccessLogFilter<'a> {
        expression: Option<Str<'a>>,
    }

    pub struct WasmPlugin<'a> {
        selector: Option<WorkloadSelector<'a>>,
        target_ref: Option<PolicyTargetReference<'a>>,
        target_refs: Vec<PolicyTargetReference<'a>>,
        url: Option<Str<'a>>,
        sha256: Option<Str<'a>>,
        image_pull_policy: Option<Str<'a>>,
        image_pull_secret: Option<Str<'a>>,
        plugin_config: Option<Node<'a>>,
        plugin_name: Option<Str<'a>>,
        phase: Option<Str<'a>>,
        priority: Option<Int>,
        fail_strategy: Option<Str<'a>>,
        vm_config: Option<Node<'a>>,
        r#match: Vec<TrafficSelector<'a>>,
        r#type: Option<Str<'a>>,
    }

    pub struct TrafficSelector<'a> {
        mode: Option<Str<'a>>,
        ports: Vec<TrafficSelectorPort<'a>>,
    }

    pub struct TrafficSelectorPort<'a> {
        number: Option<Int>,
    }

    /// `extensions.istio.io` TrafficExtension: Wasm or Lua, for whichever proxies it selects.
    pub struct TrafficExtension<'a> {
        selector: Option<WorkloadSelector<'a>>,
        target_refs: Vec<PolicyTargetReference<'a>>,
        phase: Option<Str<'a>>,
        priority: Option<Int>,
        r#match: Vec<TrafficSelector<'a>>,
        wasm: Option<Node<'a>>,
        lua: Option<Node<'a>>,
    }

    /// Labels for which no type stands: `metadata` of anything.
    pub struct Metadata<'a> {
        name: Option<Str<'a>>,
        namespace: Option<Str<'a>>,
        labels: Labels<'a>,
        annotations: Labels<'a>,
        creation_timestamp: Option<Str<'a>>,
        generate_name: Option<Str<'a>>,
    }
}

impl<'a> PeerAuthentication<'a> {
    /// The labels of the workloads that it is for; `None` if it is for all.
    pub fn selector(&self) -> Option<&Labels<'a>> {
        let labels = &self.selector.as_ref()?.match_labels;
        (!labels.is_empty()).then_some(labels)
    }
}

/// What policies, and whatever else is for the proxies that it selects, hold for.
pub trait Attached<'a> {
    /// The labels of `selector`; `None` if there are none, which is all workloads.
    fn selector(&self) -> Option<&Labels<'a>>;

    /// `targetRef` and `targetRefs`: the objects to which it is attached instead.
    fn targets(&self) -> Vec<&PolicyTargetReference<'a>>;
}

macro_rules! attached {
    ($( $kind:ident: $($single:ident)? ),* $(,)?) => {$(
        impl<'a> Attached<'a> for $kind<'a> {
            fn selector(&self) -> Option<&Labels<'a>> {
                let labels = &self.selector.as_ref()?.match_labels;
                (!labels.is_empty()).then_some(labels)
            }

            fn targets(&self) -> Vec<&PolicyTargetReference<'a>> {
                std::iter::empty()$( .chain(&self.$single) )?.chain(&self.target_refs).collect()
            }
        }
    )*};
}

attached! {
    AuthorizationPolicy: target_ref,
    RequestAuthentication: target_ref,
    Telemetry: target_ref,
    WasmPlugin: target_ref,
    TrafficExtension:,
}

impl<'a> Attached<'a> for EnvoyFilter<'a> {
    fn selector(&self) -> Option<&Labels<'a>> {
        let labels = &self.workload_selector.as_ref()?.labels;
        (!labels.is_empty()).then_some(labels)
    }

    fn targets(&self) -> Vec<&PolicyTargetReference<'a>> {
        self.target_refs.iter().collect()
    }
}

impl<'a> Telemetry<'a> {
    /// The labels of the workloads that it is for; `None` without any.
    pub fn labels(&self) -> Option<&Labels<'a>> {
        self.selector.as_ref().map(|selector| &selector.match_labels).filter(|labels| !labels.is_empty())
    }

    /// Whether it is for all of its namespace.
    pub fn is_default(&self) -> bool {
        self.selector.is_none() && self.target_ref.is_none() && self.target_refs.is_empty()
    }
}
