//! What the files themselves say that is not to be reported: comments and annotations.

use crate::finding::{Edit, Finding, ResourceRef};
use crate::source::Span;
use crate::yaml::{Node, Tree};

use super::directive::{self, Directive};
use super::rule_name::{RuleName, UnknownRule};

pub(super) const INVALID: &str = "invalid-ignore";

/// Ours: names of rules with commas between them, or `*`.
const ANNOTATION: &str = "meshlint.dev/ignore";
/// Of `istioctl analyze`: codes with commas between them, or `*` (istio/api 1.31 `annotation/annotations.gen.go`).
const ISTIO_ANNOTATION: &str = "galley.istio.io/analyze-suppress";
/// Of Kiali: codes with commas between them, or nothing for all.
const KIALI_ANNOTATION: &str = "kiali.io/ignore-validations";

/// One name in a comment or annotation: what it silences, and where.
#[derive(Debug)]
pub(super) struct Ignore {
    /// Ids; nothing means all rules.
    pub(super) rules: Vec<&'static str>,
    pub(super) reach: Reach,
    /// The name, or the comment if it has none.
    pub(super) at: Span,
    /// What is to go if it silences nothing; `None` if there is more in it.
    pub(super) removal: Option<Span>,
    /// Whether it is a mistake if it silences nothing. What is meant for other tools may do so, and so may what is in a
    /// file that could not be read as a whole.
    pub(super) must_be_used: bool,
}

#[derive(Debug)]
pub(super) enum Reach {
    /// The line that starts at this byte.
    Line(u32),
    File,
    Resource(ResourceRef),
}

/// All that the files say about what is not to be reported.
#[derive(Debug, Default)]
pub(super) struct Ignores {
    pub(super) list: Vec<Ignore>,
    /// What could not be understood.
    pub(super) mistakes: Vec<Finding>,
}

impl Ignores {
    pub(super) fn append(&mut self, mut other: Self) {
        self.list.append(&mut other.list);
        self.mistakes.append(&mut other.mistakes);
    }

    /// Takes in the comments of a file.
    pub(super) fn add_comments(&mut self, tree: &Tree<'_>) {
        let readable = tree.documents().iter().all(|document| !document.broken);
        for comment in tree.comments() {
            let (at, text) = (tree.span(comment), &tree.text()[comment.start as usize..comment.end as usize]);
            match directive::parse(text) {
                None => {}
                Some(Ok(directive)) => self.add_comment(&directive, at, tree, readable),
                Some(Err(mistake)) => {
                    let finding = Finding::new(INVALID, within(at, mistake.at), mistake.message);
                    self.mistakes.push(finding.help(mistake.help));
                }
            }
        }
    }

    fn add_comment(&mut self, directive: &Directive, at: Span, tree: &Tree<'_>, readable: bool) {
        let text = tree.text();
        let reach = || if directive.whole_file { Reach::File } else { Reach::Line(line_of(at, text)) };
        let removal = (directive.names.len() < 2).then(|| with_blanks(at, text));
        if directive.names.is_empty() {
            self.list.push(Ignore { rules: Vec::new(), reach: reach(), at, removal, must_be_used: readable });
        }
        for name in &directive.names {
            let at = within(at, name.clone());
            match text[at.range()].parse::<RuleName>() {
                Ok(name) => {
                    let rules = name.ids().collect();
                    self.list.push(Ignore { rules, reach: reach(), at, removal, must_be_used: readable });
                }
                Err(unknown) => self.mistakes.push(unknown_rule(at, &unknown)),
            }
        }
    }

    /// Takes in the annotations of an object.
    pub(super) fn add_annotations(&mut self, object: Node<'_>, reference: impl Fn() -> ResourceRef) {
        let Some(annotations) = object.path(&["metadata", "annotations"]) else { return };
        for entry in annotations.entries() {
            let Some(value) = entry.value.as_str() else { continue };
            match &*entry.key.key_text() {
                ANNOTATION => self.add_annotation(entry.value, value, true, &reference),
                ISTIO_ANNOTATION => self.add_annotation(entry.value, value, false, &reference),
                KIALI_ANNOTATION if value.is_empty() => {
                    self.add_annotation(entry.value, "*", false, &reference);
                }
                KIALI_ANNOTATION => self.add_annotation(entry.value, value, false, &reference),
                _ => {}
            }
        }
    }

    fn add_annotation(&mut self, node: Node<'_>, value: &str, ours: bool, reference: &impl Fn() -> ResourceRef) {
        let names = directive::names(value, value);
        if names.is_empty() && ours {
            let finding = Finding::new(INVALID, node.at(), "the list of rules is empty").resource(reference());
            self.mistakes.push(finding.help("name the rules, or write `*` for all of them"));
        }
        for name in names {
            let name = &value[name];
            // The value may have escapes or several lines; then the whole of it is pointed at.
            let written = node.raw().find(name).map(|start| within(node.at(), start..start + name.len()));
            let at = written.unwrap_or(node.at());
            let ignore =
                |rules| Ignore { rules, reach: Reach::Resource(reference()), at, removal: None, must_be_used: ours };
            match name.parse::<RuleName>() {
                _ if name == "*" => self.list.push(ignore(Vec::new())),
                Ok(name) => self.list.push(ignore(name.ids().collect())),
                Err(unknown) if ours => self.mistakes.push(unknown_rule(at, &unknown).resource(reference())),
                Err(_) => {}
            }
        }
    }
}

fn unknown_rule(at: Span, unknown: &UnknownRule) -> Finding {
    let finding = Finding::new(INVALID, at, format!("no rule `{}`", unknown.name));
    match unknown.near {
        Some(near) => {
            let edit = Edit { at, text: near.to_owned() };
            finding.help(format!("did you mean `{near}`?")).fix(format!("replace it by `{near}`"), vec![edit])
        }
        None => finding.help("`meshlint rules` lists the rules"),
    }
}

/// The line that a comment speaks of: its own, or the next with content if nothing stands before the comment.
fn line_of(comment: Span, text: &str) -> u32 {
    let start = text[..comment.start as usize].rfind('\n').map_or(0, |at| at + 1);
    if !text[start..comment.start as usize].trim().is_empty() {
        return start as u32;
    }
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        let content = line.trim_start();
        if !content.is_empty() && !content.starts_with('#') {
            break;
        }
        at += line.len();
    }
    at as u32
}

/// A comment with the blanks before it, and with its line break if it has a line of its own.
fn with_blanks(comment: Span, text: &str) -> Span {
    let before = text[..comment.start as usize].trim_end_matches([' ', '\t']);
    let own_line = before.is_empty() || before.ends_with('\n');
    let line_break = if text[comment.end as usize..].starts_with('\n') { 1 } else { 0 };
    Span { start: before.len() as u32, end: comment.end + if own_line { line_break } else { 0 }, ..comment }
}

/// A part of a span, given by offsets from its start.
fn within(span: Span, part: std::ops::Range<usize>) -> Span {
    Span { start: span.start + part.start as u32, end: span.start + part.end as u32, ..span }
}
