use std::borrow::Cow;
use std::time::SystemTime;

use crate::format::{Duration, Host, IstioVersion};
use crate::model::mesh_config::{ExtensionProvider, MeshConfig};
use crate::model::{Read, Str};
use crate::yaml::Node;

/// What the user says about the mesh on the command line.
#[derive(Clone, Debug)]
pub struct Options {
    pub cluster_domain: String,
    /// The namespace of objects that name none.
    pub default_namespace: String,
    /// Nothing is left out of the input: what is not in it does not exist.
    pub assume_complete: bool,
    /// Of the control plane that reads the input.
    pub istio_version: IstioVersion,
    /// The moment at which certificates must be valid.
    pub now: SystemTime,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cluster_domain: "cluster.local".to_owned(),
            default_namespace: "default".to_owned(),
            assume_complete: false,
            istio_version: IstioVersion::LATEST,
            now: SystemTime::now(),
        }
    }
}

/// What happens to traffic for which nothing is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboundMode {
    AllowAny,
    RegistryOnly,
}

/// Something outside of the proxies that they use: an authorizer, a sink of logs, traces or metrics.
#[derive(Clone, Copy, Debug)]
pub struct Provider<'m> {
    pub name: &'m str,
    /// `envoyFileAccessLog`, `prometheus`, …
    pub kind: &'m str,
    /// What is written under its kind.
    pub node: Option<Node<'m>>,
}

/// Names and kinds of the providers that need not be written.
const BUILT_IN_PROVIDERS: [(&str, &str); 3] =
    [("prometheus", "prometheus"), ("stackdriver", "stackdriver"), ("envoy", "envoyFileAccessLog")];

/// MeshConfig with Istio's defaults (istio 1.31 `pkg/config/mesh/mesh.go`, `DefaultMeshConfig`).
#[derive(Clone, Debug)]
pub struct Settings<'m> {
    pub options: &'m Options,
    pub root_namespace: &'m str,
    pub trust_domain: &'m str,
    /// In alphabetical order, for istiod sorts them.
    pub trust_domain_aliases: Vec<&'m str>,
    pub auto_mtls: bool,
    pub outbound_mode: OutboundMode,
    pub default_service_export_to: Vec<Str<'m>>,
    pub default_virtual_service_export_to: Vec<Str<'m>>,
    pub default_destination_rule_export_to: Vec<Str<'m>>,
    pub connect_timeout: Option<Duration>,
    /// What is written, where a MeshConfig was given.
    pub config: Option<MeshConfig<'m>>,
}

impl<'m> Settings<'m> {
    /// `config` is the root of the MeshConfig document, if there is one.
    pub fn new(options: &'m Options, config: Option<Node<'m>>) -> Self {
        let config = config.and_then(MeshConfig::read);
        let text = |field: fn(&MeshConfig<'m>) -> Option<Str<'m>>| {
            config.as_ref().and_then(field).map(|text| text.value).filter(|text| !text.is_empty())
        };
        let list = |field: for<'c> fn(&'c MeshConfig<'m>) -> &'c Vec<Str<'m>>| {
            config.as_ref().map(field).cloned().unwrap_or_default()
        };
        let mut aliases = list(|config| &config.trust_domain_aliases);
        aliases.sort_unstable_by_key(|text| text.value);
        aliases.dedup();
        let mode = config.as_ref().and_then(|config| config.outbound_traffic_policy.as_ref()?.mode);
        Self {
            options,
            root_namespace: text(|config| config.root_namespace).unwrap_or("istio-system"),
            trust_domain: text(|config| config.trust_domain).unwrap_or("cluster.local"),
            trust_domain_aliases: aliases.into_iter().map(|text| text.value).collect(),
            auto_mtls: config.as_ref().and_then(|config| config.enable_auto_mtls).is_none_or(|on| on.value),
            outbound_mode: match mode {
                Some(mode) if mode.value == "REGISTRY_ONLY" => OutboundMode::RegistryOnly,
                _ => OutboundMode::AllowAny,
            },
            default_service_export_to: list(|config| &config.default_service_export_to),
            default_virtual_service_export_to: list(|config| &config.default_virtual_service_export_to),
            default_destination_rule_export_to: list(|config| &config.default_destination_rule_export_to),
            connect_timeout: config.as_ref().and_then(|config| config.connect_timeout).map(|time| time.value),
            config,
        }
    }

    /// The provider of this name. The last of several counts.
    pub fn extension_provider(&self, name: &str) -> Option<&ExtensionProvider<'m>> {
        let providers = &self.config.as_ref()?.extension_providers;
        providers.iter().rfind(|provider| provider.name.is_some_and(|own| own.value == name))
    }

    /// The provider that a Telemetry names, where case does not count; also one that every mesh has.
    pub fn telemetry_provider(&self, name: &str) -> Option<Provider<'m>> {
        let is_named = |own: &str| own.eq_ignore_ascii_case(name);
        if let Some((name, kind)) = BUILT_IN_PROVIDERS.into_iter().find(|(own, _)| is_named(own)) {
            return Some(self.provider(name).unwrap_or(Provider { name, kind, node: None }));
        }
        let mut names = self.config.as_ref()?.extension_providers.iter().filter_map(|provider| provider.name);
        self.provider(names.find(|own| is_named(own.value))?.value)
    }

    fn provider(&self, name: &'m str) -> Option<Provider<'m>> {
        let (kind, node) = self.extension_provider(name)?.kind()?;
        Some(Provider { name, kind, node: Some(node) })
    }

    /// The full name of a host that an object in `namespace` writes: a name without dots is that of a Service beside it,
    /// any other is taken as it is.
    pub fn full_name<'h>(&self, host: &'h str, namespace: &str) -> Cow<'h, str> {
        Host::new(host).in_namespace(namespace, &self.options.cluster_domain)
    }

    /// Whether identities of this trust domain are those of the mesh. `cluster.local` always means its own (istio 1.31
    /// `pilot/pkg/security/trustdomain/bundle.go`).
    pub fn trusts(&self, trust_domain: &str) -> bool {
        trust_domain == self.trust_domain
            || trust_domain == "cluster.local"
            || self.trust_domain_aliases.contains(&trust_domain)
    }

    /// Whether the proxies of the mesh answer DNS, and so know the addresses that istiod makes up.
    pub fn captures_dns(&self) -> bool {
        let defaults = self.config.as_ref().and_then(|config| config.default_config.as_ref());
        defaults.is_some_and(|config| config.proxy_metadata.text("ISTIO_META_DNS_CAPTURE") == Some("true"))
    }

    /// Seconds since 1970.
    pub fn now(&self) -> i64 {
        let since = self.options.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }

    /// The host of a Kubernetes Service.
    pub fn service_host(&self, name: &str, namespace: &str) -> String {
        format!("{name}.{namespace}.svc.{}", self.options.cluster_domain)
    }

    /// The name and namespace in the host of a Kubernetes Service, whether it exists or not.
    pub fn kubernetes_name<'h>(&self, host: &'h str) -> Option<(&'h str, &'h str)> {
        let rest = host.strip_suffix(self.options.cluster_domain.as_str())?.strip_suffix(".svc.")?;
        rest.rsplit_once('.')
    }
}
