//! The routes of one virtual host, so arranged that a request is compared with few of them.
//!
//! Envoy takes the first route that matches. Here routes are found by their path: exact ones by hashing, prefixes by a
//! binary search and the chain of shorter prefixes; only regular expressions and the like are tried one by one. Order
//! still decides: [`RouteTable::find`] gives what trying all in turn gives.

use rustc_hash::FxHashMap;

use crate::envoy::Any;
use crate::envoy::core::RuntimeFractionalPercent;
use crate::envoy::route::{PathSpecifier, Route, RouteMatch};

use super::call::Request;
use super::matching::{HeaderTest, Metadata, MetadataTest, QueryTest, Regex};
use super::template::Template;

#[derive(Debug)]
pub struct RouteTable {
    conditions: Vec<Conditions>,
    exact: FxHashMap<String, Vec<usize>>,
    /// In lower case.
    exact_in_any_case: FxHashMap<String, Vec<usize>>,
    prefixes: Prefixes,
    /// In lower case.
    prefixes_in_any_case: Prefixes,
    others: Vec<usize>,
}

/// What a request must be for a route.
#[derive(Debug)]
struct Conditions {
    path: PathTest,
    headers: Vec<HeaderTest>,
    parameters: Vec<QueryTest>,
    metadata: Vec<MetadataTest>,
    /// Of a million requests, if not all.
    portion: Option<u64>,
}

#[derive(Debug)]
enum PathTest {
    Exact {
        path: String,
        any_case: bool,
    },
    Prefix {
        prefix: String,
        any_case: bool,
    },
    /// The prefix ends where a segment does.
    Segments {
        prefix: String,
        any_case: bool,
    },
    Regex(Regex),
    Template(Template),
    Connect,
    /// A matcher that nobody renders.
    Unknown,
}

/// Prefixes in order. Each knows the longest other one that it begins with, so that all prefixes of a path are found
/// from the last one that is not after the path.
#[derive(Debug, Default)]
struct Prefixes(Vec<Prefix>);

#[derive(Debug)]
struct Prefix {
    text: String,
    routes: Vec<usize>,
    shorter: Option<usize>,
}

impl RouteTable {
    pub fn new(routes: &[Route]) -> Self {
        let conditions: Vec<_> = routes.iter().map(|route| Conditions::new(route.r#match.as_ref())).collect();
        let (mut exact, mut exact_in_any_case) = (FxHashMap::<_, Vec<_>>::default(), FxHashMap::<_, Vec<_>>::default());
        let (mut prefixes, mut prefixes_in_any_case) = (Vec::new(), Vec::new());
        let mut others = Vec::new();
        for (index, conditions) in conditions.iter().enumerate() {
            match &conditions.path {
                PathTest::Exact { path, any_case: false } => exact.entry(path.clone()).or_default().push(index),
                PathTest::Exact { path, any_case: true } => {
                    exact_in_any_case.entry(path.to_ascii_lowercase()).or_default().push(index);
                }
                PathTest::Prefix { prefix, any_case: false } | PathTest::Segments { prefix, any_case: false } => {
                    prefixes.push((prefix.clone(), index));
                }
                PathTest::Prefix { prefix, any_case: true } | PathTest::Segments { prefix, any_case: true } => {
                    prefixes_in_any_case.push((prefix.to_ascii_lowercase(), index));
                }
                PathTest::Regex(_) | PathTest::Template(_) | PathTest::Connect | PathTest::Unknown => {
                    others.push(index)
                }
            }
        }
        Self {
            conditions,
            exact,
            exact_in_any_case,
            prefixes: Prefixes::new(prefixes),
            prefixes_in_any_case: Prefixes::new(prefixes_in_any_case),
            others,
        }
    }

    /// The first route that takes the request. A route for a part of the requests counts if that part is not none.
    pub fn find(&self, request: &Request, metadata: &Metadata) -> Option<usize> {
        self.find_by(request, metadata, None)
    }

    /// With a random number, which decides whether the request is of a part of the requests.
    pub fn find_by(&self, request: &Request, metadata: &Metadata, random: Option<u64>) -> Option<usize> {
        let path = request.bare_path();
        let mut first = Earliest { table: self, request, path, metadata, random, found: None };
        first.look_in(self.exact.get(path));
        self.prefixes.of(path).for_each(|prefix| first.look_in(Some(&prefix.routes)));
        if !self.exact_in_any_case.is_empty() || !self.prefixes_in_any_case.0.is_empty() {
            let lower = path.to_ascii_lowercase();
            first.look_in(self.exact_in_any_case.get(&lower));
            self.prefixes_in_any_case.of(&lower).for_each(|prefix| first.look_in(Some(&prefix.routes)));
        }
        first.look_in(Some(&self.others));
        first.found
    }

    /// Why a route does not take the request: its first condition that fails.
    pub fn mismatch(&self, route: usize, request: &Request, metadata: &Metadata) -> Option<String> {
        self.conditions.get(route)?.mismatch(request, metadata)
    }

    /// How many bytes of the path a route matches; a rewritten prefix takes their place.
    pub fn matched_length(&self, route: usize, request: &Request) -> usize {
        match self.conditions.get(route).map(|conditions| &conditions.path) {
            Some(PathTest::Prefix { prefix, .. } | PathTest::Segments { prefix, .. }) => prefix.len(),
            _ => request.bare_path().len(),
        }
    }

    /// Of a million requests that meet all other conditions, how many the route takes, if not all.
    pub fn portion(&self, route: usize) -> Option<u64> {
        self.conditions.get(route)?.portion
    }
}

/// The search for the first of many routes.
struct Earliest<'s> {
    table: &'s RouteTable,
    request: &'s Request,
    path: &'s str,
    metadata: &'s Metadata,
    random: Option<u64>,
    found: Option<usize>,
}

impl Earliest<'_> {
    /// `routes` are in order.
    fn look_in(&mut self, routes: Option<&Vec<usize>>) {
        let earlier = |route: &&usize| self.found.is_none_or(|found| **route < found);
        let mut candidates = routes.into_iter().flatten().take_while(earlier);
        let found = candidates.find(|route| {
            let conditions = &self.table.conditions[**route];
            conditions.takes_part(self.random) && conditions.hold(self.path, self.request, self.metadata)
        });
        self.found = found.copied().or(self.found);
    }
}

