//! Merging one message into another, as istiod does with the patches of EnvoyFilters.
//!
//! Protobuf merges field by field: a scalar that is set replaces, lists are joined, messages are merged, entries of maps
//! replace those of the same key. istiod differs in durations, which are replaced (istio 1.31 `pkg/proto/merge/merge.go`).
//! What follows from there, and surprises:
//! - a `false`, `0` or empty text cannot replace anything, not even in a wrapper such as `BoolValue`;
//! - `Any` is a message of a name and bytes: one in the patch replaces that of the target, but not with nothing.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::Value;

use super::any::type_name;
use super::descriptor;
use super::message::Object;
use super::scalar::parse_integer;

/// What becomes of the lists of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lists {
    /// The patch adds its items at the end.
    Append,
    /// Lists of the patch replace them.
    Replace,
}

/// A JSON value as a message of this type would be written: names in lowerCamelCase, nothing that is unknown, null or the
/// default. Values that are of no legal form stay as they are; [`check`](super::check) finds them.
pub fn normalize(message_type: &str, value: &Value) -> Value {
    match descriptor::message(message_type) {
        Some(descriptor) => normal_message(&descriptor, value),
        None => value.clone(),
    }
}

/// Merges `patch`, a message of the same type, into `target`. Both are [normal](normalize).
pub fn merge(message_type: &str, target: &mut Value, patch: &Value, lists: Lists) {
    let (Some(descriptor), Some(target), Some(patch)) =
        (descriptor::message(message_type), target.as_object_mut(), patch.as_object())
    else {
        return;
    };
    merge_message(&descriptor, target, patch, lists);
}

fn normal_message(descriptor: &MessageDescriptor, value: &Value) -> Value {
    let Some(object) = value.as_object() else { return value.clone() };
    Value::Object(normal_fields(descriptor, object))
}

fn normal_fields(descriptor: &MessageDescriptor, object: &Object) -> Object {
    let fields = object.iter().filter(|(_, value)| !value.is_null()).filter_map(|(key, value)| {
        let field = descriptor.get_field_by_json_name(key).or(descriptor.get_field_by_name(key))?;
        let value = normal_field(&field, value);
        is_set(&field, &value).then(|| (field.json_name().to_owned(), value))
    });
    fields.collect()
}

fn normal_field(field: &FieldDescriptor, value: &Value) -> Value {
    let kind = match field.kind() {
        Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind(),
        kind => kind,
    };
    match value {
        Value::Object(entries) if field.is_map() => {
            entries.iter().map(|(key, value)| (key.clone(), normal_value(&kind, value))).collect()
        }
        Value::Array(items) if field.is_list() => items.iter().map(|item| normal_value(&kind, item)).collect(),
        value => normal_value(&kind, value),
    }
}

fn normal_value(kind: &Kind, value: &Value) -> Value {
    match kind {
        Kind::Message(descriptor) => match well_known(descriptor) {
            None => normal_message(descriptor, value),
            Some("Any") => normal_any(value),
            Some(_) => value.clone(),
        },
        _ => value.clone(),
    }
}

fn normal_any(value: &Value) -> Value {
    let Some((object, descriptor)) = value.as_object().and_then(|object| Some((object, any_type(object)?))) else {
        return value.clone();
    };
    if well_known(&descriptor).is_some() {
        return value.clone();
    }
    let mut normal = Object::new();
    normal.insert("@type".to_owned(), object["@type"].clone());
    normal.extend(normal_fields(&descriptor, object));
    Value::Object(normal)
}

fn any_type(object: &Object) -> Option<MessageDescriptor> {
    descriptor::message(type_name(object.get("@type")?.as_str()?))
}

/// The name of a type that has a JSON form of its own.
fn well_known(descriptor: &MessageDescriptor) -> Option<&str> {
    let name = descriptor.full_name().strip_prefix("google.protobuf.")?;
    let special = ["Any", "Duration", "Timestamp", "Struct", "Value", "ListValue", "FieldMask"];
    (special.contains(&name) || name.ends_with("Value")).then_some(name)
}

