//! Messages that all others share: `envoy.config.core.v3` and `envoy.type.v3`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::any::Any;
use super::message::Object;
use super::scalar::Bytes;

impl Address {
    pub fn socket(address: impl Into<String>, port: u32) -> Self {
        Address::SocketAddress(SocketAddress::new(address, port))
    }

    pub fn pipe(path: impl Into<String>) -> Self {
        Address::Pipe(Pipe { path: path.into(), ..Default::default() })
    }

    /// `None` for a pipe, or if the address is not numeric.
    pub fn socket_address(&self) -> Option<SocketAddr> {
        let Self::SocketAddress(socket) = self else { return None };
        let port = u16::try_from(socket.port_value.unwrap_or_default()).ok()?;
        Some(SocketAddr::new(socket.address.parse().ok()?, port))
    }
}

impl SocketAddress {
    pub fn new(address: impl Into<String>, port: u32) -> Self {
        Self { address: address.into(), port_value: Some(port), ..Default::default() }
    }
}

impl CidrRange {
    pub fn new(address: impl Into<String>, length: u32) -> Self {
        Self { address_prefix: address.into(), prefix_len: Some(length), ..Default::default() }
    }
}

impl Percent {
    pub fn new(value: f64) -> Self {
        Self { value, ..Default::default() }
    }
}

impl ConfigSource {
    /// The stream that the configuration itself comes from, waited for without limit.
    pub fn ads() -> Self {
        Self {
            specifier: Some(ConfigSourceSpecifier::Ads(AggregatedConfigSource::default())),
            initial_fetch_timeout: Some(Duration::ZERO),
            resource_api_version: ApiVersion::V3,
            ..Default::default()
        }
    }
}

impl HeaderValueOption {
    pub fn new(key: impl Into<String>, value: impl Into<String>, append_action: HeaderAppendAction) -> Self {
        let header = HeaderValue { key: key.into(), value: value.into(), ..Default::default() };
        Self { header: Some(header), append_action, ..Default::default() }
    }
}

extension!(TransportSocket);
extension!(TypedExtensionConfig);

message! {
    pub struct BindConfig = "envoy.config.core.v3.BindConfig" {
        source_address: Option<SocketAddress>,
    }
}

message! {
    pub struct SocketAddress = "envoy.config.core.v3.SocketAddress" {
        protocol: SocketProtocol,
        address: String,
        port_value: Option<u32>,
        ipv4_compat: bool,
    }
}

choice! {
    pub enum Address = "envoy.config.core.v3.Address" {
        SocketAddress: SocketAddress = "socket_address",
        Pipe: Pipe = "pipe",
    }
}

message! {
    pub struct CidrRange = "envoy.config.core.v3.CidrRange" {
        address_prefix: String,
        prefix_len: Option<u32>,
    }
}

message! {
    pub struct Pipe = "envoy.config.core.v3.Pipe" {
        path: String,
    }
}

message! {
    pub struct TcpKeepalive = "envoy.config.core.v3.TcpKeepalive" {
        keepalive_probes: Option<u32>,
        keepalive_time: Option<u32>,
        keepalive_interval: Option<u32>,
    }
}

message! {
    pub struct Metadata = "envoy.config.core.v3.Metadata" {
        filter_metadata: BTreeMap<String, Object>,
        typed_filter_metadata: BTreeMap<String, Any>,
    }
}

message! {
    pub struct TransportSocket = "envoy.config.core.v3.TransportSocket" {
        name: String,
        typed_config: Option<Any>,
    }
}

message! {
    pub struct Locality = "envoy.config.core.v3.Locality" {
        region: String,
        zone: String,
        sub_zone: String,
    }
}

message! {
    pub struct Node = "envoy.config.core.v3.Node" {
        id: String,
        cluster: String,
        metadata: Option<Object>,
        locality: Option<Locality>,
        user_agent_name: String,
    }
}

choice! {
    pub enum DataSource = "envoy.config.core.v3.DataSource" {
        Filename: String = "filename",
        InlineBytes: Bytes = "inline_bytes",
        InlineString: String = "inline_string",
        EnvironmentVariable: String = "environment_variable",
    }
}

message! {
    pub struct HealthStatusSet = "envoy.config.core.v3.HealthStatusSet" {
        statuses: Vec<HealthStatus>,
    }
}

message! {
    pub struct RuntimeFractionalPercent = "envoy.config.core.v3.RuntimeFractionalPercent" {
        default_value: Option<FractionalPercent>,
        runtime_key: String,
    }
}

