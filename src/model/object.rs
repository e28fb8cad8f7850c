//! Kubernetes objects: what they all have, and the kinds that are read.

use std::ops::{Deref, DerefMut};

use crate::finding::ResourceRef;
use crate::source::Span;
use crate::yaml::{Kind as NodeKind, Node};

use super::destination_rule::{ClientTlsSettings, DestinationRule};
use super::gateway_api::{GatewayClass, K8sGateway, ReferenceGrant, Route};
use super::kubernetes::{
    ConfigMap, CronJob, CustomResourceDefinition, EndpointSlice, Endpoints, Ingress, Namespace, Opaque, PodController,
    PodSpec, Secret, SecretMaker, Service, ServiceAccount, WebhookConfiguration,
};
use super::networking::{
    EnvoyFilter, Gateway, ProxyConfig, ServerTlsSettings, ServiceEntry, Sidecar, WorkloadEntry, WorkloadGroup,
};
use super::read::{Labels, Message, Read, Str};
use super::security::{
    AuthorizationPolicy, Metadata, PeerAuthentication, RequestAuthentication, Telemetry, TrafficExtension, WasmPlugin,
};
use super::virtual_service::VirtualService;

/// `metadata` of an object, with what the input leaves to the reader filled in.
#[derive(Clone, Debug)]
pub struct Meta<'a> {
    pub kind: Kind,
    pub api_version: &'a str,
    /// Empty where the object has none; placed at the object then.
    pub name: Str<'a>,
    /// Empty for kinds without; the default namespace where none is written.
    pub namespace: &'a str,
    /// Whether the object has `metadata.namespace`.
    pub names_namespace: bool,
    pub labels: Labels<'a>,
    pub annotations: Labels<'a>,
    /// RFC 3339, as written. Times of that form compare as texts do.
    pub created: Option<&'a str>,
    /// The whole object.
    pub root: Node<'a>,
}

impl<'a> Meta<'a> {
    pub fn read(kind: Kind, root: Node<'a>, default_namespace: &'a str) -> Self {
        let metadata = root.get("metadata").and_then(Metadata::read);
        let name = metadata.as_ref().and_then(|metadata| metadata.name);
        let written = metadata.as_ref().and_then(|metadata| metadata.namespace);
        let namespace = match kind.scope() {
            Scope::Cluster => "",
            Scope::Namespaced => {
                written.map(|text| text.value).filter(|text| !text.is_empty()).unwrap_or(default_namespace)
            }
        };
        let (labels, annotations, created) = match metadata {
            Some(metadata) => (metadata.labels, metadata.annotations, metadata.creation_timestamp),
            None => Default::default(),
        };
        Self {
            kind,
            api_version: root.get("apiVersion").and_then(Node::as_str).unwrap_or_default(),
            name: name.unwrap_or(Str { value: "", at: root.head() }),
            namespace,
            names_namespace: written.is_some(),
            labels,
            annotations,
            created: created.map(|text| text.value),
            root,
        }
    }

    pub fn reference(&self) -> ResourceRef {
        ResourceRef {
            api_version: self.api_version.to_owned(),
            kind: self.kind.name().to_owned(),
            namespace: self.namespace.to_owned(),
            name: self.name.value.to_owned(),
        }
    }

    /// `namespace/name`, or the name alone for kinds without a namespace.
    pub fn full_name(&self) -> String {
        match self.namespace {
            "" => self.name.value.to_owned(),
            namespace => format!("{namespace}/{}", self.name.value),
        }
    }

    /// A place to point at where no field is the culprit: the name, else the start of the object.
    pub fn at(&self) -> Span {
        self.name.at
    }

    /// The order of istiod: older first, then name, then namespace (istio 1.31 `pilot/pkg/model/config.go`,
    /// `SortConfigByCreationTime`). Objects without a time are taken for equally old.
    pub fn age_order(&self) -> (&'a str, &'a str, &'a str) {
        (self.created.unwrap_or_default(), self.name.value, self.namespace)
    }
}

/// An object of a kind that meshlint reads: its metadata and its content.
#[derive(Clone, Debug)]
pub struct Object<'a, T>(
    /// Apart, since objects are moved while they are read and when the files of a mesh are put together.
    Box<Content<'a, T>>,
);

/// What an [`Object`] has.
#[derive(Clone, Debug)]
pub struct Content<'a, T> {
    pub meta: Meta<'a>,
    pub spec: T,
}

