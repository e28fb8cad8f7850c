//! Finds, among many predicates, those that cover another, without comparing all pairs.

use std::cell::Cell;
use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::{Covers, HttpPredicate, Search, Verdict};

/// Predicates, to be asked which of them cover another.
///
/// Whatever covers a predicate asks for a start of its path and for none but its exact values. So each is kept under the
/// literal start of its path and one exact value that it asks for, and only those under starts of the path in question
/// and under its values are compared.
#[derive(Debug)]
pub struct CoverIndex<'p, 'm> {
    entries: FxHashMap<Key<'p>, Vec<(usize, &'p HttpPredicate<'m>)>>,
    /// The lengths of the starts that there are.
    lengths: BTreeSet<usize>,
    /// How many pairs of regular expressions may still be compared by a search.
    searches: Cell<u32>,
}

/// Enough for all but lists of thousands of regular expressions that start alike; there the time would go with the square.
const SEARCHES: u32 = 2_000;

impl Default for CoverIndex<'_, '_> {
    fn default() -> Self {
        Self { entries: FxHashMap::default(), lengths: BTreeSet::new(), searches: Cell::new(SEARCHES) }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key<'p> {
    start: std::borrow::Cow<'p, str>,
    fact: Option<Fact<'p>>,
}

impl<'p, 'm> Covers<'p, HttpPredicate<'m>> for CoverIndex<'p, 'm> {
    fn insert(&mut self, number: usize, predicate: &'p HttpPredicate<'m>) {
        CoverIndex::insert(self, number, predicate);
    }

    fn first_covering(&self, other: &'p HttpPredicate<'m>) -> Option<usize> {
        self.covering(other).min()
    }
}

/// Something exact that a predicate asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Fact<'p> {
    Header(&'p str, &'p str),
    Query(&'p str, &'p str),
    Label(&'p str, &'p str),
    Namespace(&'p str),
    Port(i64),
    /// Between two slashes of the path.
    Segment(&'p str),
}

impl<'p, 'm> CoverIndex<'p, 'm> {
    /// Adds a predicate under a number of the caller's.
    pub fn insert(&mut self, number: usize, predicate: &'p HttpPredicate<'m>) {
        let start = predicate.path.literal();
        // Of facts that tell more predicates apart first.
        let facts = facts(predicate).into_iter();
        // Exact paths and prefixes are found by their start; what follows them may have other segments.
        let usable = facts.filter(|(_, fact)| predicate.path.is_pattern() || !matches!(fact, Fact::Segment(_)));
        let fact = usable.min_by_key(|(rank, _)| *rank);
        self.lengths.insert(start.len());
        let key = Key { start: start.into(), fact: fact.map(|(_, fact)| fact) };
        self.entries.entry(key).or_default().push((number, predicate));
    }

    /// The numbers of the predicates that cover `other`, in no order.
    pub fn covering(&self, other: &'p HttpPredicate<'m>) -> impl Iterator<Item = usize> {
        let candidates = self.candidates(other).into_iter().flatten();
        candidates.filter(|(_, own)| self.decide(own, other)).map(|(number, _)| *number)
    }

    fn decide(&self, own: &HttpPredicate<'m>, other: &HttpPredicate<'m>) -> bool {
        match own.covers(other, Search::Never) {
            Verdict::Undecided if self.searches.get() > 0 => {
                self.searches.set(self.searches.get() - 1);
                own.covers(other, Search::Allowed).is_yes()
            }
            verdict => verdict.is_yes(),
        }
    }

    fn candidates(&self, other: &'p HttpPredicate<'m>) -> Vec<&[(usize, &'p HttpPredicate<'m>)]> {
        let path = other.path.literal();
        let lower = path.to_lowercase();
        let facts: Vec<_> = facts(other).into_iter().map(|(_, fact)| Some(fact)).chain([None]).collect();
        let mut found = Vec::new();
        for text in [path, lower.as_str()] {
            for length in self.lengths.iter().take_while(|length| **length <= text.len()) {
                let Some(start) = text.get(..*length) else { continue };
                for fact in &facts {
                    let key = Key { start: start.to_owned().into(), fact: *fact };
                    found.extend(self.entries.get(&key).map(Vec::as_slice));
                }
            }
            // Starts that ignore case are kept in lower case; mostly the path has no other.
            if lower == path {
                break;
            }
        }
        found
    }
}

/// The facts of a predicate, each with its rank: the lower, the more it tells apart.
fn facts<'p>(predicate: &'p HttpPredicate<'_>) -> Vec<(u8, Fact<'p>)> {
    let header = |(name, value): (&'p str, &'p str)| {
        let rank = match name {
            ":method" | ":scheme" => 5,
            ":authority" => 2,
            _ => 0,
        };
        (rank, Fact::Header(name, value))
    };
    let headers = predicate.headers.exact().map(header);
    let query = predicate.query.exact().map(|(name, value)| (1, Fact::Query(name, value)));
    let labels = predicate.proxies.labels().iter().map(|(key, value)| (3, Fact::Label(key, value)));
    let namespace = predicate.proxies.namespace().map(|name| (3, Fact::Namespace(name)));
    let port = predicate.port.map(|port| (4, Fact::Port(port)));
    let longest = |segment: &&str| std::cmp::Reverse(segment.len());
    let mut segments = predicate.path.segments();
    segments.sort_by_key(longest);
    let segments = segments.into_iter().map(|segment| (1, Fact::Segment(segment)));
    headers.chain(segments).chain(query).chain(labels).chain(namespace).chain(port).collect()
}
