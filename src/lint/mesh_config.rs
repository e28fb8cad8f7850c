use crate::model::objects;
use crate::source::Sources;
use crate::yaml::{Kind, Node, Tree};

/// The text of the MeshConfig that the input itself has: `data.mesh` of the ConfigMap `istio` (or of a revision,
/// `istio-<revision>`). What surrounds it is blank, so that every byte stands where it stands in its source.
pub(super) fn embedded(sources: &Sources, trees: &[Tree<'_>]) -> Option<(crate::source::SourceId, String)> {
    let roots = trees.iter().flat_map(Tree::roots).flat_map(objects);
    let block = roots.filter(|root| is_mesh_config_map(*root)).find_map(|root| root.path(&["data", "mesh"]))?;
    let span = block.at();
    let text = sources.get(span.source).text();
    let body_start = text[span.range()].find('\n').map_or(span.end as usize, |line| span.start as usize + line + 1);
    let blank = |byte: u8| if byte == b'\n' { '\n' } else { ' ' };
    let mut masked: String = text.bytes().take(body_start).map(blank).collect();
    masked.push_str(&text[body_start..span.end as usize]);
    Some((span.source, masked))
}

fn is_mesh_config_map(root: Node<'_>) -> bool {
    let name = root.path(&["metadata", "name"]).and_then(Node::as_str);
    root.kind() == Kind::Mapping
        && root.get("kind").and_then(Node::as_str) == Some("ConfigMap")
        && name.is_some_and(|name| name == "istio" || name.starts_with("istio-") && !name.starts_with("istio-sidecar"))
        && root.path(&["data", "mesh"]).is_some()
}