impl<'a, T> Object<'a, T> {
    pub fn new(meta: Meta<'a>, spec: T) -> Self {
        Self(Box::new(Content { meta, spec }))
    }
}

impl<'a, T> Deref for Object<'a, T> {
    type Target = Content<'a, T>;

    fn deref(&self) -> &Content<'a, T> {
        &self.0
    }
}

impl<'a, T> DerefMut for Object<'a, T> {
    fn deref_mut(&mut self) -> &mut Content<'a, T> {
        &mut self.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Cluster,
    Namespaced,
}

/// Where the content of an object stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    Spec,
    Root,
}

macro_rules! kinds {
    ($( $variant:ident $group:literal $name:literal $scope:ident $body:ident => $field:ident: $type:ident; )*) => {
        /// The kinds that are read, each of one API group.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $( $variant, )* }

        impl Kind {
            pub const ALL: &[Kind] = &[$( Kind::$variant, )*];

            pub fn name(self) -> &'static str {
                match self { $( Kind::$variant => $name, )* }
            }

            /// Empty for the core group.
            pub fn group(self) -> &'static str {
                match self { $( Kind::$variant => $group, )* }
            }

            pub fn scope(self) -> Scope {
                match self { $( Kind::$variant => Scope::$scope, )* }
            }

            fn body(self) -> Body {
                match self { $( Kind::$variant => Body::$body, )* }
            }

            pub fn find(group: &str, name: &str) -> Option<Self> {
                match (group, name) { $( ($group, $name) => Some(Kind::$variant), )* _ => None }
            }
        }

        /// Objects by kind, each list in the order of the input.
        #[derive(Clone, Debug, Default)]
        pub struct Resources<'a> {
            $( pub $field: Vec<Object<'a, $type<'a>>>, )*
        }

        impl<'a> Resources<'a> {
            fn add_as(&mut self, meta: Meta<'a>, body: Node<'a>) {
                match meta.kind { $( Kind::$variant => {
                    self.$field.push(Object::new(meta, $type::read_fields(body)));
                } )* }
            }

            /// The objects of all `parts`, one part after the other.
            pub fn concat(mut parts: Vec<Self>) -> Self {
                let mut all = Self::default();
                $( all.$field = concat(parts.iter_mut().map(|part| std::mem::take(&mut part.$field)).collect()); )*
                all
            }

            pub fn len(&self) -> usize {
                0 $( + self.$field.len() )*
            }

            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// The metadata of all objects, by kind.
            pub fn metas(&self) -> impl Iterator<Item = &Meta<'a>> {
                std::iter::empty()$( .chain(self.$field.iter().map(|object| &object.meta)) )*
            }

            /// Makes one object what it is in `other`: another, new, or gone.
            pub fn adopt(&mut self, object: &ResourceRef, other: &Self) {
                $( if object.kind == $name && group_of(&object.api_version) == $group {
                    let is_it = |own: &Object<'a, $type<'a>>| {
                        own.meta.namespace == object.namespace && own.meta.name.value == object.name
                    };
                    let there = other.$field.iter().find(|own| is_it(own)).cloned();
                    match (self.$field.iter().position(|own| is_it(own)), there) {
                        (Some(at), Some(there)) => self.$field[at] = there,
                        (Some(at), None) => { self.$field.remove(at); }
                        (None, there) => self.$field.extend(there),
                    }
                } )*
            }

            /// Leaves out the objects for which `keep` says no.
            pub fn retain(&mut self, keep: impl Fn(&Meta<'a>) -> bool) {
                $( self.$field.retain(|object| keep(&object.meta)); )*
            }

            /// Keeps of objects with the same kind, namespace and name the last, and returns the metadata of the others.
            pub fn drop_replaced(&mut self) -> Vec<Meta<'a>> {
                let mut replaced = Vec::new();
                $( drop_replaced(&mut self.$field, &mut replaced); )*
                replaced
            }
        }
    };
}

