//! Envoy's API as protobuf descriptors: every message, field and validation rule that Envoy 1.40 has.
//!
//! `descriptor.binpb.zst` is a `google.protobuf.FileDescriptorSet`, compressed. It holds
//! - the API of Envoy 1.40 with what it imports, from the `.proto` files of the crate `envoy-types` 0.7.7,
//! - `contrib/` of envoyproxy/data-plane-api at 84e84367f256 (2026-01-29), where Istio's own filters are
//!   (`istio.alpn`, `istio.stats`, `peer_metadata`, `metadata_exchange`),
//! - `udpa/` and `xds/` of cncf/xds at 5cf4b1949528 (2025-10-31).
//!
//! To make it again, with those three unpacked as `$types`, `$api` and `$xds`, and `pip install grpcio-tools` for
//! `protoc`:
//!
//! ```sh
//! p=$types/proto
//! files=$(cd $p/data-plane-api && find envoy -name '*.proto'; cd $api && find contrib -name '*.proto'; cd $xds && find udpa xds -name '*.proto')
//! mkdir roots && cp -r $api/contrib roots
//! python -m grpc_tools.protoc -I$p/data-plane-api -Iroots -I$xds -I$p/googleapis -I$p/protoc-gen-validate \
//!   -I$p/opentelemetry-proto -I$p/client_model -I$p/cel-spec/proto -I$p/ratelimit \
//!   --include_imports --descriptor_set_out=descriptor.binpb $(echo $files | tr ' ' '\n' | LC_ALL=C sort)
//! zstd --ultra -22 descriptor.binpb -o descriptor.binpb.zst
//! ```
//!
//! Decoding takes some 30 ms and 18 MB, so it is done when something is first looked up, and then once.

use std::io::Read;
use std::sync::OnceLock;

use prost_reflect::{DescriptorPool, MessageDescriptor};

static COMPRESSED: &[u8] = include_bytes!("descriptor.binpb.zst");

pub(super) fn pool() -> &'static DescriptorPool {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    POOL.get_or_init(|| {
        let mut bytes = Vec::new();
        let mut decoder = ruzstd::decoding::StreamingDecoder::new(COMPRESSED).expect("the descriptor is a zstd frame");
        decoder.read_to_end(&mut bytes).expect("the descriptor is whole");
        DescriptorPool::decode(bytes.as_slice()).expect("the descriptor is a FileDescriptorSet")
    })
}

pub(super) fn message(full_name: &str) -> Option<MessageDescriptor> {
    pool().get_message_by_name(full_name)
}

/// Whether the message has the field, by its protobuf or its JSON name.
pub(super) fn has_field(message_type: &str, name: &str) -> bool {
    message(message_type)
        .is_some_and(|message| message.get_field_by_json_name(name).or(message.get_field_by_name(name)).is_some())
}

pub(super) fn enum_name(enum_type: &str, number: i32) -> Option<String> {
    Some(pool().get_enum_by_name(enum_type)?.get_value(number)?.name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_descriptor_has_envoy_and_the_extensions_of_istio() {
        for name in [
            "envoy.config.bootstrap.v3.Bootstrap",
            "envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig",
            "envoy.tcp.metadataexchange.config.MetadataExchange",
            "io.istio.http.peer_metadata.Config",
            "istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig",
            "stats.PluginConfig",
            "udpa.type.v1.TypedStruct",
            "xds.type.v3.TypedStruct",
        ] {
            assert!(message(name).is_some(), "{name}");
        }
        assert!(pool().get_extension_by_name("validate.rules").is_some());
    }
}