impl Prefixes {
    fn new(mut prefixes: Vec<(String, usize)>) -> Self {
        prefixes.sort();
        let mut sorted: Vec<Prefix> = Vec::new();
        for (text, route) in prefixes {
            match sorted.last_mut() {
                Some(last) if last.text == text => last.routes.push(route),
                _ => {
                    let mut shorter = sorted.len().checked_sub(1);
                    while let Some(at) = shorter.filter(|&at| !text.starts_with(&sorted[at].text)) {
                        shorter = sorted[at].shorter;
                    }
                    sorted.push(Prefix { text, routes: vec![route], shorter });
                }
            }
        }
        Self(sorted)
    }

    /// Those that `path` begins with, the longest first.
    fn of<'p>(&'p self, path: &'p str) -> impl Iterator<Item = &'p Prefix> {
        // What is between a prefix of the path and the path begins with that prefix too, so the chain has them all.
        let last = self.0.partition_point(|prefix| prefix.text.as_str() <= path).checked_sub(1);
        let chain = std::iter::successors(last.map(|at| &self.0[at]), |prefix| prefix.shorter.map(|at| &self.0[at]));
        chain.filter(move |prefix| path.starts_with(&prefix.text))
    }
}

impl Conditions {
    fn new(matched: Option<&RouteMatch>) -> Self {
        let Some(matched) = matched else { return Self::of_path(PathTest::Unknown) };
        Self {
            headers: matched.headers.iter().map(HeaderTest::new).collect(),
            parameters: matched.query_parameters.iter().map(QueryTest::new).collect(),
            metadata: matched.dynamic_metadata.iter().map(MetadataTest::new).collect(),
            portion: matched.runtime_fraction.as_ref().map(millionths),
            ..Self::of_path(PathTest::new(matched))
        }
    }

    fn of_path(path: PathTest) -> Self {
        Self { path, headers: Vec::new(), parameters: Vec::new(), metadata: Vec::new(), portion: None }
    }

    fn takes_part(&self, random: Option<u64>) -> bool {
        match (self.portion, random) {
            (None, _) => true,
            (Some(portion), None) => portion > 0,
            (Some(portion), Some(random)) => random % super::answer::ALL < portion,
        }
    }