kinds! {
    VirtualService "networking.istio.io" "VirtualService" Namespaced Spec => virtual_services: VirtualService;
    DestinationRule "networking.istio.io" "DestinationRule" Namespaced Spec => destination_rules: DestinationRule;
    Gateway "networking.istio.io" "Gateway" Namespaced Spec => gateways: Gateway;
    ServiceEntry "networking.istio.io" "ServiceEntry" Namespaced Spec => service_entries: ServiceEntry;
    Sidecar "networking.istio.io" "Sidecar" Namespaced Spec => sidecars: Sidecar;
    WorkloadEntry "networking.istio.io" "WorkloadEntry" Namespaced Spec => workload_entries: WorkloadEntry;
    WorkloadGroup "networking.istio.io" "WorkloadGroup" Namespaced Spec => workload_groups: WorkloadGroup;
    EnvoyFilter "networking.istio.io" "EnvoyFilter" Namespaced Spec => envoy_filters: EnvoyFilter;
    ProxyConfig "networking.istio.io" "ProxyConfig" Namespaced Spec => proxy_configs: ProxyConfig;
    AuthorizationPolicy "security.istio.io" "AuthorizationPolicy" Namespaced Spec => authorization_policies: AuthorizationPolicy;
    PeerAuthentication "security.istio.io" "PeerAuthentication" Namespaced Spec => peer_authentications: PeerAuthentication;
    RequestAuthentication "security.istio.io" "RequestAuthentication" Namespaced Spec => request_authentications: RequestAuthentication;
    Telemetry "telemetry.istio.io" "Telemetry" Namespaced Spec => telemetries: Telemetry;
    WasmPlugin "extensions.istio.io" "WasmPlugin" Namespaced Spec => wasm_plugins: WasmPlugin;
    TrafficExtension "extensions.istio.io" "TrafficExtension" Namespaced Spec => traffic_extensions: TrafficExtension;
    K8sGateway "gateway.networking.k8s.io" "Gateway" Namespaced Spec => k8s_gateways: K8sGateway;
    GatewayClass "gateway.networking.k8s.io" "GatewayClass" Cluster Spec => gateway_classes: GatewayClass;
    HttpRoute "gateway.networking.k8s.io" "HTTPRoute" Namespaced Spec => http_routes: Route;
    GrpcRoute "gateway.networking.k8s.io" "GRPCRoute" Namespaced Spec => grpc_routes: Route;
    TlsRoute "gateway.networking.k8s.io" "TLSRoute" Namespaced Spec => tls_routes: Route;
    TcpRoute "gateway.networking.k8s.io" "TCPRoute" Namespaced Spec => tcp_routes: Route;
    ReferenceGrant "gateway.networking.k8s.io" "ReferenceGrant" Namespaced Spec => reference_grants: ReferenceGrant;
    Service "" "Service" Namespaced Spec => services: Service;
    Namespace "" "Namespace" Cluster Spec => namespaces: Namespace;
    Pod "" "Pod" Namespaced Spec => pods: PodSpec;
    Node "" "Node" Cluster Spec => nodes: Opaque;
    Endpoints "" "Endpoints" Namespaced Root => endpoints: Endpoints;
    ServiceAccount "" "ServiceAccount" Namespaced Root => service_accounts: ServiceAccount;
    Secret "" "Secret" Namespaced Root => secrets: Secret;
    CertManagerCertificate "cert-manager.io" "Certificate" Namespaced Spec => cert_manager_certificates: SecretMaker;
    ExternalSecret "external-secrets.io" "ExternalSecret" Namespaced Spec => external_secrets: SecretMaker;
    SealedSecret "bitnami.com" "SealedSecret" Namespaced Spec => sealed_secrets: SecretMaker;
    ConfigMap "" "ConfigMap" Namespaced Root => config_maps: ConfigMap;
    ReplicationController "" "ReplicationController" Namespaced Spec => replication_controllers: PodController;
    Deployment "apps" "Deployment" Namespaced Spec => deployments: PodController;
    StatefulSet "apps" "StatefulSet" Namespaced Spec => stateful_sets: PodController;
    DaemonSet "apps" "DaemonSet" Namespaced Spec => daemon_sets: PodController;
    ReplicaSet "apps" "ReplicaSet" Namespaced Spec => replica_sets: PodController;
    Job "batch" "Job" Namespaced Spec => jobs: PodController;
    CronJob "batch" "CronJob" Namespaced Spec => cron_jobs: CronJob;
    Rollout "argoproj.io" "Rollout" Namespaced Spec => rollouts: PodController;
    EndpointSlice "discovery.k8s.io" "EndpointSlice" Namespaced Root => endpoint_slices: EndpointSlice;
    Ingress "networking.k8s.io" "Ingress" Namespaced Spec => ingresses: Ingress;
    IngressClass "networking.k8s.io" "IngressClass" Cluster Spec => ingress_classes: Opaque;
    MutatingWebhookConfiguration "admissionregistration.k8s.io" "MutatingWebhookConfiguration" Cluster Root => mutating_webhooks: WebhookConfiguration;
    ValidatingWebhookConfiguration "admissionregistration.k8s.io" "ValidatingWebhookConfiguration" Cluster Root => validating_webhooks: WebhookConfiguration;
    CustomResourceDefinition "apiextensions.k8s.io" "CustomResourceDefinition" Cluster Spec => crds: CustomResourceDefinition;
}

