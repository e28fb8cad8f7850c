//! Where the MeshConfig stands: in a file of its own, in the ConfigMap that istiod reads, or in what Istio is installed from.

use crate::finding::Finding;
use crate::model::objects;
use crate::source::{SourceId, Sources};
use crate::yaml::{Kind, Node, Tree};

/// The text of the MeshConfig that the input itself has: `data.mesh` of the ConfigMap `istio` (or of a revision,
/// `istio-<revision>`). What surrounds it is blank, so that every byte stands where it stands in its source.
pub(super) fn embedded(sources: &Sources, parsed: &[(Tree<'_>, Vec<Finding>)]) -> Option<(SourceId, String)> {
    let mut roots = parsed.iter().flat_map(|(tree, _)| tree.roots()).flat_map(objects);
    let block = roots.find_map(of_config_map)?;
    let span = block.at();
    let text = sources.get(span.source).text();
    let body_start = text[span.range()].find('\n').map_or(span.end as usize, |line| span.start as usize + line + 1);
    let blank = |byte: u8| if byte == b'\n' { '\n' } else { ' ' };
    let mut masked: String = text.bytes().take(body_start).map(blank).collect();
    masked.push_str(&text[body_start..span.end as usize]);
    Some((span.source, masked))
}

/// The MeshConfig of a file that the user names: the document, or what an IstioOperator or the values of Istio's charts
/// have of it.
pub(super) fn of_document(root: Node<'_>) -> Node<'_> {
    root.path(&["spec", "meshConfig"]).or(root.get("meshConfig")).unwrap_or(root)
}

/// Only block scalars, whose text is that of the file.
fn of_config_map(root: Node<'_>) -> Option<Node<'_>> {
    let name = root.path(&["metadata", "name"]).and_then(Node::as_str)?;
    let is_istio = name == "istio" || name.starts_with("istio-") && !name.starts_with("istio-sidecar");
    let is_config_map = root.kind() == Kind::Mapping && root.get("kind")?.as_str() == Some("ConfigMap");
    let block = root.path(&["data", "mesh"])?;
    (is_istio && is_config_map && block.raw().starts_with('|')).then_some(block)
}
