//! Questions about sets of texts, answered for all texts at once: does a regular expression leave something over of what
//! another one takes, and what?
//!
//! Every set becomes a deterministic automaton; a search through the product of the automatons then finds the shortest text
//! that is in some sets and not in others, or shows that there is none. Automatons can grow beyond any measure, so there is
//! a limit, and beyond it the answer is [`Found::Undecided`].

use std::collections::HashSet;
use std::fmt;
use std::sync::OnceLock;

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Dot, Hir, Look, Repetition,
};

use super::Re2;

type Dfa = dense::DFA<Vec<u32>>;

/// The largest automaton, in bytes. Most routes need less than a hundredth of it.
const LARGEST_AUTOMATON: usize = 1 << 20;

/// The most states that the search goes through.
const LONGEST_SEARCH: usize = 5_000;

/// A set of texts: what one matcher of Istio or Envoy takes.
///
/// Texts are what requests carry: UTF-8 without control characters. So `.*` takes every text, although it does not take a
/// line feed.
pub struct TextSet {
    rule: Rule,
    automaton: OnceLock<Option<Dfa>>,
}

enum Rule {
    Any,
    Exact(Plain),
    Prefix(Plain),
    /// A prefix that ends where a segment of a path ends, without the `/` at its own end.
    PathPrefix(Plain),
    Suffix(Plain),
    Regex(Re2),
}

/// A text that is compared letter by letter; as in Envoy, only letters of ASCII have two cases.
struct Plain {
    text: String,
    ignore_case: bool,
}

/// What [`find`] has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// One of the shortest texts, in the most readable letters.
    Text(String),
    /// There is no such text.
    Nothing,
    /// An automaton, or the search, would have become too large.
    Undecided,
}

impl TextSet {
    pub fn any() -> Self {
        Self::new(Rule::Any)
    }

    pub fn exact(text: &str) -> Self {
        Self::new(Rule::Exact(Plain::new(text)))
    }

    pub fn prefix(text: &str) -> Self {
        Self::new(Rule::Prefix(Plain::new(text)))
    }

    /// As `path_separated_prefix` of Envoy and `PathPrefix` of the Gateway API: `/a` takes `/a` and `/a/b`, and not `/ab`.
    pub fn path_prefix(text: &str) -> Self {
        match text.trim_end_matches('/') {
            "" => Self::prefix("/"),
            segments => Self::new(Rule::PathPrefix(Plain::new(segments))),
        }
    }

    pub fn suffix(text: &str) -> Self {
        Self::new(Rule::Suffix(Plain::new(text)))
    }

    /// The texts that match as a whole.
    pub fn regex(regex: Re2) -> Self {
        Self::new(Rule::Regex(regex))
    }

    /// The set without regard to the case of letters. Regular expressions stay as they are, as `ignoreUriCase` does not
    /// apply to them either.
    pub fn ignoring_case(mut self) -> Self {
        if let Rule::Exact(plain) | Rule::Prefix(plain) | Rule::PathPrefix(plain) | Rule::Suffix(plain) = &mut self.rule
        {
            plain.ignore_case = true;
        }
        self.automaton = OnceLock::new();
        self
    }

    fn new(rule: Rule) -> Self {
        Self { rule, automaton: OnceLock::new() }
    }

    pub fn contains(&self, text: &str) -> bool {
        match &self.rule {
            Rule::Any => true,
            Rule::Exact(plain) => plain.equals(text.as_bytes()),
            Rule::Prefix(plain) => plain.rest_of(text).is_some(),
            Rule::PathPrefix(plain) => plain.rest_of(text).is_some_and(|rest| rest.is_empty() || rest[0] == b'/'),
            Rule::Suffix(plain) => {
                let start = text.len().checked_sub(plain.text.len());
                start.is_some_and(|start| plain.equals(&text.as_bytes()[start..]))
            }
            Rule::Regex(regex) => regex.full_match(text),
        }
    }