    /// `path` is that of the request without its query.
    fn hold(&self, path: &str, request: &Request, metadata: &Metadata) -> bool {
        self.path.matches(path, request)
            && self.headers.iter().all(|test| test.matches(request))
            && self.parameters.iter().all(|test| test.matches(request))
            && self.metadata.iter().all(|test| test.matches(metadata))
    }

    fn mismatch(&self, request: &Request, metadata: &Metadata) -> Option<String> {
        if !self.path.matches(request.bare_path(), request) {
            return Some(self.path.requirement());
        }
        if self.portion == Some(0) {
            return Some("takes 0% of requests".to_owned());
        }
        let headers = || self.headers.iter().find_map(|test| test.mismatch(request));
        let parameters = || self.parameters.iter().find_map(|test| test.mismatch(request));
        let metadata = || self.metadata.iter().find_map(|test| test.mismatch(metadata));
        headers().or_else(parameters).or_else(metadata)
    }
}

/// A fraction in millionths.
pub fn millionths(fraction: &RuntimeFractionalPercent) -> u64 {
    fraction.default_value.as_ref().map_or(0, super::answer::parts_of_a_million)
}

impl PathTest {
    fn new(matched: &RouteMatch) -> Self {
        let any_case = matched.case_sensitive == Some(false);
        match &matched.path_specifier {
            Some(PathSpecifier::Path(path)) => PathTest::Exact { path: path.clone(), any_case },
            Some(PathSpecifier::Prefix(prefix)) => PathTest::Prefix { prefix: prefix.clone(), any_case },
            Some(PathSpecifier::PathSeparatedPrefix(prefix)) => PathTest::Segments { prefix: prefix.clone(), any_case },
            Some(PathSpecifier::SafeRegex(regex)) => PathTest::Regex(Regex::new(&regex.regex)),
            Some(PathSpecifier::ConnectMatcher(_)) => PathTest::Connect,
            Some(PathSpecifier::PathMatchPolicy(policy)) => match &policy.typed_config {
                Some(Any::UriTemplate(template)) => PathTest::Template(Template::new(&template.path_template)),
                _ => PathTest::Unknown,
            },
            None => PathTest::Unknown,
        }
    }

    fn matches(&self, path: &str, request: &Request) -> bool {
        // Paths are bytes: a prefix of other letters may end within one of these.
        let begins = |prefix: &str, any_case: bool| match any_case {
            true => path.as_bytes().get(..prefix.len()).is_some_and(|own| own.eq_ignore_ascii_case(prefix.as_bytes())),
            false => path.starts_with(prefix),
        };
        match self {
            PathTest::Exact { path: own, any_case: true } => path.eq_ignore_ascii_case(own),
            PathTest::Exact { path: own, any_case: false } => path == own,
            PathTest::Prefix { prefix, any_case } => begins(prefix, *any_case),
            PathTest::Segments { prefix, any_case } => {
                begins(prefix, *any_case) && matches!(path.as_bytes().get(prefix.len()), None | Some(b'/'))
            }
            PathTest::Regex(regex) => regex.matches(path),
            PathTest::Template(template) => template.matches(path),
            PathTest::Connect => request.method == "CONNECT",
            PathTest::Unknown => false,
        }
    }