message! {
    pub struct HeaderValueOption = "envoy.config.core.v3.HeaderValueOption" {
        header: Option<HeaderValue>,
        append_action: HeaderAppendAction,
        keep_empty_value: bool,
    }
}

message! {
    pub struct HeaderValue = "envoy.config.core.v3.HeaderValue" {
        key: String,
        value: String,
    }
}

message! {
    pub struct RuntimeDouble = "envoy.config.core.v3.RuntimeDouble" {
        default_value: f64,
        runtime_key: String,
    }
}

message! {
    pub struct ConfigSource = "envoy.config.core.v3.ConfigSource" {
        specifier: Option<ConfigSourceSpecifier>,
        initial_fetch_timeout: Option<Duration>,
        resource_api_version: ApiVersion,
    }
}

oneof! {
    pub enum ConfigSourceSpecifier {
        PathConfigSource: PathConfigSource = "path_config_source",
        ApiConfigSource: ApiConfigSource = "api_config_source",
        Ads: AggregatedConfigSource = "ads",
    }
}

message! {
    pub struct ApiConfigSource = "envoy.config.core.v3.ApiConfigSource" {
        api_type: ApiType,
        transport_api_version: ApiVersion,
        grpc_services: Vec<GrpcService>,
        request_timeout: Option<Duration>,
        set_node_on_first_message_only: bool,
    }
}

message! {
    pub struct AggregatedConfigSource = "envoy.config.core.v3.AggregatedConfigSource" {}
}

message! {
    pub struct PathConfigSource = "envoy.config.core.v3.PathConfigSource" {
        path: String,
    }
}

message! {
    pub struct TypedExtensionConfig = "envoy.config.core.v3.TypedExtensionConfig" {
        name: String,
        typed_config: Option<Any>,
    }
}

message! {
    pub struct GrpcService = "envoy.config.core.v3.GrpcService" {
        envoy_grpc: Option<EnvoyGrpc>,
        timeout: Option<Duration>,
    }
}

message! {
    pub struct EnvoyGrpc = "envoy.config.core.v3.GrpcService.EnvoyGrpc" {
        cluster_name: String,
        authority: String,
    }
}

message! {
    pub struct HttpUri = "envoy.config.core.v3.HttpUri" {
        uri: String,
        cluster: Option<String>,
        timeout: Option<Duration>,
    }
}

message! {
    pub struct ProxyProtocolConfig = "envoy.config.core.v3.ProxyProtocolConfig" {
        version: ProxyProtocolVersion,
    }
}

message! {
    pub struct SubstitutionFormatString = "envoy.config.core.v3.SubstitutionFormatString" {
        format: Option<LogFormat>,
        omit_empty_values: bool,
        content_type: String,
        formatters: Vec<TypedExtensionConfig>,
        json_format_options: Option<JsonFormatOptions>,
    }
}

oneof! {
    pub enum LogFormat {
        TextFormat: String = "text_format",
        JsonFormat: Object = "json_format",
        TextFormatSource: DataSource = "text_format_source",
    }
}

message! {
    pub struct JsonFormatOptions = "envoy.config.core.v3.JsonFormatOptions" {}
}

choice! {
    pub enum ConnectionHashPolicy = "envoy.type.v3.HashPolicy" {
        SourceIp: SourceIp = "source_ip",
        FilterState: FilterState = "filter_state",
    }
}

message! {
    pub struct SourceIp = "envoy.type.v3.HashPolicy.SourceIp" {}
}

message! {
    pub struct FilterState = "envoy.type.v3.HashPolicy.FilterState" {
        key: String,
    }
}

message! {
    pub struct HttpStatus = "envoy.type.v3.HttpStatus" {
        code: StatusCode,
    }
}

message! {
    pub struct Percent = "envoy.type.v3.Percent" {
        value: f64,
    }
}

message! {
    pub struct FractionalPercent = "envoy.type.v3.FractionalPercent" {
        numerator: u32,
        denominator: DenominatorType,
    }
}

names! {
    pub enum RoutingPriority = "envoy.config.core.v3.RoutingPriority" {
        Default = "DEFAULT",
        High = "HIGH",
    }
}

names! {
    pub enum SocketProtocol = "envoy.config.core.v3.SocketAddress.Protocol" {
        Tcp = "TCP",
        Udp = "UDP",
    }
}

names! {
    pub enum HeaderAppendAction = "envoy.config.core.v3.HeaderValueOption.HeaderAppendAction" {
        AppendIfExistsOrAdd = "APPEND_IF_EXISTS_OR_ADD",
        AddIfAbsent = "ADD_IF_ABSENT",
        OverwriteIfExistsOrAdd = "OVERWRITE_IF_EXISTS_OR_ADD",
        OverwriteIfExists = "OVERWRITE_IF_EXISTS",
    }
}