    /// A text that is mostly in the set, made without a search: try it.
    pub fn example(&self) -> Option<String> {
        match &self.rule {
            Rule::Any => Some(String::new()),
            Rule::Exact(plain) | Rule::Prefix(plain) | Rule::PathPrefix(plain) | Rule::Suffix(plain) => {
                Some(plain.text.clone())
            }
            Rule::Regex(regex) => regex.example(),
        }
    }

    /// A text of `other` that this set does not have; [`Found::Nothing`] means that this set covers the other.
    pub fn lacks(&self, other: &TextSet) -> Found {
        find(&[other], &[self])
    }

    /// A text that both sets have.
    pub fn shares(&self, other: &TextSet) -> Found {
        find(&[self, other], &[])
    }

    fn only_text(&self) -> Option<&str> {
        match &self.rule {
            Rule::Exact(plain) if !plain.ignore_case => Some(&plain.text),
            _ => None,
        }
    }

    /// The shortest text of the set, where that is known without a search.
    fn shortest(&self) -> Option<&str> {
        match &self.rule {
            Rule::Any => Some(""),
            Rule::Exact(plain) | Rule::Prefix(plain) | Rule::PathPrefix(plain) | Rule::Suffix(plain) => {
                Some(&plain.text)
            }
            Rule::Regex(_) => None,
        }
    }

    /// Whether the set is known to cover `other` without a search. `false` says nothing.
    fn plainly_covers(&self, other: &TextSet) -> bool {
        match (&self.rule, &other.rule) {
            (Rule::Any, _) => true,
            (Rule::Regex(own), Rule::Regex(theirs)) => own == theirs,
            (Rule::Prefix(own), Rule::Prefix(plain) | Rule::PathPrefix(plain)) => {
                own.is_as_lax_as(plain) && self.contains(&plain.text)
            }
            (Rule::PathPrefix(own), Rule::PathPrefix(plain)) => own.is_as_lax_as(plain) && self.contains(&plain.text),
            (Rule::Suffix(own), Rule::Suffix(plain)) => own.is_as_lax_as(plain) && self.contains(&plain.text),
            _ => false,
        }
    }

    fn automaton(&self) -> Option<&Dfa> {
        let built = self.automaton.get_or_init(|| match &self.rule {
            Rule::Any => automaton(any_bytes()),
            Rule::Exact(plain) => automaton(plain.hir()),
            Rule::Prefix(plain) => automaton(Hir::concat(vec![plain.hir(), any_bytes()])),
            Rule::PathPrefix(plain) => {
                let segments = Hir::concat(vec![Hir::literal(*b"/"), any_bytes()]);
                automaton(Hir::concat(vec![plain.hir(), Hir::alternation(vec![segments, Hir::empty()])]))
            }
            Rule::Suffix(plain) => automaton(Hir::concat(vec![any_bytes(), plain.hir()])),
            Rule::Regex(regex) => regex.with_stack(|| automaton(regex.hir().clone())),
        });
        built.as_ref()
    }
}

impl fmt::Debug for TextSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, text): (_, &str) = match &self.rule {
            Rule::Any => ("Any", ""),
            Rule::Exact(plain) => ("Exact", &plain.text),
            Rule::Prefix(plain) => ("Prefix", &plain.text),
            Rule::PathPrefix(plain) => ("PathPrefix", &plain.text),
            Rule::Suffix(plain) => ("Suffix", &plain.text),
            Rule::Regex(regex) => ("Regex", regex.as_str()),
        };
        f.debug_tuple(name).field(&text).finish()
    }
}

impl Plain {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), ignore_case: false }
    }

    fn equals(&self, bytes: &[u8]) -> bool {
        if self.ignore_case { self.text.as_bytes().eq_ignore_ascii_case(bytes) } else { self.text.as_bytes() == bytes }
    }

    /// What follows this text at the start of `text`.
    fn rest_of<'t>(&self, text: &'t str) -> Option<&'t [u8]> {
        let (start, rest) = text.as_bytes().split_at_checked(self.text.len())?;
        self.equals(start).then_some(rest)
    }

    fn is_as_lax_as(&self, other: &Plain) -> bool {
        self.ignore_case || !other.ignore_case
    }

    fn hir(&self) -> Hir {
        if !self.ignore_case {
            return Hir::literal(self.text.as_bytes());
        }
        let both_cases = |byte: u8| {
            let cases = [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()];
            Hir::class(Class::Bytes(ClassBytes::new(cases.map(|byte| ClassBytesRange::new(byte, byte)))))
        };
        Hir::concat(self.text.bytes().map(both_cases).collect())
    }
}

