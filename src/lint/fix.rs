use rustc_hash::FxHashMap;

use crate::finding::{Edit, Fix};
use crate::source::{SourceId, Sources};

use super::Run;

/// A source with fixes applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixedSource {
    pub source: SourceId,
    pub text: String,
    /// How many fixes changed it.
    pub fixes: usize,
}

/// The sources as they are with the fixes of a run's findings, as far as these can be made at once. Sources that are only
/// context stay as they are.
pub fn fixes(run: &Run<'_>) -> Vec<FixedSource> {
    let all = run.findings.iter().filter_map(|reported| reported.finding.fix.as_deref());
    let own = |fix: &&Fix| !fix.edits.iter().any(|edit| run.sources.get(edit.at.source).is_context());
    apply(run.sources, all.filter(own))
}

/// Applies `fixes`, of which earlier ones go first: one that would touch what another has changed is left for the next
/// run. All edits of a fix are made, or none. The result has only sources that change, in their order.
fn apply<'f>(sources: &Sources, fixes: impl IntoIterator<Item = &'f Fix>) -> Vec<FixedSource> {
    let mut accepted: Vec<&Edit> = Vec::new();
    let mut counts: FxHashMap<SourceId, usize> = FxHashMap::default();
    for fix in fixes {
        let free = fix.edits.iter().all(|edit| !accepted.iter().any(|other| overlap(edit, other)));
        if !free || fix.edits.is_empty() {
            continue;
        }
        accepted.extend(&fix.edits);
        let mut touched: Vec<_> = fix.edits.iter().map(|edit| edit.at.source).collect();
        touched.dedup();
        for source in touched {
            *counts.entry(source).or_default() += 1;
        }
    }
    let mut fixed: Vec<_> = counts
        .into_iter()
        .map(|(source, fixes)| FixedSource { source, text: rewritten(sources, source, &accepted), fixes })
        .collect();
    fixed.sort_by_key(|fixed| fixed.source);
    fixed
}

/// Whether two edits cannot both be made: they share bytes, or insert at the same place.
fn overlap(left: &Edit, right: &Edit) -> bool {
    let (left, right) = (left.at, right.at);
    left.source == right.source && (left.start < right.end && right.start < left.end || left.start == right.start)
}

fn rewritten(sources: &Sources, source: SourceId, edits: &[&Edit]) -> String {
    let mut own: Vec<_> = edits.iter().filter(|edit| edit.at.source == source).collect();
    own.sort_by_key(|edit| edit.at.start);
    let text = sources.get(source).text();
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for edit in own {
        result.push_str(&text[done..edit.at.start as usize]);
        result.push_str(&edit.text);
        done = edit.at.end as usize;
    }
    result.push_str(&text[done..]);
    result
}

#[cfg(test)]
mod tests {
    use crate::source::{Source, Span};

    use super::*;

    fn fix(source: SourceId, edits: &[(std::ops::Range<usize>, &str)]) -> Fix {
        let edits =
            edits.iter().map(|(range, text)| Edit { at: Span::new(source, range.clone()), text: (*text).to_owned() });
        Fix { message: String::new(), edits: edits.collect() }
    }

    #[test]
    fn fixes_that_touch_are_made_one_by_one() {
        let mut sources = Sources::default();
        let id = sources.add(Source::new("a.yaml", "one two three\n"));
        let cases: [(&[Fix], &str); 4] = [
            (&[fix(id, &[(4..7, "2")]), fix(id, &[(0..3, "1")])], "1 2 three\n"),
            (&[fix(id, &[(0..7, "12")]), fix(id, &[(4..7, "2")])], "12 three\n"),
            // The second would have to be made as a whole.
            (&[fix(id, &[(4..7, "2")]), fix(id, &[(0..3, "1"), (4..7, "zwei")])], "one 2 three\n"),
            (&[fix(id, &[(3..3, "!")]), fix(id, &[(3..3, "?")])], "one! two three\n"),
        ];
        for (fixes, expected) in cases {
            let fixed = apply(&sources, fixes);
            assert_eq!(fixed.len(), 1);
            assert_eq!(fixed[0].text, expected);
        }
        assert!(apply(&sources, &[]).is_empty());
    }
}
