//! Tags of traces: `envoy.type.tracing.v3`.

choice! {
    pub enum MetadataKind = "envoy.type.metadata.v3.MetadataKind" {
        Request: RequestMetadata = "request",
        Route: RouteMetadata = "route",
        Cluster: ClusterMetadata = "cluster",
        Host: HostMetadata = "host",
    }
}

message! {
    pub struct RequestMetadata = "envoy.type.metadata.v3.MetadataKind.Request" {}
}

message! {
    pub struct MetadataKey = "envoy.type.metadata.v3.MetadataKey" {
        key: String,
        path: Vec<MetadataKeySegment>,
    }
}

message! {
    pub struct MetadataKeySegment = "envoy.type.metadata.v3.MetadataKey.PathSegment" {
        key: Option<String>,
    }
}

message! {
    pub struct RouteMetadata = "envoy.type.metadata.v3.MetadataKind.Route" {}
}

message! {
    pub struct ClusterMetadata = "envoy.type.metadata.v3.MetadataKind.Cluster" {}
}

message! {
    pub struct HostMetadata = "envoy.type.metadata.v3.MetadataKind.Host" {}
}

message! {
    pub struct CustomTag = "envoy.type.tracing.v3.CustomTag" {
        tag: String,
        kind: Option<CustomTagKind>,
    }
}

oneof! {
    pub enum CustomTagKind {
        Literal: LiteralTag = "literal",
        Environment: EnvironmentTag = "environment",
        RequestHeader: HeaderTag = "request_header",
        Metadata: MetadataTag = "metadata",
    }
}

message! {
    pub struct MetadataTag = "envoy.type.tracing.v3.CustomTag.Metadata" {
        kind: Option<MetadataKind>,
        metadata_key: Option<MetadataKey>,
        default_value: String,
    }
}

message! {
    pub struct LiteralTag = "envoy.type.tracing.v3.CustomTag.Literal" {
        value: String,
    }
}

message! {
    pub struct EnvironmentTag = "envoy.type.tracing.v3.CustomTag.Environment" {
        name: String,
        default_value: String,
    }
}

message! {
    pub struct HeaderTag = "envoy.type.tracing.v3.CustomTag.Header" {
        name: String,
        default_value: String,
    }
}
