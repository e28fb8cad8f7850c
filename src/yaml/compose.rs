//! A document as it is written to the tape as Kubernetes understands it: aliases expanded, merge keys merged, of duplicate
//! keys the last kept, tags obeyed. Follows go-yaml v2's decoder and the turn to JSON of sigs.k8s.io/yaml.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::ops::{Range, RangeInclusive};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::finding::Finding;
use crate::source::{SourceId, Span};

use super::grammar::{Raw, RawValue};
use super::problem::{Problem, Result};
use super::scalar::Scalar;
use super::tape::{Cell, MAX_DEPTH, Style, Tape};
use super::tokens::Notation;

const TAG_PREFIX: &str = "tag:yaml.org,2002:";

/// More say nothing new about a document.
const MOST_REMARKS: usize = 1000;

/// What there is to say about a document that can be read.
#[derive(Default)]
pub(super) struct Remarks {
    pub(super) duplicates: Vec<Finding>,
    /// Keys that stand both in a mapping and in one merged into it. Only strict readers refuse them.
    pub(super) overrides: Vec<Finding>,
}

/// Appends the nodes to the tape. After an error the tape holds a part of them.
pub(super) fn compose(raws: &[Raw<'_>], source: SourceId, text: &str, tape: &mut Tape) -> Result<Remarks> {
    let mut composer = Composer {
        raws,
        source,
        text,
        tape,
        remarks: Remarks::default(),
        reported: FxHashSet::default(),
        cooked: FxHashMap::default(),
        expanding: Vec::new(),
        decoded: 1,
        decoded_in_aliases: 0,
        key_bytes: 0,
        depth: 0,
        dropping: false,
    };
    composer.value(0)?;
    Ok(composer.remarks)
}

struct Composer<'r, 's> {
    raws: &'r [Raw<'s>],
    source: SourceId,
    text: &'r str,
    tape: &'r mut Tape,
    remarks: Remarks,
    /// Keys that have been reported; an alias shows a mapping again.
    reported: FxHashSet<u32>,
    /// Where the texts of nodes are that the source does not show as they are. An alias shows them again without a copy.
    cooked: FxHashMap<usize, (Style, Range<usize>)>,
    /// The aliases around the present node.
    expanding: Vec<usize>,
    decoded: usize,
    decoded_in_aliases: usize,
    /// Of keys that aliases brought in.
    key_bytes: usize,
    depth: usize,
    /// Whether the present value is one that another takes the place of.
    dropping: bool,
}

/// An entry of a mapping, its merged ones included.
struct Pair {
    key: usize,
    merged: bool,
    /// Whether a later entry has the same key.
    dropped: bool,
}

