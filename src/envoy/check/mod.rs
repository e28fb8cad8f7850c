//! What Envoy would refuse when it reads a message, before it gives the message any meaning.
//!
//! Envoy reads JSON into its protobuf messages, refuses fields that it does not know, and then applies the rules that its
//! `.proto` files state with `validate.rules` (protoc-gen-validate). It stops at the first problem; [`check`] reports all.

mod rules;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::Value;

use super::any::type_name;
use super::descriptor;
use super::message::{Object, Segment, Violation, ViolationKind};
use super::scalar::{from_base64, parse_duration, parse_integer, parse_timestamp};
use rules::{FieldRules, MessageRules};

/// All that is wrong with `value` as a message of the type with this full name, also inside `Any`.
///
/// ```
/// use meshlint::envoy::check;
///
/// let value = serde_json::json!({"name": "", "connectTimeout": "0s", "lbPolcy": "RANDOM"});
/// let found: Vec<_> = check("envoy.config.cluster.v3.Cluster", &value).iter().map(ToString::to_string).collect();
/// assert_eq!(
///     found,
///     [
///         "`name`: must have at least 1 character",
///         "`connectTimeout`: must be greater than 0s",
///         "`lbPolcy`: `envoy.config.cluster.v3.Cluster` has no such field",
///     ]
/// );
/// ```
pub fn check(message_type: &str, value: &Value) -> Vec<Violation> {
    let mut checker = Checker::default();
    match descriptor::message(message_type) {
        Some(descriptor) => checker.message(&descriptor, value),
        None => checker.report(format!("Envoy has no type `{message_type}`")),
    }
    checker.violations
}

pub(super) use rules::forget;

#[derive(Default)]
struct Checker {
    path: Vec<Segment>,
    /// Inside a field whose rules say that its message is not to be validated.
    skipping: bool,
    violations: Vec<Violation>,
}

