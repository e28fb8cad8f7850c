//! Which requests the matches of VirtualServices accept: whether one match accepts all that another does, whether they
//! can meet, and an example of what they accept.
//!
//! The whole predicate counts: path, method, scheme, authority, headers, query parameters, port, gateways and source.
//! Answers are exact; where a regular expression is too large to be compared, or was not to be, they are
//! [`Verdict::Undecided`], never a guess. What a condition means is Envoy's business: istio 1.31
//! `pilot/pkg/networking/core/route/route.go` (`TranslateRouteMatch`), Envoy 1.38 `config.route.v3.RouteMatch`.

mod condition;
mod covers;
mod http;
mod l4;
mod pattern;
mod proxies;
mod request;
mod text;

pub use condition::{Condition, Conditions};
pub use covers::CoverIndex;
pub use http::{HttpPredicate, is_no_path};
pub use l4::{L4Index, L4Predicate};
pub use proxies::{Client, Gateway, Proxies};
pub use request::{Connection, Request};
pub use text::TextMatch;

/// Predicates, to be asked which of them cover another.
pub trait Covers<'p, P> {
    /// An example of what predicates accept.
    type Witness;

    /// Adds a predicate under a number of the caller's.
    fn insert(&mut self, number: usize, predicate: &'p P);

    /// The smallest number of a predicate that covers `other`; if none does, those that do so for each of its gateways.
    fn takers(&self, other: &'p P) -> Option<Vec<usize>>;

    /// An example of what a predicate accepts, and the smallest number of a predicate that accepts it.
    fn witness(&self, of: &'p P) -> Option<(Self::Witness, usize)>;
}

/// The answer to a question about all requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    No,
    Undecided,
    Yes,
}

/// How much a comparison of regular expressions may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// Nothing: only what is plain to see is decided.
    Never,
    /// A search through their automatons.
    Allowed,
}

impl Verdict {
    pub fn is_yes(self) -> bool {
        self == Verdict::Yes
    }

    fn of(yes: bool) -> Self {
        if yes { Verdict::Yes } else { Verdict::No }
    }

    /// Whether all of `verdicts` hold. Stops at the first that does not.
    fn all(verdicts: impl IntoIterator<Item = Verdict>) -> Self {
        let mut worst = Verdict::Yes;
        for verdict in verdicts {
            worst = worst.min(verdict);
            if worst == Verdict::No {
                break;
            }
        }
        worst
    }

    /// Whether any of `verdicts` holds. Stops at the first that does.
    fn any(verdicts: impl IntoIterator<Item = Verdict>) -> Self {
        let mut best = Verdict::No;
        for verdict in verdicts {
            best = best.max(verdict);
            if best == Verdict::Yes {
                break;
            }
        }
        best
    }

    fn not(self) -> Self {
        match self {
            Verdict::Yes => Verdict::No,
            Verdict::Undecided => Verdict::Undecided,
            Verdict::No => Verdict::Yes,
        }
    }
}
