//! YAML and JSON as Kubernetes reads them (sigs.k8s.io/yaml 1.6, which is go-yaml v2, behind apimachinery's document
//! reader), with the place of every key and value.
//!
//! [`parse`] cannot fail: what cannot be read is a finding, and the other documents live on. Its result is a [`Tree`]: one
//! tape of 12-byte entries in document order, from which [`Node`]s are read. In the tape every alias is expanded, every
//! merge key is merged and of duplicate keys the last is kept, so a reader of nodes never meets one of them. What an alias
//! or a merge key brings in has its place where it is written, at the anchor.
//!
//! A document is read in one of two ways. `scanner`, `grammar` and `compose` follow go-yaml rule by rule; they are the
//! truth. `fast` is a shortcut for what nearly all manifests keep to; it gives up where it meets anything else, errors
//! included, and a test compares the two.

mod block;
mod characters;
mod compose;
mod cursor;
mod fast;
mod folding;
mod grammar;
mod json;
mod node;
mod problem;
mod scalar;
mod scanner;
mod split;
mod tape;
mod tokens;

pub use json::write_json;
pub use node::{Entry, Kind, Node};
pub use scalar::Scalar;
pub use tape::{Comment, Document, Tree};

use std::ops::Range;

use crate::finding::Finding;
use crate::source::SourceId;

use fast::Shortcut;
use problem::{Problem, Result};

/// Fewer than in usual manifests, so that the tape seldom has to grow. What is left over is given back.
const BYTES_PER_CELL: usize = 7;

/// The tape has room for it: entries take more than a byte each, and what aliases add to many of them is a tenth at most.
const LONGEST_TEXT: usize = tape::MAX_CELLS;

/// Reads a source, `text`, of up to 512 MiB. Problems are findings of the rules `yaml-syntax` and `duplicate-key`, in the
/// order of the text.
pub fn parse(source: SourceId, text: &str) -> (Tree<'_>, Vec<Finding>) {
    let mut tree = Tree::new(source, text);
    let mut findings = Vec::new();
    if text.len() > LONGEST_TEXT {
        let problem = Problem::new(0..0, "the file is larger than 512 MiB").help("split the file");
        return (tree, vec![problem.into_finding(source)]);
    }
    let mut problems = Vec::new();
    let mut shortcut = Shortcut::default();
    tree.tape.cells.reserve(text.len() / BYTES_PER_CELL);
    for chunk in split::split(text, &mut problems) {
        let first = tree.tape.mark();
        let first_comment = tree.comments.len();
        let outcome = if shortcut.read(text, chunk.range.clone(), &mut tree.tape, &mut tree.comments) {
            Ok(())
        } else {
            tree.tape.truncate(first);
            tree.comments.truncate(first_comment);
            read_exactly(&mut tree, chunk.range.clone(), &mut findings)
        };
        let broken = outcome.is_err();
        if let Err(problem) = outcome {
            tree.tape.truncate(first);
            problems.push(*problem);
        }
        let root = tree.tape.root_since(first);
        let Range { start, end } = chunk.range;
        tree.documents.push(Document { root, start: start as u32, end: end as u32, broken, lost: chunk.lost });
    }
    tree.tape.cells.shrink_to_fit();
    findings.extend(problems.into_iter().map(|problem| problem.into_finding(source)));
    findings.sort_by_key(|finding| finding.at);
    (tree, findings)
}