/// A value of a singular field, as far as rules look at it.
#[derive(Debug)]
enum Subject<'v> {
    Bool(bool),
    /// Also an enum's number, and the nanoseconds of a duration or timestamp.
    Int(i128),
    Float(f64),
    Text(&'v str),
    Bytes(Vec<u8>),
    /// The name of the type.
    Any(&'v str),
    Message,
}

impl Checker {
    fn report(&mut self, message: impl Into<String>) {
        self.report_as(ViolationKind::Form, message);
    }

    fn report_rule(&mut self, message: impl Into<String>) {
        self.report_as(ViolationKind::Rule, message);
    }

    fn report_as(&mut self, kind: ViolationKind, message: impl Into<String>) {
        self.violations.push(Violation::at(&self.path, kind, message));
    }

    fn under(&mut self, segment: impl Into<Segment>, check: impl FnOnce(&mut Self)) {
        self.path.push(segment.into());
        check(self);
        self.path.pop();
    }

    fn message(&mut self, descriptor: &MessageDescriptor, value: &Value) {
        match value.as_object() {
            Some(object) => self.fields(descriptor, object.iter()),
            None => self.report("expected an object"),
        }
    }

    fn fields<'v>(&mut self, descriptor: &MessageDescriptor, entries: impl Iterator<Item = (&'v String, &'v Value)>) {
        let rules = MessageRules::of(descriptor);
        let mut present: Vec<FieldDescriptor> = Vec::new();
        for (key, value) in entries.filter(|(_, value)| !value.is_null()) {
            let field = descriptor.get_field_by_json_name(key).or(descriptor.get_field_by_name(key));
            self.under(key, |checker| match field {
                Some(field) => {
                    checker.conflict(&field, &present);
                    checker.field(&field, rules.of_field(&field), value);
                    present.push(field);
                }
                None => {
                    let message = format!("`{}` has no such field", descriptor.full_name());
                    checker.report_as(ViolationKind::UnknownField, message);
                }
            });
        }
        if !self.skipping {
            self.absent(descriptor, &rules, &present);
        }
    }

    /// A field that is given twice, or beside another member of its oneof.
    fn conflict(&mut self, field: &FieldDescriptor, present: &[FieldDescriptor]) {
        let same_oneof = |other: &&FieldDescriptor| {
            field.containing_oneof().is_some() && field.containing_oneof() == other.containing_oneof()
        };
        if present.contains(field) {
            self.report("is given twice");
        } else if let Some(other) = present.iter().find(same_oneof) {
            self.report(format!("excludes `{}`", other.json_name()));
        }
    }

    /// What the rules say about the fields that are not there.
    fn absent(&mut self, descriptor: &MessageDescriptor, rules: &MessageRules, present: &[FieldDescriptor]) {
        for field in descriptor.fields().filter(|field| !present.contains(field)) {
            let Some(rules) = rules.of_field(&field) else { continue };
            self.under(field.json_name(), |checker| checker.absent_field(&field, rules));
        }
        for oneof in &rules.required_oneofs {
            // By number: the rules may have been read from another pool of descriptors.
            let is_set = |field: FieldDescriptor| present.iter().any(|own| own.number() == field.number());
            if !oneof.fields().any(is_set) {
                let members: Vec<_> = oneof.fields().map(|field| format!("`{}`", field.json_name())).collect();
                self.report_rule(format!("needs one of {}", members.join(", ")));
            }
        }
    }

    fn absent_field(&mut self, field: &FieldDescriptor, rules: &FieldRules) {
        if rules.required && field.containing_oneof().is_none() {
            self.report_rule("is required");
        } else if field.is_list() || field.is_map() {
            self.report_all(rules.count_problems(0));
        } else if !field.supports_presence() {
            self.report_all(rules.problems(&default_subject(&field.kind())));
        }
    }

    fn report_all(&mut self, problems: Vec<String>) {
        for problem in problems {
            self.report_rule(problem);
        }
    }

    fn field(&mut self, field: &FieldDescriptor, rules: Option<&FieldRules>, value: &Value) {
        if rules.is_some_and(|rules| rules.disallowed) {
            self.report_rule("is deprecated, and Envoy refuses it");
        }
        let rules = rules.filter(|_| !self.skipping);
        if field.is_map() {
            self.map(field, rules, value);
        } else if field.is_list() {
            self.list(field, rules, value);
        } else {
            self.singular(&field.kind(), rules, value);
        }
    }

    fn map(&mut self, field: &FieldDescriptor, rules: Option<&FieldRules>, value: &Value) {
        let Kind::Message(entry) = field.kind() else { return };
        let Some(object) = value.as_object() else { return self.report("expected an object") };
        let (keys, values) = rules.map(FieldRules::of_entries).unwrap_or_default();
        for (key, value) in object {
            self.under(key, |checker| {
                if let (Some(keys), Kind::String) = (keys, entry.map_entry_key_field().kind()) {
                    checker.report_all(keys.problems(&Subject::Text(key)));
                }
                checker.singular(&entry.map_entry_value_field().kind(), values, value);
            });
        }
        self.report_all(rules.map(|rules| rules.count_problems(object.len())).unwrap_or_default());
    }

    fn list(&mut self, field: &FieldDescriptor, rules: Option<&FieldRules>, value: &Value) {
        let Some(items) = value.as_array() else { return self.report("expected a list") };
        let of_items = rules.and_then(FieldRules::of_items);
        for (index, item) in items.iter().enumerate() {
            self.under(index, |checker| checker.singular(&field.kind(), of_items, item));
        }
        let Some(rules) = rules else { return };
        self.report_all(rules.count_problems(items.len()));
        let repeated = items.iter().enumerate().find(|(index, item)| items[..*index].contains(item));
        if let (Some((index, _)), true) = (repeated, rules.unique()) {
            self.under(index, |checker| checker.report_rule("is in the list already"));
        }
    }

    fn singular(&mut self, kind: &Kind, rules: Option<&FieldRules>, value: &Value) {
        let skipping = self.skipping;
        self.skipping |= rules.is_some_and(|rules| rules.skip);
        match self.subject(kind, value) {
            Ok(subject) => self.report_all(rules.map(|rules| rules.problems(&subject)).unwrap_or_default()),
            Err(expected) => self.report(format!("expected {expected}")),
        }
        self.skipping = skipping;
    }

    /// Checks the type of a value, and everything in it; says what was expected if the type is wrong.
    fn subject<'v>(&mut self, kind: &Kind, value: &'v Value) -> Result<Subject<'v>, String> {
        let integer = |low: i128, high: i128| {
            let number = parse_integer(value).filter(|number| (low..=high).contains(number));
            number.map(Subject::Int).ok_or_else(|| format!("an integer from {low} to {high}"))
        };
        match kind {
            Kind::Bool => value.as_bool().map(Subject::Bool).ok_or("`true` or `false`".to_owned()),
            Kind::String => value.as_str().map(Subject::Text).ok_or("a string".to_owned()),
            Kind::Bytes => value.as_str().and_then(from_base64).map(Subject::Bytes).ok_or("bytes in base64".to_owned()),
            Kind::Double | Kind::Float => {
                let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
                number.map(Subject::Float).ok_or("a number".to_owned())
            }
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => integer(i32::MIN.into(), i32::MAX.into()),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => integer(i64::MIN.into(), i64::MAX.into()),
            Kind::Uint32 | Kind::Fixed32 => integer(0, u32::MAX.into()),
            Kind::Uint64 | Kind::Fixed64 => integer(0, u64::MAX.into()),
            Kind::Enum(descriptor) => {
                let by_name = value.as_str().and_then(|name| descriptor.get_value_by_name(name));
                if by_name.as_ref().is_some_and(rules::is_disallowed) {
                    self.report_rule("is deprecated, and Envoy refuses it");
                }
                let number = by_name.map(|value| value.number().into()).or_else(|| parse_integer(value));
                let names = || descriptor.values().map(|value| format!("`{}`", value.name())).collect::<Vec<_>>();
                number.map(Subject::Int).ok_or_else(|| format!("one of {}", names().join(", ")))
            }
            Kind::Message(descriptor) => self.message_subject(descriptor, value),
        }
    }

    /// The well-known types have a JSON form of their own.
    fn message_subject<'v>(&mut self, descriptor: &MessageDescriptor, value: &'v Value) -> Result<Subject<'v>, String> {
        let full_name = descriptor.full_name();
        let Some(well_known) = full_name.strip_prefix("google.protobuf.") else {
            self.message(descriptor, value);
            return Ok(Subject::Message);
        };
        let text = || value.as_str().unwrap_or_default();
        match well_known {
            "Any" => self.any(value),
            "Duration" => parse_duration(text()).map(Subject::Int).ok_or("a duration such as `1.5s`".to_owned()),
            "Timestamp" => {
                parse_timestamp(text()).map(Subject::Int).ok_or("a time such as `2026-01-31T12:00:00Z`".to_owned())
            }
            "Struct" => value.as_object().map(|_| Subject::Message).ok_or("an object".to_owned()),
            "ListValue" => value.as_array().map(|_| Subject::Message).ok_or("a list".to_owned()),
            "FieldMask" => value.as_str().map(Subject::Text).ok_or("a string".to_owned()),
            "Value" => Ok(Subject::Message),
            wrapper if wrapper.ends_with("Value") => match descriptor.get_field_by_name("value") {
                Some(field) => self.subject(&field.kind(), value),
                None => Ok(Subject::Message),
            },
            _ => {
                self.message(descriptor, value);
                Ok(Subject::Message)
            }
        }
    }

    fn any<'v>(&mut self, value: &'v Value) -> Result<Subject<'v>, String> {
        let object = value.as_object().ok_or("an object")?;
        let type_url = object.get("@type").and_then(Value::as_str).ok_or("the name of a type under `@type`")?;
        let Some(descriptor) = descriptor::message(type_name(type_url)) else {
            self.under("@type", |checker| checker.report(format!("Envoy has no type `{type_url}`")));
            return Ok(Subject::Any(type_url));
        };
        match type_name(type_url) {
            "udpa.type.v1.TypedStruct" | "xds.type.v3.TypedStruct" => self.typed_struct(object),
            well_known if well_known.starts_with("google.protobuf.") && object.contains_key("value") => {
                self.under("value", |checker| checker.singular(&Kind::Message(descriptor), None, &object["value"]));
            }
            _ => self.fields(&descriptor, object.iter().filter(|(key, _)| *key != "@type")),
        }
        Ok(Subject::Any(type_url))
    }

    /// A message as a `Struct`: Envoy converts it into the type that it names. Types of Istio's are not in every Envoy.
    fn typed_struct(&mut self, object: &Object) {
        let type_url = object.get("typeUrl").or(object.get("type_url")).and_then(Value::as_str);
        let descriptor = type_url.and_then(|type_url| descriptor::message(type_name(type_url)));
        if let (Some(descriptor), Some(value)) = (descriptor, object.get("value")) {
            self.under("value", |checker| checker.message(&descriptor, value));
        }
    }
}