names! {
    pub enum ApiVersion = "envoy.config.core.v3.ApiVersion" {
        Auto = "AUTO",
        V2 = "V2",
        V3 = "V3",
    }
}

names! {
    pub enum ApiType = "envoy.config.core.v3.ApiConfigSource.ApiType" {
        DeprecatedAndUnavailableDoNotUse = "DEPRECATED_AND_UNAVAILABLE_DO_NOT_USE",
        Rest = "REST",
        Grpc = "GRPC",
        DeltaGrpc = "DELTA_GRPC",
        AggregatedGrpc = "AGGREGATED_GRPC",
        AggregatedDeltaGrpc = "AGGREGATED_DELTA_GRPC",
    }
}

names! {
    pub enum ProxyProtocolVersion = "envoy.config.core.v3.ProxyProtocolConfig.Version" {
        V1 = "V1",
        V2 = "V2",
    }
}

names! {
    pub enum HealthStatus = "envoy.config.core.v3.HealthStatus" {
        Unknown = "UNKNOWN",
        Healthy = "HEALTHY",
        Unhealthy = "UNHEALTHY",
        Draining = "DRAINING",
        Timeout = "TIMEOUT",
        Degraded = "DEGRADED",
    }
}

names! {
    pub enum TrafficDirection = "envoy.config.core.v3.TrafficDirection" {
        Unspecified = "UNSPECIFIED",
        Inbound = "INBOUND",
        Outbound = "OUTBOUND",
    }
}

names! {
    pub enum StatusCode = "envoy.type.v3.StatusCode" {
        Empty = "Empty",
        Continue = "Continue",
        Ok = "OK",
        Created = "Created",
        Accepted = "Accepted",
        NonAuthoritativeInformation = "NonAuthoritativeInformation",
        NoContent = "NoContent",
        ResetContent = "ResetContent",
        PartialContent = "PartialContent",
        MultiStatus = "MultiStatus",
        AlreadyReported = "AlreadyReported",
        ImUsed = "IMUsed",
        MultipleChoices = "MultipleChoices",
        MovedPermanently = "MovedPermanently",
        Found = "Found",
        SeeOther = "SeeOther",
        NotModified = "NotModified",
        UseProxy = "UseProxy",
        TemporaryRedirect = "TemporaryRedirect",
        PermanentRedirect = "PermanentRedirect",
        BadRequest = "BadRequest",
        Unauthorized = "Unauthorized",
        PaymentRequired = "PaymentRequired",
        Forbidden = "Forbidden",
        NotFound = "NotFound",
        MethodNotAllowed = "MethodNotAllowed",
        NotAcceptable = "NotAcceptable",
        ProxyAuthenticationRequired = "ProxyAuthenticationRequired",
        RequestTimeout = "RequestTimeout",
        Conflict = "Conflict",
        Gone = "Gone",
        LengthRequired = "LengthRequired",
        PreconditionFailed = "PreconditionFailed",
        PayloadTooLarge = "PayloadTooLarge",
        UriTooLong = "URITooLong",
        UnsupportedMediaType = "UnsupportedMediaType",
        RangeNotSatisfiable = "RangeNotSatisfiable",
        ExpectationFailed = "ExpectationFailed",
        MisdirectedRequest = "MisdirectedRequest",
        UnprocessableEntity = "UnprocessableEntity",
        Locked = "Locked",
        FailedDependency = "FailedDependency",
        UpgradeRequired = "UpgradeRequired",
        PreconditionRequired = "PreconditionRequired",
        TooManyRequests = "TooManyRequests",
        RequestHeaderFieldsTooLarge = "RequestHeaderFieldsTooLarge",
        InternalServerError = "InternalServerError",
        NotImplemented = "NotImplemented",
        BadGateway = "BadGateway",
        ServiceUnavailable = "ServiceUnavailable",
        GatewayTimeout = "GatewayTimeout",
        HttpVersionNotSupported = "HTTPVersionNotSupported",
        VariantAlsoNegotiates = "VariantAlsoNegotiates",
        InsufficientStorage = "InsufficientStorage",
        LoopDetected = "LoopDetected",
        NotExtended = "NotExtended",
        NetworkAuthenticationRequired = "NetworkAuthenticationRequired",
    }
}

names! {
    pub enum DenominatorType = "envoy.type.v3.FractionalPercent.DenominatorType" {
        Hundred = "HUNDRED",
        TenThousand = "TEN_THOUSAND",
        Million = "MILLION",
    }
}

message! {
    pub struct Empty = "google.protobuf.Empty" {}
}
