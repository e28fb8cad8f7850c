use std::sync::OnceLock;

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use super::document::Yaml;
use super::formats;
use super::keyed_lists;
use super::unions::{self, Union};
use super::way::{self, Way};

/// A kind of resource whose schema is part of the program.
pub struct Kind {
    /// API group; `mesh` for the mesh configuration, which is the content of a ConfigMap.
    pub group: &'static str,
    pub name: &'static str,
    /// The file `schemas/<group>/<name>.json`.
    pub text: &'static str,
    schema: OnceLock<Schema>,
}

/// A schema, ready for use.
pub(super) struct Schema {
    pub(super) root: Value,
    pub(super) validator: Validator<Yaml>,
    pub(super) keyed_lists: Vec<(Way, Vec<String>)>,
    pub(super) unions: Vec<(Way, Union)>,
    /// Versions that the API server serves, the preferred one first.
    pub(super) versions: Vec<String>,
}

macro_rules! kind {
    ($group:literal, $name:literal) => {
        Kind {
            group: $group,
            name: $name,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/", $group, "/", $name, ".json")),
            schema: OnceLock::new(),
        }
    };
}

static KINDS: [Kind; 25] = [
    kind!("extensions.istio.io", "TrafficExtension"),
    kind!("extensions.istio.io", "WasmPlugin"),
    kind!("gateway.networking.k8s.io", "BackendTLSPolicy"),
    kind!("gateway.networking.k8s.io", "GRPCRoute"),
    kind!("gateway.networking.k8s.io", "Gateway"),
    kind!("gateway.networking.k8s.io", "GatewayClass"),
    kind!("gateway.networking.k8s.io", "HTTPRoute"),
    kind!("gateway.networking.k8s.io", "ListenerSet"),
    kind!("gateway.networking.k8s.io", "ReferenceGrant"),
    kind!("gateway.networking.k8s.io", "TCPRoute"),
    kind!("gateway.networking.k8s.io", "TLSRoute"),
    kind!("mesh", "MeshConfig"),
    kind!("networking.istio.io", "DestinationRule"),
    kind!("networking.istio.io", "EnvoyFilter"),
    kind!("networking.istio.io", "Gateway"),
    kind!("networking.istio.io", "ProxyConfig"),
    kind!("networking.istio.io", "ServiceEntry"),
    kind!("networking.istio.io", "Sidecar"),
    kind!("networking.istio.io", "VirtualService"),
    kind!("networking.istio.io", "WorkloadEntry"),
    kind!("networking.istio.io", "WorkloadGroup"),
    kind!("security.istio.io", "AuthorizationPolicy"),
    kind!("security.istio.io", "PeerAuthentication"),
    kind!("security.istio.io", "RequestAuthentication"),
    kind!("telemetry.istio.io", "Telemetry"),
];

/// Every kind, by group and name.
pub fn kinds() -> &'static [Kind] {
    &KINDS
}

/// The schema of a kind as text. `kind` is a name in any case, optionally with its group in front: `gateway` is Istio's,
/// `gateway.networking.k8s.io/Gateway` the other.
pub fn text(kind: &str) -> Option<&'static str> {
    let (group, name) = kind.rsplit_once('/').map_or((None, kind), |(group, name)| (Some(group), name));
    let matches = |kind: &&Kind| kind.name.eq_ignore_ascii_case(name) && group.is_none_or(|group| kind.group == group);
    let mut found = KINDS.iter().filter(matches);
    let first = found.next()?;
    let istio = found.find(|kind| kind.group.ends_with("istio.io"));
    Some(istio.unwrap_or(first).text)
}

pub(super) fn find(group: &str, name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name && kind.group == group)
}

impl Kind {
    /// Compiled on first use: a run pays for the kinds that it meets.
    pub(super) fn schema(&self) -> &Schema {
        self.schema.get_or_init(|| {
            let root = serde_json::from_str(self.text).unwrap_or_else(|error| self.broken(error));
            let options = jsonschema::options_for::<Yaml>()
                .offline()
                .should_validate_formats(true)
                .should_ignore_unknown_formats(false)
                .with_pattern_options(PatternOptions::regex());
            let validator = formats::register(options).build(&root);
            let validator = validator.unwrap_or_else(|error| self.broken(error));
            let versions = root["x-kubernetes-versions"].as_array().into_iter().flatten();
            let versions = versions.filter_map(|version| Some(version["name"].as_str()?.to_owned())).collect();
            let mut schema = Schema { root, validator, keyed_lists: Vec::new(), unions: Vec::new(), versions };
            schema.keyed_lists = way::marked(&schema, keyed_lists::keys);
            schema.unions = way::marked(&schema, unions::union);
            schema
        })
    }

    /// Versions that the API server serves, the preferred one first.
    pub(super) fn versions(&self) -> &[String] {
        &self.schema().versions
    }

    /// Schemas are part of the program, so this is a mistake of ours that a test finds.
    fn broken<T>(&self, error: impl std::fmt::Display) -> T {
        panic!("schemas/{}/{}.json: {error}", self.group, self.name)
    }
}

impl Schema {
    /// What `schema` stands for, where it is a reference.
    pub(super) fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        let reference = schema.get("$ref").and_then(Value::as_str);
        let target = reference.and_then(|reference| self.root.pointer(reference.strip_prefix('#')?));
        target.unwrap_or(schema)
    }

    /// The schema of the field `key`; of any key, where keys are free.
    pub(super) fn field<'s>(&'s self, schema: &'s Value, key: &str) -> Option<&'s Value> {
        let schema = self.resolve(schema);
        let free = || schema.get("additionalProperties").filter(|schema| schema.is_object());
        schema.get("properties").and_then(|fields| fields.get(key)).or_else(free)
    }

    /// The schema of the items of a list.
    pub(super) fn items<'s>(&'s self, schema: &'s Value) -> Option<&'s Value> {
        self.resolve(schema).get("items")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_is_a_kind() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas");
        let mut files = BTreeSet::new();
        for group in std::fs::read_dir(root).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
            for file in std::fs::read_dir(group.path()).unwrap().map(Result::unwrap) {
                let name = file.file_name().into_string().unwrap();
                files.insert(format!("{}/{name}", group.file_name().into_string().unwrap()));
            }
        }
        let kinds = KINDS.iter().map(|kind| format!("{}/{}.json", kind.group, kind.name)).collect();
        assert_eq!(files, kinds);
    }

    #[test]
    fn every_schema_compiles() {
        for kind in &KINDS {
            assert_eq!(kind.schema().root["title"], kind.name);
        }
    }

    /// Editors read one file at a time, so the files repeat what they share.
    #[test]
    fn shared_definitions_are_equal() {
        let mut shared = std::collections::BTreeMap::new();
        for kind in KINDS.iter().filter(|kind| kind.group.ends_with("istio.io") && kind.name != "Gateway") {
            for (name, schema) in kind.schema().root["$defs"].as_object().unwrap() {
                let first = shared.entry(name).or_insert((kind.name, schema));
                assert_eq!(first.1, schema, "`{name}` of {} and {}", first.0, kind.name);
            }
        }
    }

    #[test]
    fn texts_are_found_by_name() {
        assert!(text("virtualservice").unwrap().contains("\"title\": \"VirtualService\""));
        assert!(text("Gateway").unwrap().contains("\"networking.istio.io\""));
        assert_eq!(text("security.istio.io/Gateway"), None);
    }
}
