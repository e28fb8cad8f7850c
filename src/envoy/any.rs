//! `google.protobuf.Any`: a message of any type, with the name of the type.

use serde_json::Value;

#[cfg(test)]
use super::message::Name;
use super::message::{Json, Message, Object, Violation, object};
use super::sink::{self, Kind, Scalar, Sink};
use super::{
    access_log, cluster, ext_authz, http_connection_manager, http_filter, istio, jwt, listener, network_filter,
    protocol, rbac, route, stateful_session, tls,
};

const PREFIX: &str = "type.googleapis.com/";

/// A message whose type this crate does not have. `fields` are those of its JSON, without `@type`.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherAny {
    pub type_url: String,
    pub fields: Object,
}

macro_rules! any {
    ($($variant:ident: $type:ty,)+) => {
        /// A message of one of these types; any other is an [`OtherAny`].
        #[derive(Clone, Debug, PartialEq)]
        pub enum Any {
            $($variant(Box<$type>),)+
            Other(Box<OtherAny>),
        }

        $(impl From<$type> for Any {
            fn from(message: $type) -> Self {
                Any::$variant(Box::new(message))
            }
        })+

        impl Any {
            /// The full names of all but the others.
            pub(super) const TYPES: &[&str] = &[$(<$type>::TYPE,)+];

            /// The full name of the message's type: `envoy.extensions.filters.http.router.v3.Router`.
            pub fn type_name(&self) -> &str {
                match self {
                    $(Any::$variant(_) => <$type>::TYPE,)+
                    Any::Other(other) => type_name(&other.type_url),
                }
            }

            fn emit_fields(&self, object: &mut dyn Sink) {
                match self {
                    $(Any::$variant(message) => message.emit_fields(object),)+
                    Any::Other(other) => {
                        for (key, value) in &other.fields {
                            object.key(key);
                            sink::emit(value, object);
                        }
                    }
                }
            }

            fn read_fields(type_url: &str, fields: &Object) -> Result<Self, Violation> {
                let mut entries = fields.iter().filter(|(key, _)| *key != "@type");
                match type_name(type_url) {
                    $(<$type>::TYPE => <$type>::read_entries(&mut entries).map(Any::from),)+
                    _ => {
                        let fields = entries.map(|(key, value)| (key.clone(), value.clone())).collect();
                        Ok(Any::Other(Box::new(OtherAny { type_url: type_url.to_owned(), fields })))
                    }
                }
            }
        }

        #[cfg(test)]
        fn audit_variants(audit: &mut super::audit::Audit) {
            $(<$type as Json>::audit(Name { proto: "", json: "" }, audit);)+
        }
    };
}

any! {
    Alpn: istio::Alpn,
    CaresDnsResolver: cluster::CaresDnsResolverConfig,
    CelFilter: access_log::CelFilter,
    CookieSession: stateful_session::CookieBasedSessionState,
    Cors: http_filter::Cors,
    CorsPolicy: http_filter::CorsPolicy,
    DownstreamTls: tls::DownstreamTlsContext,
    DynamicForwardProxy: http_filter::DynamicForwardProxy,
    DynamicForwardProxyCluster: cluster::DynamicForwardProxyCluster,
    Fault: http_filter::HttpFault,
    FileAccessLog: access_log::FileAccessLog,
    FilterOfRoute: route::FilterConfig,
    GrpcStats: http_filter::GrpcStats,
    GrpcWeb: http_filter::GrpcWeb,
    HeaderSession: stateful_session::HeaderBasedSessionState,
    HttpConnectionManager: http_connection_manager::HttpConnectionManager,
    HttpExtAuthz: ext_authz::HttpExtAuthz,
    HttpGrpcAccessLog: access_log::HttpGrpcAccessLog,
    HttpInspector: listener::HttpInspector,
    HttpProtocolOptions: protocol::UpstreamProtocolOptions,
    HttpRbac: rbac::HttpRbac,
    IstioStats: istio::Stats,
    JwtAuthentication: jwt::JwtAuthentication,
    MongoProxy: network_filter::MongoProxy,
    NetworkExtAuthz: ext_authz::NetworkExtAuthz,
    NetworkRbac: rbac::NetworkRbac,
    OpenTelemetryAccessLog: access_log::OpenTelemetryAccessLog,
    OriginalDst: listener::OriginalDst,
    OriginalSrc: listener::OriginalSrc,
    PreserveCase: protocol::PreserveCaseFormatterConfig,
    PreviousHosts: route::PreviousHostsPredicate,
    PreviousPriorities: route::PreviousPrioritiesConfig,
    ProxyProtocolListener: listener::ProxyProtocol,
    ProxyProtocolUpstream: tls::ProxyProtocolUpstreamTransport,
    RawBuffer: tls::RawBuffer,
    RbacPerRoute: rbac::RbacPerRoute,
    ReqWithoutQuery: access_log::ReqWithoutQuery,
    Router: http_filter::Router,
    SniDynamicForwardProxy: network_filter::SniDynamicForwardProxy,
    StatefulSession: stateful_session::StatefulSession,
    StatefulSessionPerRoute: stateful_session::StatefulSessionPerRoute,
    TcpGrpcAccessLog: access_log::TcpGrpcAccessLog,
    TcpProxy: network_filter::TcpProxy,
    TlsInspector: listener::TlsInspector,
    TypedStruct: istio::TypedStruct,
    UpstreamTls: tls::UpstreamTlsContext,
    UriTemplate: route::UriTemplateMatchConfig,
    UuidRequestId: http_connection_manager::UuidRequestIdConfig,
}

impl Json for Any {
    fn emit(&self, sink: &mut dyn Sink) {
        sink.open(Kind::Object);
        sink.key("@type");
        match self {
            Any::Other(other) => sink.scalar(Scalar::Text(&other.type_url)),
            typed => sink.scalar(Scalar::Text(&format!("{PREFIX}{}", typed.type_name()))),
        }
        self.emit_fields(sink);
        sink.close();
    }

    fn read(value: &Value) -> Result<Self, Violation> {
        let object = object(value)?;
        let Some(Value::String(type_url)) = object.get("@type") else {
            return Err(Violation::expected("the name of a type under `@type`"));
        };
        Self::read_fields(type_url, object)
    }

    #[cfg(test)]
    fn audit(name: Name, audit: &mut super::audit::Audit) {
        audit.field(name);
        if audit.enter_any() {
            audit_variants(audit);
        }
    }
}

/// The full name of the type that a URL such as `type.googleapis.com/x.y.Z` names.
pub(super) fn type_name(type_url: &str) -> &str {
    type_url.rsplit('/').next().unwrap_or(type_url)
}