/// Reads a document by go-yaml's own rules.
fn read_exactly(tree: &mut Tree<'_>, document: Range<usize>, findings: &mut Vec<Finding>) -> Result<()> {
    if let Some(problem) = characters::forbidden(&tree.text[document.clone()], document.start) {
        return Err(problem);
    }
    let (nodes, comments) = grammar::read(tree.text, document);
    tree.comments.extend(comments);
    let nodes = nodes?;
    if nodes.is_empty() {
        return Ok(());
    }
    let remarks = compose::compose(&nodes, tree.source, tree.text, &mut tree.tape)?;
    findings.extend(remarks.duplicates);
    tree.overrides.extend(remarks.overrides);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each document as JSON, or the message of what is wrong with it.
    fn read(text: &str) -> Vec<String> {
        let (tree, findings) = parse(SourceId::default(), text);
        let mut errors = findings.into_iter().filter(|finding| finding.rule == "yaml-syntax");
        tree.documents()
            .iter()
            .map(|document| match tree.root(document) {
                Some(root) => {
                    let mut json = Vec::new();
                    write_json(root, &mut json).unwrap();
                    String::from_utf8(json).unwrap()
                }
                None if document.broken => errors.next().unwrap().message,
                None => "null".to_owned(),
            })
            .collect()
    }

    #[test]
    fn reads_keys_values_and_documents() {
        let text = "# c\na: 1\nb:\n- x\n- 'y'\nc: |\n  t\n---\nd: {e: \"f\\n\"}\n";
        let (tree, findings) = parse(SourceId::default(), text);
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
    fn aliases_and_merges_leave_no_trace() {
        for (text, json) in [
            ("a: &x {p: 1}\nb: *x\n", r#"{"a":{"p":1},"b":{"p":1}}"#),
            ("a: &x |\n t\nb: [*x, *x]\n", r#"{"a":"t\n","b":["t\n","t\n"]}"#),
            ("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\n", r#"{"a":{"p":1,"q":2},"b":{"p":1,"q":3}}"#),
            // go-yaml sets merged keys where `<<` stands, so they win over what stands before.
            ("a: &x {p: 1, q: 2}\nb: {q: 3, <<: *x}\n", r#"{"a":{"p":1,"q":2},"b":{"p":1,"q":2}}"#),
            ("<<: [{a: 1}, {a: 2, b: 3}]\n", r#"{"a":1,"b":3}"#),
            ("\"<<\": 1\n", r#"{"\u003c\u003c":1}"#),
            ("a: &x\nb: *x\n", r#"{"a":null,"b":null}"#),
            ("? &k a\n: 1\nb: {*k : 2}\n", r#"{"a":1,"b":{"a":2}}"#),
            ("a: 1\na: &x {b: 2}\nc: *x\na: 3\n", r#"{"a":3,"c":{"b":2}}"#),
        ] {
            assert_eq!(read(text), [json], "{text}");
        }
    }

    #[test]
    fn aliased_values_are_placed_at_their_anchor() {
        let text = "a: &x {p: 1}\nb: *x\n";
        let (tree, _) = parse(SourceId::default(), text);
        let value = tree.roots().next().unwrap().path(&["b", "p"]).unwrap();
        assert_eq!(value.at().range(), 10..11);
    }

    #[test]
    fn duplicate_keys_are_told_at_the_later_one() {
        let text = "a: 1\nb: 2\n\"a\": 3\n";
        let (_, findings) = parse(SourceId::default(), text);
        let [finding] = &findings[..] else { panic!("{findings:?}") };
        assert_eq!((finding.rule, finding.at.range()), ("duplicate-key", 10..13));
        assert_eq!(finding.related[0].at.range(), 0..1);
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place_and_its_remedy() {
        for (text, culprit, message, help) in [
            ("a:\n\t- 1\n", "\t", "a tab cannot indent a line", "indent with spaces"),
            ("a: |\n x\n\ty\n", "\t", "a tab cannot indent the text of a block", "indent with spaces"),
            (
                "a: 1\nb:2\nc: 3\n",
                "b:2",
                "a key must stand here, and a `:` behind it",
                "put a space behind the colon: `b: 2`",
            ),
            (
                "a:1\nb: 2\n",
                ":",
                "a `:` in a value that goes over several lines",
                "put a space behind the colon: `a: 1`",
            ),
            (
                "a: b\n  c: 1\n",
                ":",
                "a `:` in a value that goes over several lines",
                "indent this line as the other keys",
            ),
            ("a: \"x\nb: 1\n", "\"", "this quote is never closed", "add the closing `\"`"),
            ("a: b: c\n", ":", "a mapping cannot begin here", "put the value in quotes"),
            ("a: [1, 2\n", "[", "this bracket is never closed", "add the closing bracket"),
            ("a: [1}\n", "}", "a comma or the closing bracket must stand here", "in quotes"),
            ("a:\n  b: 1\n c: 2\n", "c: 2", "the indentation of this line fits none", "align it"),
            ("a:\n  - 1\n - 2\n", "- 2", "the indentation of this line fits none", "align it"),
            ("- a\nb: 1\n", "b: 1", "a key cannot stand among the items of a list", "indent it deeper"),
            ("a: 1\n- b\n", "- b", "a list item cannot stand among the keys of a mapping", "indent it deeper"),
            ("a: 'it's'\n", "s'", "nothing can follow the value on its line", "put the whole value in quotes"),
            ("a: @x\n", "@", "a value cannot begin with `@`", "put the value in quotes"),
            ("a: - b\n", "-", "a list item cannot begin here", "begin the list on a new line"),
            ("a: |x\n  y\n", "x", "the text of a `|` block starts on the next line", "begin a new line"),
            ("a: \"\\d\"\n", "\\d", "YAML has no escape sequence `\\d`", "write a backslash as"),
            ("a: *x\n", "*x", "no anchor `&x` stands before this alias", "set the anchor earlier"),
            ("a: &x [*x]\n", "*x", "this alias stands within the value that it names", "a value cannot contain itself"),
            ("a: .inf\n", ".inf", "`.inf` is a number that JSON cannot write", "put the value in quotes"),
            ("a: {{ .b }}\n", "{ .b }", "a key cannot be a mapping or a list", "put this one in quotes"),
            ("~: 1\n", "~", "a key cannot be null", "put the key in quotes"),
            ("<<: 1\n", "1", "`<<` merges mappings, and this is none", "give `<<` an alias"),
            ("a: !!int x\n", "x", "`x` is no `!!int`", "remove the tag"),
            ("a: \u{7}\n", "\u{7}", "the control character U+0007", "write it as `\\u0007`"),
            ("a: 1\n--- b\n", "b", "nothing but a comment can follow `---`", "begin the document on the next line"),
        ] {
            let (_, findings) = parse(SourceId::default(), text);
            let [finding] = &findings[..] else { panic!("{text:?}: {findings:?}") };
            assert_eq!(finding.rule, "yaml-syntax");
            assert_eq!(&text[finding.at.range()], culprit, "{text:?}: {}", finding.message);
            assert!(finding.message.starts_with(message), "{text:?}: {}", finding.message);
            assert!(finding.help.as_ref().unwrap().contains(help), "{text:?}: {finding:?}");
        }
    }

    #[test]
    fn a_broken_document_leaves_the_others_alone() {
        assert_eq!(read("a: 1\n---\nb: [\n---\nc: 2\n"), [r#"{"a":1}"#, "this bracket is never closed", r#"{"c":2}"#]);
    }

    #[test]
    fn places_are_exact() {
        let text = "# c\nkey: \"v\\n\"  # d\nlist:\n- |\n  x\n\n- {a: 1}\nlast:\n";
        let (tree, _) = parse(SourceId::default(), text);
        let root = tree.roots().next().unwrap();
        let raw: Vec<_> = root.entries().map(|entry| (entry.key.raw(), entry.value.raw())).collect();
        assert_eq!(raw, [("key", "\"v\\n\""), ("list", "- |\n  x\n\n- {a: 1}"), ("last", "")]);
        let items: Vec<_> = root.get("list").unwrap().items().map(Node::raw).collect();
        assert_eq!(items, ["|\n  x", "{a: 1}"]);
        let comments: Vec<_> = tree.comments().iter().map(|comment| &text[tree.span(comment).range()]).collect();
        assert_eq!(comments, ["# c", "# d"]);
    }

    #[test]
    fn hostile_texts_end_soon_and_with_a_finding() {
        let bomb: String = std::iter::once("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned())
            .chain(
                (1..9)
                    .map(|level| format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", "))),
            )
            .collect();
        let merges: String = std::iter::once("a0: &a0 {k: v}\n".to_owned())
            .chain((1..60).map(|level| format!("a{level}: &a{level} {{<<: [*a{0}, *a{0}]}}\n", level - 1)))
            .collect();
        for (text, message) in [
            ("[".repeat(100_000), "nested more than 512 levels deep"),
            ("{a: ".repeat(100_000), "nested more than 512 levels deep"),
            ("- ".repeat(100_000), "nested more than 512 levels deep"),
            ("? ".repeat(100_000), "nested more than 512 levels deep"),
            ((0..1000).map(|level| " ".repeat(level) + "a:\n").collect(), "nested more than 512 levels deep"),
            (bomb, "the document grows too large when its aliases are expanded"),
            (merges, "the document grows too large when its aliases are expanded"),
            ("x".repeat(2000) + ": 1\n", "a mapping cannot begin here"),
        ] {
            let (tree, findings) = parse(SourceId::default(), &text);
            assert_eq!(tree.roots().count(), 0);
            let [finding] = &findings[..] else { panic!("{} findings", findings.len()) };
            assert!(finding.message.starts_with(message), "{}", finding.message);
        }
    }

    #[test]
    fn little_is_enough() {
        assert_eq!(read(""), [""; 0]);
        for text in ["\n", "# c", "---", "\u{FEFF}", "# c\n---\n"] {
            assert_eq!(read(text), ["null"], "{text:?}");
        }
    }
}