impl<'r> Composer<'r, '_> {
    fn value(&mut self, index: usize) -> Result<()> {
        self.count(index)?;
        let raw = &self.raws[index];
        match raw.value {
            RawValue::Alias(target) => {
                self.enter_alias(index)?;
                self.value(target)?;
                self.expanding.pop();
                Ok(())
            }
            RawValue::Sequence => self.nested(index, Style::Sequence, Self::items),
            RawValue::Mapping => self.nested(index, Style::Mapping, Self::pairs),
            RawValue::Missing | RawValue::Scalar { .. } => self.scalar(index),
        }
    }

    /// go-yaml's bound on what aliases may make of a document: up to 400 000 nodes nearly all may come from aliases,
    /// from 4 000 000 on a tenth.
    fn count(&mut self, index: usize) -> Result<()> {
        const LOW: f64 = 400_000.0;
        const HIGH: f64 = 4_000_000.0;
        self.decoded += 1;
        if self.expanding.is_empty() {
            return Ok(());
        }
        self.decoded_in_aliases += 1;
        if self.decoded_in_aliases <= 100 || self.decoded <= 1000 {
            return Ok(());
        }
        let decoded = self.decoded as f64;
        let allowed = 0.99 - 0.89 * ((decoded - LOW) / (HIGH - LOW)).clamp(0.0, 1.0);
        if self.decoded_in_aliases as f64 / decoded > allowed {
            return Err(self.too_large(index));
        }
        Ok(())
    }

    /// Counts the text of a key that an alias brings in: it is compared with others each time.
    fn weigh(&mut self, key: usize, text: &str) -> Result<()> {
        const MOST_BYTES: usize = 64 << 20;
        if !self.expanding.is_empty() || matches!(self.raws[key].value, RawValue::Alias(_)) {
            self.key_bytes += text.len();
        }
        if self.key_bytes > MOST_BYTES { Err(self.too_large(key)) } else { Ok(()) }
    }

    fn too_large(&self, index: usize) -> Box<Problem> {
        let at = self.range(self.expanding.first().copied().unwrap_or(index));
        Problem::new(at, "the document grows too large when its aliases are expanded")
            .help("write the values out, or use fewer aliases of aliases")
    }

    fn enter_alias(&mut self, index: usize) -> Result<()> {
        if self.expanding.contains(&index) {
            let problem = Problem::new(self.range(index), "this alias stands within the value that it names");
            return Err(problem.help("a value cannot contain itself; write the inner value out"));
        }
        self.too_deep(index, self.expanding.len())?;
        self.expanding.push(index);
        Ok(())
    }

    fn too_deep(&self, index: usize, depth: usize) -> Result<()> {
        if depth < MAX_DEPTH {
            return Ok(());
        }
        let message = format!("nested more than {MAX_DEPTH} levels deep when its aliases are expanded");
        Err(Problem::new(self.range(index), message).help("write the values out, or use fewer aliases of aliases"))
    }

    fn nested(&mut self, index: usize, style: Style, children: fn(&mut Self, usize) -> Result<()>) -> Result<()> {
        self.too_deep(index, self.depth)?;
        self.depth += 1;
        let cell = self.tape.cells.len();
        self.push(index, style);
        children(self, index)?;
        self.tape.cells[cell] = self.cell(index, style, self.tape.cells.len());
        self.depth -= 1;
        Ok(())
    }

    fn push(&mut self, index: usize, style: Style) {
        self.tape.cells.push(self.cell(index, style, self.tape.cells.len() + 1));
    }

    fn cell(&self, index: usize, style: Style, skip: usize) -> Cell {
        let raw = &self.raws[index];
        Cell::new(raw.start as usize..raw.end as usize, style, skip)
    }

    fn children(&self, index: usize) -> impl Iterator<Item = usize> + use<'r> {
        let raws = self.raws;
        let end = raws[index].skip;
        let first = Some(index + 1).filter(|&child| child < end);
        std::iter::successors(first, move |&child| Some(raws[child].skip).filter(|&next| next < end))
    }

    fn items(&mut self, index: usize) -> Result<()> {
        self.children(index).try_for_each(|item| self.value(item))
    }

    fn pairs(&mut self, index: usize) -> Result<()> {
        let mut pairs = Vec::new();
        let mut places = FxHashMap::default();
        self.collect(index, false, &mut pairs, &mut places)?;
        for pair in pairs {
            let value = self.raws[pair.key].skip;
            let mark = self.tape.mark();
            let outer = self.dropping;
            self.dropping |= pair.dropped;
            self.key(pair.key)?;
            self.value(value)?;
            self.dropping = outer;
            if pair.dropped {
                self.tape.truncate(mark);
            }
        }
        Ok(())
    }

    /// Lists the entries of a mapping in the order in which go-yaml sets them: a merge key sets those of its mappings
    /// where it stands, so it wins over what stands before it.
    fn collect(
        &mut self,
        index: usize,
        merged: bool,
        pairs: &mut Vec<Pair>,
        places: &mut FxHashMap<Cow<'r, str>, usize>,
    ) -> Result<()> {
        let children = self.children(index);
        for key in children.step_by(2) {
            if merged {
                self.count(key)?;
            }
            if self.is_merge(key) {
                self.merge(self.raws[key].skip, pairs, places)?;
                continue;
            }
            let place = pairs.len();
            let text = self.key_text(key)?;
            self.weigh(key, &text)?;
            match places.entry(text) {
                Entry::Vacant(entry) => {
                    entry.insert(place);
                }
                Entry::Occupied(mut entry) => {
                    let earlier = entry.insert(place);
                    let first = &mut pairs[earlier];
                    first.dropped = true;
                    let (first, first_merged) = (first.key, first.merged);
                    let text = entry.key().clone();
                    self.remark(&text, key, first, merged || first_merged);
                }
            }
            pairs.push(Pair { key, merged, dropped: false });
        }
        Ok(())
    }

    fn remark(&mut self, text: &str, key: usize, first: usize, merged: bool) {
        if self.reported.len() == MOST_REMARKS || !self.reported.insert(self.raws[key].start) {
            return;
        }
        let (at, first) = (self.span(key), self.span(first));
        if merged {
            let message = format!("`{text}` is set here and in a mapping merged by `<<`");
            let help = "strict readers refuse this; leave the key out of one of the two";
            let finding = Finding::new("duplicate-key", at, message).related(first, "also set here").help(help);
            self.remarks.overrides.push(finding);
        } else {
            let message = format!("`{text}` is set twice in one mapping");
            let help = "remove one of the two; Kubernetes takes the last";
            let finding = Finding::new("duplicate-key", at, message).related(first, "first set here").help(help);
            self.remarks.duplicates.push(finding);
        }
    }

    fn is_merge(&self, key: usize) -> bool {
        let raw = &self.raws[key];
        let RawValue::Scalar { notation, text } = &raw.value else { return false };
        let asked_for = match raw.tag.as_deref() {
            None => *notation == Notation::Plain,
            Some(tag) => tag == "!" || tag.strip_prefix(TAG_PREFIX) == Some("merge"),
        };
        text == "<<" && asked_for
    }

    fn merge(
        &mut self,
        value: usize,
        pairs: &mut Vec<Pair>,
        places: &mut FxHashMap<Cow<'r, str>, usize>,
    ) -> Result<()> {
        match self.raws[value].value {
            // Of several mappings the first wins, so it comes last.
            RawValue::Sequence => {
                let sources: Vec<usize> = self.children(value).collect();
                sources.into_iter().rev().try_for_each(|source| self.merge_one(source, pairs, places))
            }
            _ => self.merge_one(value, pairs, places),
        }
    }

    fn merge_one(
        &mut self,
        source: usize,
        pairs: &mut Vec<Pair>,
        places: &mut FxHashMap<Cow<'r, str>, usize>,
    ) -> Result<()> {
        self.count(source)?;
        match self.raws[source].value {
            RawValue::Mapping => self.collect(source, true, pairs, places),
            RawValue::Alias(target) if matches!(self.raws[target].value, RawValue::Mapping) => {
                self.enter_alias(source)?;
                self.collect(target, true, pairs, places)?;
                self.expanding.pop();
                Ok(())
            }
            _ => Err(Problem::new(self.range(source), "`<<` merges mappings, and this is none")
                .help("give `<<` an alias of a mapping or a list of such aliases, or put the key in quotes")),
        }
    }

    /// The node that an alias stands for.
    fn follow(&self, mut index: usize) -> usize {
        while let RawValue::Alias(target) = self.raws[index].value {
            index = target;
        }
        index
    }

    /// A key as JSON has it.
    fn key_text(&self, index: usize) -> Result<Cow<'r, str>> {
        let refused = |message: &str| Problem::new(self.range(index), message);
        let target = self.follow(index);
        if let RawValue::Mapping | RawValue::Sequence = self.raws[target].value {
            return Err(refused("a key cannot be a mapping or a list")
                .help("keys are strings; put this one in quotes if it is a template of another tool"));
        }
        let plain = match self.meaning(target)? {
            Meaning::String(text) => return Ok(text),
            Meaning::Plain(text) => text,
        };
        match Scalar::resolve(&plain) {
            Scalar::Null => Err(refused("a key cannot be null").help("put the key in quotes")),
            Scalar::Uint(_) => Err(refused("a key cannot be so large a number").help("put the key in quotes")),
            Scalar::String(_) => Ok(plain),
            scalar => Ok(scalar.into_key().into_owned().into()),
        }
    }

    fn key(&mut self, index: usize) -> Result<()> {
        self.count(index)?;
        let target = self.follow(index);
        let outer = std::mem::replace(&mut self.dropping, true);
        self.scalar(target)?;
        self.dropping = outer;
        Ok(())
    }

    fn scalar(&mut self, index: usize) -> Result<()> {
        if let Some((style, place)) = self.cooked.get(&index).cloned() {
            self.tape.cooked_next(place);
            self.push(index, style);
            return Ok(());
        }
        let raw = &self.raws[index];
        // A text that is borrowed is a slice of the source, without its quotes.
        let is_slice = raw.tag.is_none() && !matches!(raw.value, RawValue::Scalar { text: Cow::Owned(_), .. });
        let (style, text) = match self.meaning(index)? {
            Meaning::Plain(text) => {
                self.finite(index, &text)?;
                let missing = matches!(raw.value, RawValue::Missing);
                let written = if missing { Style::Missing } else { Style::Plain };
                (if is_slice { written } else { Style::CookedPlain }, text)
            }
            Meaning::String(text) => (if is_slice { Style::Quoted } else { Style::Cooked }, text),
        };
        if !is_slice {
            let place = self.tape.cook(&text);
            self.tape.cooked_next(place.clone());
            self.cooked.insert(index, (style, place));
        }
        self.push(index, style);
        Ok(())
    }

    /// What a scalar is, as its notation or its tag has it.
    fn meaning(&self, index: usize) -> Result<Meaning<'r>> {
        let raws = self.raws;
        match &raws[index].value {
            _ if raws[index].tag.is_some() => self.tagged(index),
            RawValue::Scalar { notation: Notation::Plain, text } => Ok(Meaning::Plain(Cow::Borrowed(text))),
            RawValue::Scalar { text, .. } => Ok(Meaning::String(Cow::Borrowed(text))),
            _ => Ok(Meaning::Plain(Cow::Borrowed(""))),
        }
    }

    /// Refuses what JSON has no numbers for.
    fn finite(&self, index: usize, text: &str) -> Result<()> {
        if self.dropping || text.len() > "+.inf".len() {
            return Ok(());
        }
        match Scalar::resolve(text) {
            Scalar::Float(value) if !value.is_finite() => {
                let message = format!("`{text}` is a number that JSON cannot write");
                Err(Problem::new(self.range(index), message).help("put the value in quotes if it is meant as a string"))
            }
            _ => Ok(()),
        }
    }

    /// A scalar that has a tag.
    fn tagged(&self, index: usize) -> Result<Meaning<'r>> {
        let raws = self.raws;
        let raw = &raws[index];
        let text: &'r str = match &raw.value {
            RawValue::Scalar { text, .. } => text,
            _ => "",
        };
        let Some(kind) = raw.tag.as_deref().and_then(|tag| tag.strip_prefix(TAG_PREFIX)) else {
            return Ok(Meaning::String(text.into()));
        };
        let scalar = Scalar::resolve(text);
        match (kind, scalar) {
            ("null", Scalar::Null) | ("bool", Scalar::Bool(_)) | ("int", Scalar::Int(_) | Scalar::Uint(_)) => {
                Ok(Meaning::Plain(text.into()))
            }
            ("float", Scalar::Float(_)) => Ok(Meaning::Plain(text.into())),
            ("float", Scalar::Int(value)) => {
                // With its decimal point it stays a float.
                let text = format!("{:?}", value as f64);
                Ok(Meaning::Plain(text.into()))
            }
            ("timestamp", Scalar::String(text)) if is_timestamp(text) => Ok(Meaning::String(text.into())),
            ("null" | "bool" | "int" | "float" | "timestamp", _) => {
                let message = format!("`{text}` is no `!!{kind}`");
                Err(Problem::new(self.range(index), message).help("remove the tag, or write a value of its type"))
            }
            ("binary", _) => match decode_base64(text) {
                Some(bytes) => Ok(Meaning::String(replace_invalid(&bytes).into())),
                None => Err(Problem::new(self.range(index), "this is not base64, as `!!binary` asks for")
                    .help("remove the tag: Kubernetes wants base64 as a plain string")),
            },
            _ => Ok(Meaning::String(text.into())),
        }
    }

    fn range(&self, index: usize) -> Range<usize> {
        let raw = &self.raws[index];
        let (start, end) = (raw.start as usize, raw.end as usize);
        // A collection is pointed at by its first line.
        let line = self.text[start..end].lines().next().unwrap_or_default().trim_end();
        start..start + line.len()
    }

    fn span(&self, index: usize) -> Span {
        Span::new(self.source, self.range(index))
    }
}