fn default_subject(kind: &Kind) -> Subject<'static> {
    match kind {
        Kind::Bool => Subject::Bool(false),
        Kind::String => Subject::Text(""),
        Kind::Bytes => Subject::Bytes(Vec::new()),
        Kind::Double | Kind::Float => Subject::Float(0.0),
        Kind::Message(_) => Subject::Message,
        _ => Subject::Int(0),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(message_type: &str, value: Value) -> Vec<String> {
        check(message_type, &value).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn fields_and_types_are_checked_everywhere() {
        let cases = [
            (json!({"xyz": 1}), "`xyz`: `envoy.config.route.v3.Route` has no such field"),
            (json!({"name": 1}), "`name`: expected a string"),
            (json!({"match": []}), "`match`: expected an object"),
            (json!({"requestHeadersToAdd": {}}), "`requestHeadersToAdd`: expected a list"),
            (json!({"route": {"cluster": "a", "clusterHeader": "b"}}), "`route.clusterHeader`: excludes `cluster`"),
            (
                json!({"route": {"cluster": "a", "retry_policy": {}, "retryPolicy": {}}}),
                "`route.retryPolicy`: is given twice",
            ),
            (
                json!({"route": {"cluster": "a", "timeout": "5m"}}),
                "`route.timeout`: expected a duration such as `1.5s`",
            ),
            (
                json!({"route": {"cluster": "a", "priority": "LOW"}}),
                "`route.priority`: expected one of `DEFAULT`, `HIGH`",
            ),
            (
                json!({"route": {"cluster": "a", "retryPolicy": {"numRetries": -1}}}),
                "`route.retryPolicy.numRetries`: expected an integer from 0 to 4294967295",
            ),
            (
                json!({"typedPerFilterConfig": {"a.b": {"@type": "type.googleapis.com/a.B"}}}),
                "`typedPerFilterConfig[\"a.b\"][\"@type\"]`: Envoy has no type `type.googleapis.com/a.B`",
            ),
            (
                json!({"typedPerFilterConfig": {"a": {
                    "@type": "type.googleapis.com/udpa.type.v1.TypedStruct",
                    "typeUrl": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
                    "value": {"x": 1},
                }}}),
                "`typedPerFilterConfig.a.value.x`: `envoy.extensions.filters.http.router.v3.Router` has no such field",
            ),
            (
                json!({"typedPerFilterConfig": {"a": {
                    "@type": "type.googleapis.com/google.protobuf.Duration", "value": "1",
                }}}),
                "`typedPerFilterConfig.a.value`: expected a duration such as `1.5s`",
            ),
        ];
        for (mut route, expected) in cases {
            let with_match = route.as_object_mut().unwrap();
            with_match.entry("match").or_insert(json!({"prefix": "/"}));
            with_match.entry("route").or_insert(json!({"cluster": "a"}));
            assert_eq!(found("envoy.config.route.v3.Route", route), [expected]);
        }
    }

    #[test]
    fn the_rules_of_the_proto_files_are_applied() {
        const CORE: &str = "envoy.config.core.v3.";
        let core = |name: &str, value| found(&format!("{CORE}{name}"), value);
        let none: [&str; 0] = [];
        assert_eq!(core("HeaderValue", json!({"key": ""})), ["`key`: must have at least 1 character"]);
        assert_eq!(core("HeaderValue", json!({"key": "a\nb"})), ["`key`: must be a valid name of an HTTP header"]);
        assert_eq!(core("HeaderValue", json!({"key": "a b"})), none, "the rule is not strict");
        assert_eq!(core("HttpUri", json!({"uri": "a", "cluster": "b"})), ["`timeout`: is required"]);
        assert_eq!(core("HttpUri", json!({"uri": "a", "timeout": "1s"})), ["needs one of `cluster`"]);
        assert_eq!(
            core("HttpUri", json!({"uri": "a", "cluster": "b", "timeout": "4294967296s"})),
            ["`timeout`: must be less than 4294967296s"]
        );
        assert_eq!(
            core("SocketAddress", json!({"address": "a", "portValue": 65536})),
            ["`portValue`: must be at most 65535"]
        );
        assert_eq!(
            core("ApiConfigSource", json!({"apiType": 9})),
            ["`apiType`: must be one of the values of the enum"]
        );
        assert_eq!(
            core("SchemeHeaderTransformation", json!({"schemeToOverwrite": "ftp"})),
            ["`schemeToOverwrite`: must be one of `http`, `https`"]
        );
        assert_eq!(
            core("Metadata", json!({"filterMetadata": {"": {}}})),
            ["`filterMetadata[\"\"]`: must have at least 1 character"]
        );
        let route = |value: Value| found("envoy.config.route.v3.RouteMatch", value);
        assert_eq!(
            route(json!({"pathSeparatedPrefix": "/a/"})),
            ["`pathSeparatedPrefix`: must match `^[^?#]+[^?#/]$`"]
        );
        let percent = |value: f64| found("envoy.type.v3.Percent", json!({"value": value}));
        assert_eq!(percent(100.5), ["`value`: must be at most 100"]);
        assert_eq!(percent(100.0), none);
        assert_eq!(
            found("envoy.config.accesslog.v3.ResponseFlagFilter", json!({"flags": ["NR", "XX"]})).len(),
            1,
            "items are checked one by one"
        );
        assert_eq!(
            found("envoy.config.route.v3.VirtualHost", json!({"name": "a"})),
            ["`domains`: must have at least 1 item"]
        );
        assert_eq!(
            found("envoy.config.route.v3.InternalRedirectPolicy", json!({"responseHeadersToCopy": ["a", "b", "a"]})),
            ["`responseHeadersToCopy[2]`: is in the list already"]
        );
        assert_eq!(
            core("ApiConfigSource", json!({"apiType": "DEPRECATED_AND_UNAVAILABLE_DO_NOT_USE"})),
            ["`apiType`: is deprecated, and Envoy refuses it"]
        );
    }
}
