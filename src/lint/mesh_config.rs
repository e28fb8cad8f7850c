//! Where the MeshConfig stands: in a file of its own, in the ConfigMap that istiod reads, or in what Istio is installed from.

use crate::model::kubernetes::ConfigMap;
use crate::model::{Object, Str};
use crate::source::{SourceId, Sources};
use crate::yaml::Node;

/// The text of the MeshConfig that the input itself has: `data.mesh` of the ConfigMap `istio` (or of a revision,
/// `istio-<revision>`). What surrounds it is blank, so that every byte of a literal block (`|`) stands where it stands in its
/// source. Other scalars differ from their text by escapes and folds: theirs stand within the scalar.
pub(super) fn embedded(sources: &Sources, maps: &[Object<'_, ConfigMap<'_>>]) -> Option<(SourceId, String)> {
    let Str { value, at: span } = maps.iter().find_map(of_config_map)?;
    let text = sources.get(span.source).text();
    let raw = &text[span.range()];
    let (lead, body) = match raw.split_once('\n').filter(|_| raw.starts_with('|')) {
        Some((head, body)) => (span.start as usize + head.len() + 1, body),
        None => (span.start as usize, value),
    };
    let blank = |byte: u8| if byte == b'\n' { '\n' } else { ' ' };
    let mut masked: String = text.bytes().take(lead).map(blank).collect();
    // The body starts a line, as the text of a block does anyway.
    masked.pop();
    masked.push('\n');
    masked.push_str(body);
    Some((span.source, masked))
}

/// The MeshConfig of a file that the user names: the document, or what an IstioOperator or the values of Istio's charts
/// have of it.
pub(super) fn of_document(root: Node<'_>) -> Node<'_> {
    root.path(&["spec", "meshConfig"]).or(root.get("meshConfig")).unwrap_or(root)
}

fn of_config_map<'a>(map: &Object<'a, ConfigMap<'a>>) -> Option<Str<'a>> {
    let name = map.meta.name.value;
    let is_istio = name == "istio" || name.starts_with("istio-") && !name.starts_with("istio-sidecar");
    map.spec.data.get("mesh").copied().filter(|_| is_istio)
}
