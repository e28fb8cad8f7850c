//! The Kubernetes kinds that give Istio's their meaning: names as in k8s.io/api 0.36.

use crate::yaml::Node;

use super::read::{Bool, Int, IntOrStr, Labels, Located, Str, message};
use super::security::Metadata;

message! {
    pub struct Service<'a> {
        r#type: Option<Str<'a>>,
        selector: Labels<'a>,
        ports: Vec<ServicePort<'a>>,
        cluster_ip as "clusterIP": Option<Str<'a>>,
        cluster_ips as "clusterIPs": Vec<Str<'a>>,
        external_name: Option<Str<'a>>,
        external_ips as "externalIPs": Vec<Str<'a>>,
        publish_not_ready_addresses: Option<Bool>,
        internal_traffic_policy: Option<Str<'a>>,
        traffic_distribution: Option<Str<'a>>,
    }

    pub struct ServicePort<'a> {
        name: Option<Str<'a>>,
        port: Option<Int>,
        /// `TCP` if absent.
        protocol: Option<Str<'a>>,
        app_protocol: Option<Str<'a>>,
        /// The same as `port` if absent.
        target_port: Option<Located<IntOrStr<'a>>>,
        node_port: Option<Int>,
    }

    pub struct Namespace<'a> {
        finalizers: Vec<Str<'a>>,
    }

    /// The spec of a pod, whether of a Pod or of a template.
    pub struct PodSpec<'a> {
        containers: Vec<Container<'a>>,
        init_containers: Vec<Container<'a>>,
        service_account_name: Option<Str<'a>>,
        service_account: Option<Str<'a>>,
        host_network: Option<Bool>,
        node_name: Option<Str<'a>>,
        security_context: Option<Box<SecurityContext<'a>>>,
        hostname: Option<Str<'a>>,
        subdomain: Option<Str<'a>>,
    }

    pub struct Container<'a> {
        name: Option<Str<'a>>,
        image: Option<Str<'a>>,
        ports: Vec<ContainerPort<'a>>,
        env: Vec<EnvVar<'a>>,
        security_context: Option<Box<SecurityContext<'a>>>,
        restart_policy: Option<Str<'a>>,
    }

    pub struct EnvVar<'a> {
        name: Option<Str<'a>>,
        value: Option<Str<'a>>,
        value_from: Option<Node<'a>>,
    }

    pub struct SecurityContext<'a> {
        run_as_user: Option<Int>,
        run_as_group: Option<Int>,
    }

    pub struct ContainerPort<'a> {
        name: Option<Str<'a>>,
        container_port: Option<Int>,
        protocol: Option<Str<'a>>,
    }

    /// `spec` of whatever makes pods: Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, Argo Rollout.
    pub struct PodController<'a> {
        /// 1 if absent.
        replicas: Option<Int>,
        selector: Option<Selector<'a>>,
        template: Option<PodTemplate<'a>>,
        service_name: Option<Str<'a>>,
        /// Rollout: the Deployment whose template it uses.
        workload_ref: Option<Node<'a>>,
        /// Rollout: how it shifts traffic.
        strategy: Option<Node<'a>>,
    }

    pub struct PodTemplate<'a> {
        metadata: Option<Metadata<'a>>,
        spec: Option<PodSpec<'a>>,
    }

    pub struct CronJob<'a> {
        job_template: Option<JobTemplate<'a>>,
    }

    pub struct JobTemplate<'a> {
        spec: Option<PodController<'a>>,
    }

    pub struct Selector<'a> {
        match_labels: Labels<'a>,
    }

    pub struct EndpointSlice<'a> {
        address_type: Option<Str<'a>>,
        endpoints: Vec<Endpoint<'a>>,
        ports: Vec<EndpointPort<'a>>,
    }

    pub struct Endpoint<'a> {
        addresses: Vec<Str<'a>>,
        conditions: Option<EndpointConditions<'a>>,
        hostname: Option<Str<'a>>,
        node_name: Option<Str<'a>>,
        target_ref: Option<ObjectReference<'a>>,
        zone: Option<Str<'a>>,
    }

    pub struct EndpointConditions<'a> {
        ready: Option<Bool>,
        serving: Option<Bool>,
        terminating: Option<Bool>,
    }

    pub struct EndpointPort<'a> {
        name: Option<Str<'a>>,
        port: Option<Int>,
        protocol: Option<Str<'a>>,
        app_protocol: Option<Str<'a>>,
    }

    pub struct ObjectReference<'a> {
        kind: Option<Str<'a>>,
        name: Option<Str<'a>>,
        namespace: Option<Str<'a>>,
    }

    pub struct Endpoints<'a> {
        subsets: Vec<EndpointSubset<'a>>,
    }

    pub struct EndpointSubset<'a> {
        addresses: Vec<EndpointAddress<'a>>,
        not_ready_addresses: Vec<EndpointAddress<'a>>,
        ports: Vec<EndpointPort<'a>>,
    }

    pub struct EndpointAddress<'a> {
        ip: Option<Str<'a>>,
        hostname: Option<Str<'a>>,
        node_name: Option<Str<'a>>,
        target_ref: Option<ObjectReference<'a>>,
    }

    pub struct ServiceAccount<'a> {
        image_pull_secrets: Vec<ObjectReference<'a>>,
    }

    pub struct Secret<'a> {
        r#type: Option<Str<'a>>,
        /// In base64.
        data: Labels<'a>,
        string_data: Labels<'a>,
    }

    /// What makes a Secret that the input does not show: cert-manager's Certificate, an ExternalSecret, a SealedSecret.
    pub struct SecretMaker<'a> {
        secret_name: Option<Str<'a>>,
        target: Option<Metadata<'a>>,
    }

    pub struct ConfigMap<'a> {
        data: Labels<'a>,
    }


    pub struct Ingress<'a> {
        ingress_class_name: Option<Str<'a>>,
        rules: Vec<IngressRule<'a>>,
        default_backend: Option<IngressBackend<'a>>,
        tls: Vec<IngressTls<'a>>,
    }

    pub struct IngressTls<'a> {
        hosts: Vec<Str<'a>>,
        secret_name: Option<Str<'a>>,
    }

    pub struct IngressRule<'a> {
        host: Option<Str<'a>>,
        http: Option<HttpIngressRuleValue<'a>>,
    }

    pub struct HttpIngressRuleValue<'a> {
        paths: Vec<HttpIngressPath<'a>>,
    }

    pub struct HttpIngressPath<'a> {
        path: Option<Str<'a>>,
        path_type: Option<Str<'a>>,
        backend: Option<IngressBackend<'a>>,
    }

    pub struct IngressBackend<'a> {
        service: Option<IngressServiceBackend<'a>>,
        resource: Option<ObjectReference<'a>>,
    }

    pub struct IngressServiceBackend<'a> {
        name: Option<Str<'a>>,
        port: Option<ServiceBackendPort<'a>>,
    }

    pub struct ServiceBackendPort<'a> {
        name: Option<Str<'a>>,
        number: Option<Int>,
    }

    /// MutatingWebhookConfiguration and ValidatingWebhookConfiguration.
    pub struct WebhookConfiguration<'a> {
        webhooks: Vec<Webhook<'a>>,
    }

    pub struct Webhook<'a> {
        name: Option<Str<'a>>,
        client_config: Option<WebhookClientConfig<'a>>,
        namespace_selector: Option<Node<'a>>,
        object_selector: Option<Node<'a>>,
        rules: Vec<Node<'a>>,
    }

    pub struct WebhookClientConfig<'a> {
        service: Option<WebhookService<'a>>,
        url: Option<Str<'a>>,
    }

    pub struct WebhookService<'a> {
        name: Option<Str<'a>>,
        namespace: Option<Str<'a>>,
        path: Option<Str<'a>>,
        port: Option<Int>,
    }

    pub struct CustomResourceDefinition<'a> {
        group: Option<Str<'a>>,
        names: Option<Node<'a>>,
        versions: Vec<CrdVersion<'a>>,
    }

    pub struct CrdVersion<'a> {
        name: Option<Str<'a>>,
        served: Option<Bool>,
        storage: Option<Bool>,
    }

    /// `spec` of kinds of which only the metadata matter.
    pub struct Opaque<'a> {
    }

}