/// The shortest text that is in every set of `all_of` and in no set of `none_of`.
///
/// With one set in `all_of` and several in `none_of` this tells whether these cover the one together.
pub fn find(all_of: &[&TextSet], none_of: &[&TextSet]) -> Found {
    if none_of.iter().any(|general| all_of.iter().any(|special| general.plainly_covers(special))) {
        return Found::Nothing;
    }
    let suits =
        |text: &str| all_of.iter().all(|set| set.contains(text)) && !none_of.iter().any(|set| set.contains(text));
    if let Some(only) = all_of.iter().find_map(|set| set.only_text()) {
        return if suits(only) { Found::Text(only.to_owned()) } else { Found::Nothing };
    }
    // No text that they share is shorter than the longest of their shortest texts.
    let shortest: Option<Vec<_>> = all_of.iter().map(|set| set.shortest()).collect();
    let longest = shortest.and_then(|texts| texts.into_iter().max_by_key(|text| text.len()));
    if let Some(text) = longest.filter(|text| is_text(text) && suits(text)) {
        return Found::Text(text.to_owned());
    }
    Search::new(all_of, none_of).map_or(Found::Undecided, Search::run)
}

fn is_text(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// The search through the product of automatons, breadth first, so that the first text that is found is a shortest one.
struct Search<'a> {
    automatons: Vec<&'a Dfa>,
    /// So many of the automatons have to match; the others must not.
    wanted: usize,
    /// One byte for all that no automaton tells apart, in the order of preference.
    bytes: Vec<u8>,
    steps: Vec<Step>,
    seen: HashSet<Box<[StateID]>>,
}

/// How a state of the product was first reached.
struct Step {
    states: Box<[StateID]>,
    before: usize,
    byte: u8,
}

impl<'a> Search<'a> {
    fn new(all_of: &[&'a TextSet], none_of: &[&'a TextSet]) -> Option<Self> {
        let mut automatons = vec![texts()?];
        for set in all_of.iter().chain(none_of) {
            automatons.push(set.automaton()?);
        }
        let bytes = distinct_bytes(&automatons);
        Some(Self { automatons, wanted: 1 + all_of.len(), bytes, steps: Vec::new(), seen: HashSet::new() })
    }

    fn run(mut self) -> Found {
        let start = start::Config::new().anchored(Anchored::Yes);
        let Ok(states) = self.automatons.iter().map(|automaton| automaton.start_state(&start)).collect() else {
            return Found::Undecided;
        };
        self.visit(states, 0, 0);
        let mut next = 0;
        while next < self.steps.len() {
            if self.is_end(&self.steps[next].states) {
                return self.text(next).map_or(Found::Undecided, Found::Text);
            }
            if self.steps.len() > LONGEST_SEARCH {
                return Found::Undecided;
            }
            for index in 0..self.bytes.len() {
                let byte = self.bytes[index];
                let states = self.automatons.iter().zip(&self.steps[next].states);
                let states = states.map(|(automaton, &state)| automaton.next_state(state, byte)).collect();
                self.visit(states, next, byte);
            }
            next += 1;
        }
        Found::Nothing
    }

    fn visit(&mut self, states: Box<[StateID]>, before: usize, byte: u8) {
        let mut wanted = self.automatons.iter().zip(&states).take(self.wanted);
        if wanted.any(|(automaton, &state)| automaton.is_dead_state(state)) {
            return;
        }
        if self.seen.insert(states.clone()) {
            self.steps.push(Step { states, before, byte });
        }
    }