impl<'a> Resources<'a> {
    /// Takes an object in, if it is of a kind that is read.
    pub fn add(&mut self, object: Node<'a>, default_namespace: &'a str) {
        let Some(kind) = kind_of(object) else { return };
        let meta = Meta::read(kind, object, default_namespace);
        let body = match kind.body() {
            Body::Root => object,
            Body::Spec => object.get("spec").unwrap_or(object),
        };
        self.add_as(meta, body);
        if kind == Kind::WorkloadEntry
            && let Some(Content { meta, spec }) = self.workload_entries.last_mut().map(DerefMut::deref_mut)
        {
            // It is selected by both, the metadata's first (istio 1.31 `pilot/pkg/serviceregistry/serviceentry/conversion.go`).
            spec.labels = meta.labels.united(&spec.labels);
        }
    }

    /// How clients of the mesh use TLS.
    pub fn client_tls_settings(&self) -> impl Iterator<Item = (&Meta<'a>, &ClientTlsSettings<'a>)> {
        self.destination_rules.iter().flat_map(|rule| {
            let settings = rule.spec.levels().filter_map(|block| block.tls);
            settings.map(|tls| (&rule.meta, tls))
        })
    }

    /// How gateways and sidecars serve TLS.
    pub fn server_tls_settings(&self) -> impl Iterator<Item = (&Meta<'a>, &ServerTlsSettings<'a>)> {
        let gateways = self.gateways.iter().flat_map(|gateway| {
            let settings = gateway.spec.servers.iter().filter_map(|server| server.tls.as_deref());
            settings.map(|tls| (&gateway.meta, tls))
        });
        let sidecars = self.sidecars.iter().flat_map(|sidecar| {
            let settings = sidecar.spec.ingress.iter().filter_map(|listener| listener.tls.as_deref());
            settings.map(|tls| (&sidecar.meta, tls))
        });
        gateways.chain(sidecars)
    }
}

/// The objects of a document: itself, or the items of a `List` (`kind: List`, `kind: ServiceList`, …).
pub fn objects<'a>(root: Node<'a>) -> Vec<Node<'a>> {
    let is_list = root.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
    match is_list.then(|| root.get("items")).flatten() {
        Some(items) if items.kind() == NodeKind::Sequence => items.items().flat_map(objects).collect(),
        _ => vec![root],
    }
}

/// The group of an `apiVersion`; empty for the core group.
fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// The group and kind that an object says it is of, if that is one we read.
pub fn kind_of(object: Node<'_>) -> Option<Kind> {
    let api_version = object.get("apiVersion")?.as_str()?;
    Kind::find(group_of(api_version), object.get("kind")?.as_str()?)
}

/// What an object of any kind is called. The namespace of kinds that are not read is as written.
pub fn reference(object: Node<'_>, default_namespace: &str) -> ResourceRef {
    if let Some(kind) = kind_of(object) {
        return Meta::read(kind, object, default_namespace).reference();
    }
    let text = |path: &[&str]| object.path(path).and_then(Node::as_str).unwrap_or_default().to_owned();
    ResourceRef {
        api_version: text(&["apiVersion"]),
        kind: text(&["kind"]),
        namespace: text(&["metadata", "namespace"]),
        name: text(&["metadata", "name"]),
    }
}

/// One list of exactly the size that is needed: at any time only one kind of objects is there twice.
fn concat<T>(lists: Vec<Vec<T>>) -> Vec<T> {
    let mut all = Vec::with_capacity(lists.iter().map(Vec::len).sum());
    lists.into_iter().for_each(|mut list| all.append(&mut list));
    all
}

fn drop_replaced<'a, T>(objects: &mut Vec<Object<'a, T>>, replaced: &mut Vec<Meta<'a>>) {
    let mut last = rustc_hash::FxHashMap::default();
    for (index, object) in objects.iter().enumerate() {
        last.insert((object.meta.namespace, object.meta.name.value), index);
    }
    if last.len() == objects.len() {
        return;
    }
    let mut index = 0;
    objects.retain(|object| {
        let keep = object.meta.name.is_empty() || last[&(object.meta.namespace, object.meta.name.value)] == index;
        index += 1;
        if !keep {
            replaced.push(object.meta.clone());
        }
        keep
    });
}
