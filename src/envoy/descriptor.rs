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
//! All of it takes some 30 ms and 18 MB to decode, a third of both if only those files are taken that this crate has messages
//! of. So what is needed is decoded when something is first looked up, and kept until it is forgotten; the rest when it is asked
//! for.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::{PoisonError, RwLock};

use prost::Message as _;
use prost_reflect::{DescriptorPool, EnumDescriptor, MessageDescriptor};

use super::any::Any;
use super::bootstrap::Bootstrap;
use super::message::Message;

static COMPRESSED: &[u8] = include_bytes!("descriptor.binpb.zst");

/// The types that this crate has messages of, with all that they refer to.
static KNOWN: Pool = Pool::new(|| {
    let roots: HashSet<_> = Any::TYPES.iter().copied().chain([Bootstrap::TYPE]).collect();
    let all = FileSet::decode(decompressed().as_slice()).expect("the descriptor is a FileDescriptorSet");
    decode(&all.with_types(&roots).encode_to_vec())
});

static ALL: Pool = Pool::new(|| decode(&decompressed()));

/// Is decoded when it is needed.
struct Pool {
    decoded: RwLock<Option<DescriptorPool>>,
    decode: fn() -> DescriptorPool,
}

impl Pool {
    const fn new(decode: fn() -> DescriptorPool) -> Self {
        Self { decoded: RwLock::new(None), decode }
    }

    /// It is shared, so that this costs little once it is decoded.
    fn get(&self) -> DescriptorPool {
        if let Some(pool) = self.decoded.read().unwrap_or_else(PoisonError::into_inner).as_ref() {
            return pool.clone();
        }
        self.decoded.write().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(self.decode).clone()
    }

    fn forget(&self) {
        *self.decoded.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Frees the memory, once nobody else has descriptors.
pub(super) fn forget() {
    KNOWN.forget();
    ALL.forget();
}

fn decompressed() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut decoder = ruzstd::decoding::StreamingDecoder::new(COMPRESSED).expect("the descriptor is a zstd frame");
    decoder.read_to_end(&mut bytes).expect("the descriptor is whole");
    bytes
}

fn decode(bytes: &[u8]) -> DescriptorPool {
    DescriptorPool::decode(bytes).expect("the descriptor is a FileDescriptorSet")
}

/// A `FileDescriptorSet` whose files are not decoded: their options would be lost.
#[derive(Clone, PartialEq, prost::Message)]
struct FileSet {
    #[prost(bytes = "vec", repeated, tag = "1")]
    files: Vec<Vec<u8>>,
}

/// The beginning of a `FileDescriptorProto`.
#[derive(Clone, PartialEq, prost::Message)]
struct File {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    package: String,
    #[prost(string, repeated, tag = "3")]
    dependencies: Vec<String>,
    #[prost(message, repeated, tag = "4")]
    messages: Vec<Named>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Named {
    #[prost(string, tag = "1")]
    name: String,
}

impl FileSet {
    /// The files that have the types, and all that these import.
    fn with_types(&self, types: &HashSet<&str>) -> Self {
        let files: Vec<_> = self.files.iter().map(|file| File::decode(file.as_slice()).expect("a file")).collect();
        let by_name: HashMap<_, _> = files.iter().map(|file| (file.name.as_str(), file)).collect();
        let mut waiting: Vec<_> = files.iter().filter(|file| file.has_one_of(types)).collect();
        let mut taken = HashSet::new();
        while let Some(file) = waiting.pop() {
            if taken.insert(file.name.as_str()) {
                waiting.extend(file.dependencies.iter().map(|name| by_name[name.as_str()]));
            }
        }
        let kept = self.files.iter().zip(&files).filter(|(_, file)| taken.contains(file.name.as_str()));
        Self { files: kept.map(|(bytes, _)| bytes.clone()).collect() }
    }
}

impl File {
    fn has_one_of(&self, types: &HashSet<&str>) -> bool {
        self.messages.iter().any(|message| types.contains(format!("{}.{}", self.package, message.name).as_str()))
    }
}

pub(super) fn message(full_name: &str) -> Option<MessageDescriptor> {
    let find = |pool: &Pool| pool.get().get_message_by_name(full_name);
    find(&KNOWN).or_else(|| find(&ALL))
}

/// With the types that an `Any` inside it may be of.
pub(super) fn message_of_all(full_name: &str) -> Option<MessageDescriptor> {
    ALL.get().get_message_by_name(full_name)
}

/// Whether the message has the field, by its protobuf or its JSON name.
pub(super) fn has_field(message_type: &str, name: &str) -> bool {
    message(message_type)
        .is_some_and(|message| message.get_field_by_json_name(name).or(message.get_field_by_name(name)).is_some())
}

pub(super) fn enumeration(full_name: &str) -> Option<EnumDescriptor> {
    let find = |pool: &Pool| pool.get().get_enum_by_name(full_name);
    find(&KNOWN).or_else(|| find(&ALL))
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
        for pool in [&KNOWN, &ALL] {
            assert!(pool.get().get_extension_by_name("validate.rules").is_some());
        }
    }

    #[test]
    fn types_that_the_crate_has_need_only_a_third_of_the_files() {
        let (known, all) = (KNOWN.get(), ALL.get());
        for name in Any::TYPES.iter().chain([&Bootstrap::TYPE]) {
            assert!(known.get_message_by_name(name).is_some(), "{name}");
        }
        assert!(known.files().len() * 3 < all.files().len(), "{} of {}", known.files().len(), all.files().len());
    }
}