    fn is_end(&self, states: &[StateID]) -> bool {
        let mut matches = self.automatons.iter().zip(states).enumerate();
        matches.all(|(index, (automaton, &state))| {
            automaton.is_match_state(automaton.next_eoi_state(state)) == (index < self.wanted)
        })
    }

    fn text(&self, end: usize) -> Option<String> {
        let mut bytes = Vec::new();
        let mut at = end;
        while at > 0 {
            bytes.push(self.steps[at].byte);
            at = self.steps[at].before;
        }
        bytes.reverse();
        String::from_utf8(bytes).ok()
    }
}

/// One byte, the most readable one, for each group of bytes that no automaton tells apart.
fn distinct_bytes(automatons: &[&Dfa]) -> Vec<u8> {
    let readable = (b'a'..=b'z').chain(b'0'..=b'9').chain(*b"/-._").chain(b'A'..=b'Z').chain(b'!'..=b'~');
    // What follows in the order begins with the bytes of `é`.
    let all = readable.chain([b' ', 0xC3, 0xA9]).chain(0..=u8::MAX);
    let mut groups = HashSet::new();
    let mut bytes = Vec::new();
    for byte in all {
        let group: Vec<_> = automatons.iter().map(|automaton| automaton.byte_classes().get(byte)).collect();
        if groups.insert(group) {
            bytes.push(byte);
        }
    }
    bytes
}

/// All that requests carry.
fn texts() -> Option<&'static Dfa> {
    static TEXTS: OnceLock<Option<Dfa>> = OnceLock::new();
    let build = || {
        let characters = [(' ', '~'), ('\u{A0}', char::MAX)];
        let ranges = characters.map(|(low, high)| ClassUnicodeRange::new(low, high));
        automaton(any_number_of(Hir::class(Class::Unicode(ClassUnicode::new(ranges)))))
    };
    TEXTS.get_or_init(build).as_ref()
}

fn any_bytes() -> Hir {
    any_number_of(Hir::dot(Dot::AnyByte))
}

fn any_number_of(hir: Hir) -> Hir {
    Hir::repetition(Repetition { min: 0, max: None, greedy: true, sub: Box::new(hir) })
}

/// The automaton that matches what `hir` matches as a whole, within the limit.
fn automaton(hir: Hir) -> Option<Dfa> {
    let whole = Hir::concat(vec![Hir::look(Look::Start), hir, Hir::look(Look::End)]);
    let thompson = thompson::Config::new()
        .utf8(false)
        .shrink(false)
        .which_captures(thompson::WhichCaptures::None)
        .nfa_size_limit(Some(LARGEST_AUTOMATON));
    let nfa = thompson::Compiler::new().configure(thompson).build_from_hir(&whole).ok()?;
    let dense = dense::Config::new()
        .match_kind(MatchKind::All)
        .start_kind(StartKind::Anchored)
        .dfa_size_limit(Some(LARGEST_AUTOMATON))
        .determinize_size_limit(Some(LARGEST_AUTOMATON));
    dense::Builder::new().configure(dense).build_from_nfa(&nfa).ok()
}

#[cfg(test)]
mod tests {
    use super::{Found, TextSet, find};
    use crate::format::Re2;

    fn regex(pattern: &str) -> TextSet {
        TextSet::regex(Re2::parse(pattern).unwrap())
    }

    fn text(text: &str) -> Found {
        Found::Text(text.to_owned())
    }

