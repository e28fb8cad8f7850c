use crate::envoy::{Segment, Violation, ViolationKind, check as violations};
use crate::finding::Severity;
use crate::format::has_placeholder;
use crate::mesh::Mesh;
use crate::model::networking::EnvoyFilter;
use crate::model::{Meta, Object};
use crate::rules::Report;
use crate::source::Span;
use crate::yaml::Node;

/// The value of a patch is a message of Envoy. istiod refuses what it cannot read, and warns of fields that it does not
/// know.
pub fn check<'m>(_: &Mesh<'m>, filter: &'m Object<'m, EnvoyFilter<'m>>, report: &mut Report) {
    for patch in filter.spec.config_patches.iter().filter(|patch| !patch.is_for_waypoints()) {
        let value = patch.patch.as_ref().and_then(|change| change.value);
        let (Some(value), Some(message_type)) = (value, patch.message_type()) else { continue };
        let Some(json) = patch.value() else { continue };
        for violation in violations(message_type, &json) {
            say(&filter.meta, value, &violation, report);
        }
    }
}

/// A value may be a part of a message, for it is merged into another one, so that rules about whole messages do not hold.
fn say(meta: &Meta<'_>, value: Node<'_>, violation: &Violation, report: &mut Report) {
    let Some(at) = place(value, violation.path()) else { return };
    let severity = match violation.kind() {
        ViolationKind::Form => Severity::Error,
        ViolationKind::UnknownField => Severity::Warning,
        ViolationKind::Rule => return,
    };
    let old = violation.message().contains(".v2.");
    let draft = report.at(meta, at, violation.to_string()).severity(severity);
    match (violation.kind(), old) {
        (ViolationKind::UnknownField, _) => draft.help("correct the name of the field, or remove it"),
        (_, true) => draft.help("use the type of the v3 API"),
        _ => draft.help("write it as the API of Envoy has it"),
    };
}

/// Where the value at the end of the path is written; nothing if a placeholder is to be filled in there.
fn place(value: Node<'_>, path: &[Segment]) -> Option<Span> {
    let mut node = value;
    let mut at = value.head();
    for segment in path {
        let next = match segment {
            Segment::Key(key) => {
                let entry = node.entries().find(|entry| entry.key.key_text() == key.as_str());
                entry.map(|entry| (entry.key.at(), entry.value))
            }
            Segment::Index(index) => node.items().nth(*index).map(|item| (item.head(), item)),
        };
        let Some((key, next)) = next else { break };
        (at, node) = (key, next);
    }
    let scalar = node.scalar().is_some();
    if scalar && has_placeholder(node.raw()) {
        return None;
    }
    Some(if scalar { node.at() } else { at })
}
