//! Fields as protobuf has them: the zero of a type is the same as absent, an empty message is not.

use crate::format::has_placeholder;
use crate::model::Meta;
use crate::rules::Report;
use crate::yaml::{Kind, Node, Scalar};

/// Whether the field has a value that is known and counts.
pub(super) fn is_set(node: Node<'_>, field: &str) -> bool {
    let Some(value) = node.get(field) else { return false };
    match value.scalar() {
        Some(Scalar::Null) => false,
        Some(Scalar::Bool(value)) => value,
        Some(Scalar::Int(value)) => value != 0,
        Some(Scalar::Uint(_)) => true,
        Some(Scalar::Float(value)) => value != 0.0,
        Some(Scalar::String(text)) => !text.is_empty() && !has_placeholder(text),
        None => value.kind() == Kind::Mapping || value.items().next().is_some(),
    }
}

/// Whether the field counts, or holds a placeholder and so may do.
pub(super) fn may_be_set(node: Node<'_>, field: &str) -> bool {
    is_set(node, field) || node.get(field).and_then(Node::as_str).is_some_and(has_placeholder)
}

/// The first of the fields that is set.
pub(super) fn first_set<'f>(node: Node<'_>, fields: &[&'f str]) -> Option<&'f str> {
    fields.iter().copied().find(|field| is_set(node, field))
}

/// The values at the end of a path of fields; of each item where lists are on the way, or at its end.
pub(super) fn values<'a>(node: Node<'a>, path: &[&str]) -> Vec<Node<'a>> {
    let mut nodes = vec![node];
    for field in path {
        let items = |node: Node<'a>| match node.kind() {
            Kind::Sequence => node.items().collect(),
            Kind::Mapping | Kind::Scalar => vec![node],
        };
        nodes = nodes.into_iter().filter_map(|node| node.get(field)).flat_map(items).collect();
    }
    nodes
}

/// Reports of the fields beside each that is set those that are set, too.
pub(super) fn report_pairs(meta: &Meta<'_>, node: Node<'_>, pairs: &[(&str, &[&str])], report: &mut Report) {
    for &(first, others) in pairs.iter().filter(|(first, _)| is_set(node, first)) {
        for second in others.iter().filter(|second| is_set(node, second)) {
            let (Some(at), Some(other)) = (node.key_at(second), node.key_at(first)) else { continue };
            report
                .at(meta, at, format!("`{second}` does not go with `{first}`"))
                .related(other, "set here")
                .help(format!("remove `{second}`, or `{first}`"));
        }
    }
}