    fn requirement(&self) -> String {
        let case = |any_case: bool| if any_case { " in any case" } else { "" };
        match self {
            PathTest::Exact { path, any_case } => format!("path must be `{path}`{}", case(*any_case)),
            PathTest::Prefix { prefix, any_case } => format!("path must start with `{prefix}`{}", case(*any_case)),
            PathTest::Segments { prefix, any_case } => {
                format!("path must be `{prefix}` or below{}", case(*any_case))
            }
            PathTest::Regex(regex) => format!("path must match {regex}"),
            PathTest::Template(template) => format!("path must fit `{template}`"),
            PathTest::Connect => "method must be `CONNECT`".to_owned(),
            PathTest::Unknown => "has no condition on the path that can be executed here".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RouteTable;
    use crate::envoy::Json;
    use crate::envoy::route::Route;
    use crate::trace::{Headers, Request};

    fn table(matches: &[Value]) -> RouteTable {
        let routes: Vec<_> = matches.iter().map(|matched| Route::read(&json!({"match": matched})).unwrap()).collect();
        RouteTable::new(&routes)
    }

    /// What Envoy does: the first of all.
    fn naive(table: &RouteTable, request: &Request) -> Option<usize> {
        let none = serde_json::Map::new();
        (0..table.conditions.len()).find(|&route| table.mismatch(route, request, &none).is_none())
    }

    #[test]
    fn paths_match_as_in_envoy() {
        let table_of = [
            (json!({"prefix": "/foo"}), &["/foo", "/foobar", "/foo?x"][..], &["/Foo", "/fo"][..]),
            (json!({"prefix": "/foo", "caseSensitive": false}), &["/FOObar"], &["/fo"]),
            (json!({"path": "/a"}), &["/a", "/a?x=1"], &["/a/", "/A"]),
            (json!({"path": "/a", "caseSensitive": false}), &["/A"], &["/b"]),
            (json!({"pathSeparatedPrefix": "/a"}), &["/a", "/a/b", "/a?x"], &["/ab"]),
            (json!({"safeRegex": {"regex": "/re/[0-9]+"}}), &["/re/12", "/re/12?x"], &["/re/12/x", "/re/"]),
            (json!({"connectMatcher": {}}), &[], &["/"]),
            (json!({"prefix": "/", "runtimeFraction": {"defaultValue": {"numerator": 0}}}), &[], &["/"]),
        ];
        for (matched, yes, no) in table_of {
            let table = table(std::slice::from_ref(&matched));
            let found = |path: &&str| table.find(&Request::get("a", *path), &serde_json::Map::new()).is_some();
            assert!(yes.iter().all(found), "{matched}");
            assert!(!no.iter().any(found), "{matched}");
        }
    }

    #[test]
    fn a_reason_is_given_for_the_first_condition_that_fails() {
        let table = table(&[
            json!({"prefix": "/a"}),
            json!({"prefix": "/", "headers": [{"name": "x", "stringMatch": {"exact": "1"}}]}),
            json!({"prefix": "/"}),
        ]);
        let request = Request::get("a", "/b");
        let reasons: Vec<_> = (0..3).map(|route| table.mismatch(route, &request, &serde_json::Map::new())).collect();
        let text = |text: &str| Some(text.to_owned());
        let absent = text("header `x` must be `1`, but it is absent");
        assert_eq!(reasons, [text("path must start with `/a`"), absent, None]);
    }

    /// Tables and requests of every kind over few letters, so that they meet: the index never decides otherwise.
    #[test]
    fn the_index_keeps_the_order_of_routes() {
        let mut random = Random(1);
        for _ in 0..300 {
            let matches: Vec<_> = (0..random.below(40)).map(|_| random.route_match()).collect();
            let table = table(&matches);
            for _ in 0..40 {
                let headers: Headers = (0..random.below(2)).map(|_| ("x", ["1", "2"][random.below(2)])).collect();
                let request = Request { headers, ..Request::get("a", random.path()) };
                let found = table.find(&request, &serde_json::Map::new());
                assert_eq!(found, naive(&table, &request), "{} of {matches:?}", request.path);
            }
        }
    }

    /// Marsaglia's xorshift: the same tables in every run.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 % limit as u64) as usize
        }

        fn path(&mut self) -> String {
            let letters = ["/", "a", "b", "A", "é", "/a"];
            let rest: String = (0..self.below(6)).map(|_| letters[self.below(letters.len())]).collect();
            format!("/{rest}{}", ["", "?a=b"][self.below(2)])
        }

        fn route_match(&mut self) -> Value {
            let text = self.path().replace("?a=b", "");
            let mut matched = match self.below(8) {
                0 | 1 => json!({"path": text}),
                2..=4 => json!({"prefix": text}),
                5 => json!({"pathSeparatedPrefix": text.trim_end_matches('/')}),
                6 => json!({"prefix": ""}),
                _ => json!({"safeRegex": {"regex": format!("{text}.*")}}),
            };
            if self.below(3) == 0 {
                matched["caseSensitive"] = json!(false);
            }
            if self.below(2) == 0 {
                matched["headers"] = json!([{"name": "x", "stringMatch": {"exact": "1"}}]);
            }
            matched
        }
    }
}
