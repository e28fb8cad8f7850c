//! Finds, among many predicates, those that cover another, without comparing all pairs.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::hash::BuildHasher;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::pattern;
use super::{Covers, HttpPredicate, Request, Search, Verdict};

/// Predicates, to be asked which of them cover another.
///
/// Whatever covers a predicate asks for a start of its path and for none but its exact values. So each is kept under the
/// literal start of its path and one exact value that it asks for, and only those under starts of the path in question
/// and under its values are compared.
#[derive(Debug)]
pub struct CoverIndex<'p, 'm> {
    /// By the hash of a start and a fact: what meets by accident is compared in vain. Each list is in the order of insertion.
    entries: FxHashMap<u64, Vec<Entry<'p, 'm>>>,
    /// The lengths of the starts that there are.
    lengths: BTreeSet<usize>,
    /// How many pairs may still be compared, and how many of them by a search through regular expressions.
    comparisons: Cell<u32>,
    searches: Cell<u32>,
}

type Entry<'p, 'm> = (usize, &'p HttpPredicate<'m>);

/// Enough for all but lists of thousands of predicates that no exact value tells apart, where the time would go with the
/// square. What is not compared is not said to be covered.
const COMPARISONS: u32 = 1_000_000;
const SEARCHES: u32 = 500;

impl Default for CoverIndex<'_, '_> {
    fn default() -> Self {
        Self {
            entries: FxHashMap::default(),
            lengths: BTreeSet::new(),
            comparisons: Cell::new(COMPARISONS),
            searches: Cell::new(SEARCHES),
        }
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

impl<'p, 'm> Covers<'p, HttpPredicate<'m>> for CoverIndex<'p, 'm> {
    type Witness = Request<'m>;

    /// Numbers must grow.
    fn insert(&mut self, number: usize, predicate: &'p HttpPredicate<'m>) {
        let start = predicate.path.literal();
        // Exact paths and prefixes are found by their start; what follows them may have other segments.
        let mut facts = facts(predicate);
        facts.retain(|(_, fact)| predicate.path.is_pattern() || !matches!(fact, Fact::Segment(_)));
        // Of facts that tell more predicates apart first.
        let fact = facts.into_iter().min_by_key(|(rank, _)| *rank);
        self.lengths.insert(start.len());
        self.entries.entry(key(start, fact.map(|(_, fact)| fact))).or_default().push((number, predicate));
    }

    fn takers(&self, other: &'p HttpPredicate<'m>) -> Option<Vec<usize>> {
        let lists = self.candidates(other.path.literal(), &facts(other));
        let first = |ask: &dyn Fn(&HttpPredicate<'m>, Search) -> Verdict| {
            let of_list = |list: &&[Entry<'p, 'm>]| {
                let found = list.iter().find(|(_, own)| self.decide(|search| ask(own, search)));
                found.map(|(number, _)| *number)
            };
            lists.iter().filter_map(of_list).min()
        };
        if let Some(number) = first(&|own, search| own.covers(other, search)) {
            return Some(vec![number]);
        }
        if other.proxies.gateways().len() < 2 {
            return None;
        }
        other.proxies.gateways().map(|gateway| first(&|own, search| own.covers_at(gateway, other, search))).collect()
    }

    fn witness(&self, of: &'p HttpPredicate<'m>) -> Option<(Request<'m>, usize)> {
        let request = of.witness()?;
        let lists = self.candidates(&request.path, &facts_of_request(&request));
        let accepting = |list: &&[Entry<'p, 'm>]| {
            let found = list.iter().find(|(_, own)| own.accepts(&request).is_yes());
            found.map(|(number, _)| *number)
        };
        let first = lists.iter().filter_map(accepting).min()?;
        Some((request, first))
    }
}

impl<'p, 'm> CoverIndex<'p, 'm> {
    /// The numbers of the predicates that cover `other`, in no order.
    pub fn covering(&self, other: &'p HttpPredicate<'m>) -> impl Iterator<Item = usize> {
        let candidates = self.candidates(other.path.literal(), &facts(other)).into_iter().flatten();
        let covering = candidates.filter(|(_, own)| self.decide(|search| own.covers(other, search)));
        covering.map(|(number, _)| *number)
    }

    /// Asks first what is plain to see, and then for a search, as long as not too much was asked.
    fn decide(&self, ask: impl Fn(Search) -> Verdict) -> bool {
        let may = |left: &Cell<u32>| left.replace(left.get().saturating_sub(1)) > 0;
        match may(&self.comparisons).then(|| ask(Search::Never)) {
            Some(Verdict::Undecided) => may(&self.searches) && ask(Search::Allowed).is_yes(),
            plain => plain == Some(Verdict::Yes),
        }
    }

    /// The entries for paths that start like this one and for any of the facts, in lists.
    fn candidates(&self, path: &str, facts: &[(u8, Fact<'_>)]) -> Vec<&[Entry<'p, 'm>]> {
        let lower = path.to_ascii_lowercase();
        let mut found = Vec::new();
        for text in [path, lower.as_str()] {
            for length in self.lengths.iter().take_while(|length| **length <= text.len()) {
                let Some(start) = text.get(..*length) else { continue };
                for fact in facts.iter().map(|(_, fact)| Some(*fact)).chain([None]) {
                    found.extend(self.entries.get(&key(start, fact)).map(Vec::as_slice));
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

fn key(start: &str, fact: Option<Fact<'_>>) -> u64 {
    FxBuildHasher.hash_one((start, fact))
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

/// What a request has: all of it is exact.
fn facts_of_request<'r>(request: &'r Request<'_>) -> Vec<(u8, Fact<'r>)> {
    let headers = request.headers.iter().map(|(name, value)| Fact::Header(name, value));
    let query = request.query.iter().map(|(name, value)| Fact::Query(name, value));
    let labels = request.client.labels.iter().map(|(key, value)| Fact::Label(key, value));
    let namespace = request.client.namespace.map(Fact::Namespace);
    let segments = pattern::segments(&request.path).map(Fact::Segment);
    let facts = headers.chain(query).chain(labels).chain(namespace).chain(segments);
    facts.chain([Fact::Port(request.port)]).map(|fact| (0, fact)).collect()
}
