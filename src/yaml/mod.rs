//! YAML and JSON as Kubernetes reads them (sigs.k8s.io/yaml 1.6, go-yaml v2's resolution of scalars), with the place of
//! every key and value.
//!
//! [`parse`] cannot fail: what cannot be read is a finding, and the other documents live on. Its result is a [`Tree`]: one
//! tape of 16-byte entries in document order, from which [`Node`]s are read. In the tape every alias is expanded, every
//! merge key is merged and of duplicate keys the last is kept, so a reader of nodes never meets one of them.

mod granit;
mod node;
mod scalar;
mod tape;

pub use node::{Entry, Kind, Node};
pub use scalar::Scalar;
pub use tape::{Comment, Document, Tree};

use crate::finding::Finding;
use crate::source::SourceId;

/// Reads a source, `text`, of up to 4 GiB. Problems are findings of the rules `yaml-syntax` and `duplicate-key`.
pub fn parse(source: SourceId, text: &str) -> (Tree<'_>, Vec<Finding>) {
    let mut tree =
        Tree { source, text, cells: Vec::new(), cooked: Vec::new(), comments: Vec::new(), documents: Vec::new() };
    let mut findings = Vec::new();
    for range in split(text) {
        granit::read(&mut tree, range, &mut findings);
    }
    (tree, findings)
}

/// The documents between separator lines.
fn split(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut documents = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        let rest = line.strip_prefix("---").map(str::trim);
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('#')) {
            if at > start {
                documents.push(start..at);
            }
            start = at + line.len();
        }
        at += line.len();
    }
    if at > start {
        documents.push(start..at);
    }
    documents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_keys_values_and_documents() {
        let text = "# c\na: 1\nb:\n- x\n- 'y'\nc: |\n  t\n---\nd: {e: \"f\\n\"}\n";
        let (tree, findings) = parse(SourceId(0), text);
        assert_eq!(findings, []);
        let roots: Vec<_> = tree.roots().collect();
        assert_eq!(roots.len(), 2);
        assert_eq!(roots[0].get("a").unwrap().scalar(), Some(Scalar::Int(1)));
        let items: Vec<_> = roots[0].get("b").unwrap().items().filter_map(Node::as_str).collect();
        assert_eq!(items, ["x", "y"]);
        assert_eq!(roots[0].get("c").unwrap().as_str(), Some("t\n"));
        assert_eq!(roots[1].path(&["d", "e"]).unwrap().as_str(), Some("f\n"));
        assert_eq!(roots[0].get("b").unwrap().head().range(), text.find('x').unwrap()..text.find('x').unwrap() + 1);
        assert_eq!(tree.comments().len(), 1);
    }

    #[test]
    fn aliases_are_expanded() {
        let (tree, _) = parse(SourceId(0), "a: &x {p: 1}\nb: *x\n");
        let root = tree.roots().next().unwrap();
        assert_eq!(root.path(&["b", "p"]).unwrap().raw(), "1");
    }
}