/// What a scalar is.
enum Meaning<'r> {
    String(Cow<'r, str>),
    /// To be resolved as if it were plain.
    Plain(Cow<'r, str>),
}

/// One of `2001-12-14`, `2001-12-14 21:59:43.10` and `2001-12-14T21:59:43.10Z` or with `-05:00`; but for the year, zeros in
/// front may be left out.
fn is_timestamp(text: &str) -> bool {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let zoned = text.contains(['T', 't']);
    let (time, zone) = match time {
        Some(time) if zoned => match time.find(['Z', '+', '-']) {
            Some(at) => (Some(&time[..at]), Some(&time[at..])),
            None => return false,
        },
        time => (time, None),
    };
    is_date(date) && time.is_none_or(is_time) && zone.is_none_or(is_zone)
}

fn number_within(text: &str, range: RangeInclusive<u32>) -> Option<u32> {
    let digits = !text.is_empty() && text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|value| digits && range.contains(value))
}

fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let Ok(year @ 0..=9999) = year.parse::<u32>() else { return false };
    let Some(month) = number_within(month, 1..=12) else { return false };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    text.find('-') == Some(4) && number_within(day, 1..=days).is_some()
}

fn is_time(text: &str) -> bool {
    let (text, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = text.split(':');
    let hour = parts.next().and_then(|part| number_within(part, 0..=23));
    let minute = parts.next().and_then(|part| number_within(part, 0..=59));
    let second = parts.next().and_then(|part| number_within(part, 0..=59));
    let digits = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    hour.and(minute).and(second).is_some() && parts.next().is_none() && digits
}

fn is_zone(text: &str) -> bool {
    let Some(offset) = text.strip_prefix(['+', '-']) else { return text == "Z" };
    let (hours, minutes) = offset.split_once(':').unwrap_or_default();
    hours.len() == 2
        && minutes.len() == 2
        && number_within(hours, 0..=24).is_some()
        && number_within(minutes, 0..=60).is_some()
}

/// Go's `base64.StdEncoding`: padded, line breaks ignored.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let padding = digits.iter().rev().take_while(|&&byte| byte == b'=').count();
    if !digits.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3);
    for quad in digits[..digits.len() - padding].chunks(4) {
        let mut bits = 0_u32;
        for &digit in quad {
            bits = bits << 6 | sextet(digit)?;
        }
        bits <<= 6 * (4 - quad.len());
        bytes.extend_from_slice(&bits.to_be_bytes()[1..quad.len()]);
    }
    Some(bytes)
}

/// As Go does it, with one replacement for each byte that is not UTF-8.
fn replace_invalid(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(std::iter::repeat_n(char::REPLACEMENT_CHARACTER, chunk.invalid().len()));
    }
    text
}

fn sextet(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_told_from_other_strings() {
        for text in
            ["2001-12-14", "2001-1-2", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43", "2000-02-29T1:2:3Z"]
        {
            assert!(is_timestamp(text), "{text}");
        }
        for text in ["", "2001", "01-12-14", "2001-13-01", "2001-02-29", "2001-12-14T21:59:43", "2001-12-14 21:59 -5"] {
            assert!(!is_timestamp(text), "{text}");
        }
    }

    #[test]
    fn base64_needs_its_padding() {
        for (text, bytes) in [
            ("", Some("")),
            ("aGVsbG8=", Some("hello")),
            ("aGVs\nbG8h", Some("hello!")),
            ("aA==", Some("h")),
            ("aA", None),
            ("a===", None),
            ("aGVs bG8h", None),
        ] {
            assert_eq!(decode_base64(text).as_deref(), bytes.map(str::as_bytes), "{text}");
        }
    }
}