/// Whether protobuf would tell the field from one that is absent.
fn is_set(field: &FieldDescriptor, value: &Value) -> bool {
    match value {
        Value::Array(items) if field.is_list() => !items.is_empty(),
        Value::Object(entries) if field.is_map() => !entries.is_empty(),
        _ => field.supports_presence() || !is_default(&field.kind(), value),
    }
}

fn is_default(kind: &Kind, value: &Value) -> bool {
    match (kind, value) {
        (Kind::Enum(descriptor), Value::String(name)) => descriptor.default_value().name() == name,
        (Kind::String | Kind::Bytes, Value::String(text)) => text.is_empty(),
        (_, Value::Bool(on)) => !on,
        (_, value) => parse_integer(value) == Some(0),
    }
}

fn merge_message(descriptor: &MessageDescriptor, target: &mut Object, patch: &Object, lists: Lists) {
    for (key, value) in patch {
        let Some(field) = descriptor.get_field_by_json_name(key) else { continue };
        for other in field.containing_oneof().iter().flat_map(|oneof| oneof.fields()) {
            if other != field {
                target.shift_remove(other.json_name());
            }
        }
        match target.get_mut(key) {
            Some(present) => merge_field(&field, present, value, lists),
            None => drop(target.insert(key.clone(), value.clone())),
        }
    }
}

fn merge_field(field: &FieldDescriptor, target: &mut Value, patch: &Value, lists: Lists) {
    match (target, patch, field.kind()) {
        (Value::Array(target), Value::Array(patch), _) if field.is_list() => merge_list(target, patch, lists),
        (Value::Object(target), Value::Object(patch), _) if field.is_map() => replace_entries(target, patch),
        (target, patch, Kind::Message(descriptor)) => merge_value(&descriptor, target, patch, lists),
        (target, patch, _) => *target = patch.clone(),
    }
}

fn merge_value(descriptor: &MessageDescriptor, target: &mut Value, patch: &Value, lists: Lists) {
    match (well_known(descriptor), target, patch) {
        (None, Value::Object(target), Value::Object(patch)) => merge_message(descriptor, target, patch, lists),
        (Some("Any"), Value::Object(target), Value::Object(patch)) => {
            let is_empty = patch.keys().all(|key| key == "@type");
            if !is_empty || target.get("@type") != patch.get("@type") {
                *target = patch.clone();
            }
        }
        (Some("Struct" | "Value"), Value::Object(target), Value::Object(patch)) => replace_entries(target, patch),
        (Some("ListValue" | "Value"), Value::Array(target), Value::Array(patch)) => merge_list(target, patch, lists),
        (Some("Duration" | "Timestamp" | "FieldMask" | "Value"), target, patch) => *target = patch.clone(),
        (_, target, patch) => {
            let value = descriptor.get_field_by_name("value");
            if !value.is_some_and(|value| is_default(&value.kind(), patch)) {
                *target = patch.clone();
            }
        }
    }
}

fn merge_list(target: &mut Vec<Value>, patch: &[Value], lists: Lists) {
    if lists == Lists::Replace {
        target.clear();
    }
    target.extend_from_slice(patch);
}