    #[test]
    fn examples_of_routes() {
        let table = [
            // A general set, a special one, and a text of the special one that the general one lacks.
            (regex(".*"), TextSet::prefix("/"), Found::Nothing),
            (TextSet::prefix("/"), regex("/api/v[0-9]+/.*"), Found::Nothing),
            (TextSet::prefix("/api/"), regex("/api/?.*"), text("/api")),
            (regex("/api/v[0-9]+"), regex("/api/v[0-9]+(/.*)?"), text("/api/v0/")),
            (regex("/(a|b)"), regex("/[ab]"), Found::Nothing),
            (regex("/[a-z]+"), TextSet::prefix("/"), text("/")),
            (regex("(?i)/api"), TextSet::exact("/API").ignoring_case(), Found::Nothing),
            (TextSet::exact("/api"), TextSet::exact("/api").ignoring_case(), text("/apI")),
            (TextSet::path_prefix("/a"), TextSet::prefix("/a"), text("/aa")),
            (TextSet::path_prefix("/"), TextSet::prefix("/"), Found::Nothing),
            (TextSet::suffix(".test"), regex(r"[a-z]+\.test"), Found::Nothing),
            (regex(r"[^.]+\.test"), TextSet::suffix(".test"), text(".test")),
            (regex("[ -~]*"), TextSet::any(), text("é")),
            (regex(r"\bfoo\b.*"), TextSet::prefix("foo"), text("fooa")),
        ];
        for (general, special, expected) in table {
            assert_eq!(general.lacks(&special), expected, "{general:?} {special:?}");
        }
    }

    #[test]
    fn several_sets_cover_one_together() {
        let (digits, letters, rest) = (regex("/[0-9].*"), regex("/[a-z].*"), regex("/[^0-9a-z].*"));
        let all = TextSet::prefix("/");
        assert_eq!(find(&[&all], &[&digits, &letters, &rest]), text("/"));
        assert_eq!(find(&[&all], &[&digits, &letters, &rest, &TextSet::exact("/")]), Found::Nothing);
    }

    #[test]
    fn what_is_too_large_is_undecided() {
        let large = regex("(.*a.{15})*");
        assert_eq!(large.lacks(&regex(".*b.{15}")), Found::Undecided);
        assert_eq!(large.shares(&TextSet::prefix("b")), Found::Undecided);
    }

    /// Every pair of sets, against every text of up to four letters.
    #[test]
    fn agrees_with_trying_texts() {
        let sets = [
            TextSet::any(),
            TextSet::exact("a"),
            TextSet::exact("ab").ignoring_case(),
            TextSet::exact("/a/b"),
            TextSet::prefix(""),
            TextSet::prefix("a"),
            TextSet::prefix("aB").ignoring_case(),
            TextSet::prefix("/a"),
            TextSet::path_prefix("/a"),
            TextSet::path_prefix("/A/").ignoring_case(),
            TextSet::suffix("b"),
            TextSet::suffix("/B").ignoring_case(),
            regex(""),
            regex("a*"),
            regex("(a|b)*"),
            regex("(ab)+"),
            regex("[^a]*"),
            regex("/a/?.*"),
            regex("(?i)a.b"),
            regex(r"\w+"),
            regex(r".*\b/.*"),
            regex("a{2,3}"),
            regex(r"[^\x00-\x{10FFFF}]"),
        ];
        let mut texts = vec![String::new()];
        for length in 0..4 {
            let longest: Vec<_> = texts.iter().filter(|text| text.len() == length).cloned().collect();
            texts.extend(longest.iter().flat_map(|text| ['a', 'b', 'B', '/'].map(|next| format!("{text}{next}"))));
        }
        let check = |found: Found, wanted: &dyn Fn(&str) -> bool, question: String| {
            let tried = texts.iter().find(|text| wanted(text));
            match found {
                Found::Text(text) => {
                    assert!(wanted(&text), "{question}: {text:?}");
                    assert!(tried.is_none_or(|tried| text.len() <= tried.len()), "{question}: {text:?}, not {tried:?}");
                }
                Found::Nothing => assert_eq!(tried, None, "{question}"),
                Found::Undecided => panic!("{question} is decided"),
            }
        };
        for (first, second) in sets.iter().flat_map(|first| sets.iter().map(move |second| (first, second))) {
            let lacking = |text: &str| second.contains(text) && !first.contains(text);
            check(first.lacks(second), &lacking, format!("{first:?} lacks {second:?}"));
            let shared = |text: &str| second.contains(text) && first.contains(text);
            check(first.shares(second), &shared, format!("{first:?} shares {second:?}"));
        }
    }
}