impl<'a> ServicePort<'a> {
    /// As the API server fills it in.
    pub fn protocol(&self) -> &'a str {
        self.protocol.map_or("TCP", |protocol| protocol.value)
    }

    /// As the API server fills it in; `None` only where `port` is missing, too.
    pub fn target_port(&self) -> Option<IntOrStr<'a>> {
        let written = self.target_port.map(|target| target.value);
        match written {
            None | Some(IntOrStr::Int(0)) | Some(IntOrStr::Str("")) => self.port.map(|port| IntOrStr::Int(port.value)),
            some => some,
        }
    }
}

impl<'a> Secret<'a> {
    /// A value that is not empty: in base64 if it is of `data`, as it is if of `stringData`, which the API server prefers.
    pub fn entry(&self, key: &str) -> Option<Str<'a>> {
        let value = self.string_data.get(key).or_else(|| self.data.get(key))?;
        (!value.is_empty()).then_some(*value)
    }
}

impl<'a> SecretMaker<'a> {
    /// The name of the Secret, if it is not that of the object.
    pub fn secret_name(&self) -> Option<Str<'a>> {
        self.secret_name.or_else(|| self.target.as_ref()?.name)
    }
}

impl<'a> PodSpec<'a> {
    pub fn service_account(&self) -> &'a str {
        self.service_account_name.or(self.service_account).map_or("default", |name| name.value)
    }

    /// All ports that containers declare.
    pub fn ports(&self) -> impl Iterator<Item = &ContainerPort<'a>> {
        self.containers.iter().chain(&self.init_containers).flat_map(|container| &container.ports)
    }
}