fn replace_entries(target: &mut Object, patch: &Object) {
    for (key, value) in patch {
        target.insert(key.clone(), value.clone());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Lists, merge, normalize};

    const CLUSTER: &str = "envoy.config.cluster.v3.Cluster";
    const LISTENER: &str = "envoy.config.listener.v3.Listener";

    fn merged(message_type: &str, mut target: Value, patch: Value, lists: Lists) -> Value {
        merge(message_type, &mut target, &normalize(message_type, &patch), lists);
        target
    }

    #[test]
    fn values_become_normal() {
        let cases = [
            (json!({"connect_timeout": "1s", "name": ""}), json!({"connectTimeout": "1s"})),
            (json!({"type": "STATIC"}), json!({"type": "STATIC"})),
            (json!({"lb_policy": "ROUND_ROBIN", "dnsLookupFamily": 0}), json!({})),
            (json!({"respect_dns_ttl": false, "unknown": 1, "outlier_detection": null}), json!({})),
            (json!({"outlier_detection": {}, "health_checks": []}), json!({"outlierDetection": {}})),
            (json!({"per_connection_buffer_limit_bytes": 0}), json!({"perConnectionBufferLimitBytes": 0})),
            (
                json!({"metadata": {"filter_metadata": {"a_b": {"c_d": null}}}}),
                json!({"metadata": {"filterMetadata": {"a_b": {"c_d": null}}}}),
            ),
            (
                json!({"transport_socket": {"name": "a", "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                    "common_tls_context": {"alpn_protocols": ["h2"]},
                }}}),
                json!({"transportSocket": {"name": "a", "typedConfig": {
                    "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                    "commonTlsContext": {"alpnProtocols": ["h2"]},
                }}}),
            ),
        ];
        for (value, expected) in cases {
            assert_eq!(normalize(CLUSTER, &value), expected);
        }
    }

    #[test]
    fn messages_are_merged_field_by_field() {
        let cases = [
            (json!({"name": "a"}), json!({"name": "b"}), json!({"name": "b"})),
            (json!({"connectTimeout": "10.5s"}), json!({"connect_timeout": "1s"}), json!({"connectTimeout": "1s"})),
            (
                json!({"outlierDetection": {"consecutive5xx": 1, "interval": "1s"}}),
                json!({"outlier_detection": {"consecutive_5xx": 2}}),
                json!({"outlierDetection": {"consecutive5xx": 2, "interval": "1s"}}),
            ),
            (json!({"type": "EDS"}), json!({"cluster_type": {"name": "x"}}), json!({"clusterType": {"name": "x"}})),
            (
                json!({"filters": [{"name": "a"}]}),
                json!({"filters": [{"name": "b"}]}),
                json!({"filters": [{"name": "a"}, {"name": "b"}]}),
            ),
            (
                json!({"metadata": {"filterMetadata": {"istio": {"a": {"b": 1}}, "other": {}}}}),
                json!({"metadata": {"filter_metadata": {"istio": {"c": 1}}}}),
                json!({"metadata": {"filterMetadata": {"istio": {"c": 1}, "other": {}}}}),
            ),
            (
                json!({"transportSocketMatches": [{"name": "a", "match": {"x": 1}}]}),
                json!({}),
                json!({"transportSocketMatches": [{"name": "a", "match": {"x": 1}}]}),
            ),
        ];
        for (target, patch, expected) in cases {
            assert_eq!(merged(CLUSTER, target, patch, Lists::Append), expected);
        }
        let patch = json!({"upstream_bind_config": {"additional_source_addresses": []}, "filters": [{"name": "b"}]});
        let replaced = merged(CLUSTER, json!({"filters": [{"name": "a"}, {"name": "c"}]}), patch, Lists::Replace);
        assert_eq!(replaced, json!({"filters": [{"name": "b"}], "upstreamBindConfig": {}}));
    }

    #[test]
    fn defaults_replace_nothing() {
        let target = json!({"useOriginalDst": true, "perConnectionBufferLimitBytes": 5, "name": "a"});
        let patch = json!({"use_original_dst": false, "per_connection_buffer_limit_bytes": 0, "name": ""});
        assert_eq!(merged(LISTENER, target.clone(), patch, Lists::Append), target);
        let patch = json!({"use_original_dst": false});
        assert_eq!(merged(LISTENER, json!({}), patch, Lists::Append), json!({"useOriginalDst": false}));
    }

    #[test]
    fn any_is_replaced() {
        let with = |config: Value| json!({"filters": [], "transportSocket": {"name": "tls", "typedConfig": config}});
        let tls = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
        let target = with(json!({"@type": tls, "sni": "a", "allowRenegotiation": true}));
        let patch = with(json!({"@type": tls, "sni": "b"}));
        assert_eq!(merged(CLUSTER, target.clone(), patch.clone(), Lists::Append), patch);
        assert_eq!(merged(CLUSTER, target.clone(), with(json!({"@type": tls})), Lists::Append), target);
    }
}
