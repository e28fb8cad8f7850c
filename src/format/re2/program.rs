//! How large the program of RE2 is for a pattern.
//!
//! RE2 simplifies more than is told here, so the result is an estimate: for nine of ten patterns within a third of
//! `RE2::ProgramSize`, and rarely too small.

use std::collections::BTreeSet;

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind, Look, Repetition};
use regex_syntax::utf8::Utf8Sequences;

/// RE2 refuses to compile what needs more memory than its default of 8 MiB, which is about this many instructions.
pub(super) const LARGEST: u64 = 464_000;

/// Start, end, and a failure.
const FRAME: u64 = 4;

pub(super) fn size(hir: &Hir) -> u64 {
    FRAME.saturating_add(instructions(hir))
}

fn instructions(hir: &Hir) -> u64 {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(Look::Start | Look::End) => 0,
        HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len() as u64,
        HirKind::Class(Class::Bytes(class)) => class.ranges().len() as u64,
        HirKind::Class(Class::Unicode(class)) => byte_ranges(class),
        HirKind::Repetition(repetition) => repeated(repetition),
        HirKind::Capture(capture) => instructions(&capture.sub).saturating_add(2),
        HirKind::Concat(parts) => sum(parts),
        HirKind::Alternation(parts) => sum(parts).saturating_add(1),
    }
}

fn sum(parts: &[Hir]) -> u64 {
    parts.iter().map(instructions).fold(0, u64::saturating_add)
}

/// `x{2,4}` is compiled as `xx(?:x(?:x)?)?`, and `x{2,}` as `xx+`.
fn repeated(repetition: &Repetition) -> u64 {
    let once = instructions(&repetition.sub);
    let min = u64::from(repetition.min);
    match repetition.max {
        None => once.saturating_mul(min.max(1)).saturating_add(1),
        Some(max) => once.saturating_mul(min).saturating_add((once + 1).saturating_mul(u64::from(max) - min)),
    }
}

/// The ranges of bytes that tell the class apart in UTF-8, where those of a common start are shared.
fn byte_ranges(class: &ClassUnicode) -> u64 {
    // All of what is not ASCII is told apart more roughly.
    const BEYOND_ASCII: u64 = 6;
    let beyond = class.ranges().last().filter(|range| range.start() <= '\u{80}' && range.end() == char::MAX);
    if let Some(range) = beyond {
        return class.ranges().len() as u64 - u64::from(range.start() == '\u{80}') + BEYOND_ASCII;
    }
    let mut starts = BTreeSet::new();
    for range in class.ranges() {
        for sequence in Utf8Sequences::new(range.start(), range.end()) {
            let bytes: Vec<_> = sequence.as_slice().iter().map(|range| (range.start, range.end)).collect();
            starts.extend((1..=bytes.len()).map(|length| bytes[..length].to_vec()));
        }
    }
    starts.len() as u64
}
