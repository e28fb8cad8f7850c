//! `gateway.networking.k8s.io`: names as in Gateway API 1.4, as far as Istio 1.31 reads them.

use crate::yaml::Node;

use super::label_selector::LabelSelector;
use super::read::{Int, Labels, Located, Str, message};

message! {
    pub struct K8sGateway<'a> {
        gateway_class_name: Option<Str<'a>>,
        addresses: Vec<GatewayAddress<'a>>,
        listeners: Vec<Listener<'a>>,
        infrastructure: Option<GatewayInfrastructure<'a>>,
    }

    pub struct GatewayInfrastructure<'a> {
        labels: Labels<'a>,
        annotations: Labels<'a>,
    }

    pub struct GatewayClass<'a> {
        controller_name: Option<Str<'a>>,
    }

    pub struct GatewayAddress<'a> {
        r#type: Option<Str<'a>>,
        value: Option<Str<'a>>,
    }

    pub struct Listener<'a> {
        name: Option<Str<'a>>,
        hostname: Option<Str<'a>>,
        port: Option<Int>,
        protocol: Option<Str<'a>>,
        tls: Option<ListenerTls<'a>>,
        allowed_routes: Option<AllowedRoutes<'a>>,
    }

    pub struct ListenerTls<'a> {
        mode: Option<Str<'a>>,
        certificate_refs: Vec<ObjectRef<'a>>,
        frontend_validation: Option<Node<'a>>,
        options: Labels<'a>,
    }

    pub struct AllowedRoutes<'a> {
        namespaces: Option<RouteNamespaces<'a>>,
        kinds: Vec<RouteGroupKind<'a>>,
    }

    pub struct RouteNamespaces<'a> {
        from: Option<Str<'a>>,
        selector: Option<LabelSelector<'a>>,
    }

    pub struct RouteGroupKind<'a> {
        group: Option<Str<'a>>,
        kind: Option<Str<'a>>,
    }

    /// A reference to an object, of a Secret or of a backend.
    pub struct ObjectRef<'a> {
        group: Option<Str<'a>>,
        kind: Option<Str<'a>>,
        name: Option<Str<'a>>,
        namespace: Option<Str<'a>>,
        port: Option<Int>,
    }

    pub struct ParentReference<'a> {
        group: Option<Str<'a>>,
        kind: Option<Str<'a>>,
        name: Option<Str<'a>>,
        namespace: Option<Str<'a>>,
        section_name: Option<Str<'a>>,
        port: Option<Int>,
    }

    /// HTTPRoute, GRPCRoute, TLSRoute and TCPRoute: what they have in common; their rules differ in matches and filters.
    pub struct Route<'a> {
        parent_refs: Vec<ParentReference<'a>>,
        hostnames: Vec<Str<'a>>,
        rules: Vec<RouteRule<'a>>,
    }

    pub struct RouteRule<'a> {
        name: Option<Str<'a>>,
        matches: Vec<RouteMatch<'a>>,
        filters: Vec<RouteFilter<'a>>,
        backend_refs: Vec<BackendRef<'a>>,
        timeouts: Option<RouteTimeouts<'a>>,
        retry: Option<RouteRetry<'a>>,
        session_persistence: Option<Node<'a>>,
    }

    pub struct RouteTimeouts<'a> {
        request: Option<Located<crate::format::Duration>>,
        backend_request: Option<Located<crate::format::Duration>>,
    }

    pub struct RouteRetry<'a> {
        codes: Vec<Int>,
        attempts: Option<Int>,
        backoff: Option<Located<crate::format::Duration>>,
    }

    pub struct RouteMatch<'a> {
        path: Option<ValueMatch<'a>>,
        headers: Vec<NamedMatch<'a>>,
        query_params: Vec<NamedMatch<'a>>,
        /// HTTPRoute: a name; GRPCRoute: service and method.
        method: Option<Node<'a>>,
    }

    pub struct ValueMatch<'a> {
        r#type: Option<Str<'a>>,
        value: Option<Str<'a>>,
    }

    pub struct NamedMatch<'a> {
        r#type: Option<Str<'a>>,
        name: Option<Str<'a>>,
        value: Option<Str<'a>>,
    }

    pub struct GrpcMethodMatch<'a> {
        r#type: Option<Str<'a>>,
        service: Option<Str<'a>>,
        method: Option<Str<'a>>,
    }

    pub struct RouteFilter<'a> {
        r#type: Option<Str<'a>>,
        request_header_modifier: Option<HeaderFilter<'a>>,
        response_header_modifier: Option<HeaderFilter<'a>>,
        request_mirror: Option<RequestMirror<'a>>,
        request_redirect: Option<RequestRedirect<'a>>,
        url_rewrite: Option<UrlRewrite<'a>>,
        cors: Option<Node<'a>>,
        extension_ref: Option<ObjectRef<'a>>,
    }

    pub struct HeaderFilter<'a> {
        set: Vec<HeaderValue<'a>>,
        add: Vec<HeaderValue<'a>>,
        remove: Vec<Str<'a>>,
    }

    pub struct HeaderValue<'a> {
        name: Option<Str<'a>>,
        value: Option<Str<'a>>,
    }

    pub struct RequestMirror<'a> {
        backend_ref: Option<ObjectRef<'a>>,
        percent: Option<Int>,
        fraction: Option<Fraction<'a>>,
    }

    pub struct Fraction<'a> {
        numerator: Option<Int>,
        denominator: Option<Int>,
    }

    pub struct RequestRedirect<'a> {
        scheme: Option<Str<'a>>,
        hostname: Option<Str<'a>>,
        path: Option<PathModifier<'a>>,
        port: Option<Int>,
        status_code: Option<Int>,
    }

    pub struct PathModifier<'a> {
        r#type: Option<Str<'a>>,
        replace_full_path: Option<Str<'a>>,
        replace_prefix_match: Option<Str<'a>>,
    }

    pub struct UrlRewrite<'a> {
        hostname: Option<Str<'a>>,
        path: Option<PathModifier<'a>>,
    }

    pub struct BackendRef<'a> {
        group: Option<Str<'a>>,
        kind: Option<Str<'a>>,
        name: Option<Str<'a>>,
        namespace: Option<Str<'a>>,
        port: Option<Int>,
        /// 1 if absent.
        weight: Option<Int>,
        filters: Vec<RouteFilter<'a>>,
    }

    pub struct ReferenceGrant<'a> {
        from: Vec<ReferenceGrantFrom<'a>>,
        to: Vec<ReferenceGrantTo<'a>>,
    }

    pub struct ReferenceGrantFrom<'a> {
        group: Option<Str<'a>>,
        kind: Option<Str<'a>>,
        namespace: Option<Str<'a>>,
    }

    pub struct ReferenceGrantTo<'a> {
        group: Option<Str<'a>>,
        kind: Option<Str<'a>>,
        name: Option<Str<'a>>,
    }
}
