mod class;
mod example;
mod parser;
mod program;
mod substitution;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::OnceLock;

use regex_automata::meta::Regex;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::{Hir, Look};
use rustc_hash::FxHashMap;

pub use substitution::Substitution;

use super::Reason;

/// A regular expression of [RE2](https://github.com/google/re2/wiki/Syntax), which Envoy matches with and istiod checks
/// with the like of Go.
///
/// The syntax is that of RE2, not that of the crate regex: `\d`, `\w`, `\s` and `\b` know ASCII only, `\Q.+\E` quotes,
/// `[a&&b]` is a class of `a`, `b` and `&`, `a{,3}` is a text, and `a**`, `(?x)`, `\Z` and counts above 1000 are refused.
/// [`Re2::istio`] adds what istiod asks.
///
/// Reading a pattern is cheap; what matches is built at the first match.
pub struct Re2 {
    pattern: Box<str>,
    hir: Hir,
    groups: u32,
    depth: usize,
    beyond_go: Option<Reason>,
    whole: OnceLock<Option<Regex>>,
    part: OnceLock<Option<Regex>>,
}

/// The longest pattern that istiod takes, in bytes (`validateStringRegexp` in pkg/config/validation/validation.go).
const LONGEST_OF_ISTIO: usize = 1024;

impl Re2 {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let parser::Parsed { hir, groups, depth, beyond_go } = parser::parse(text)?;
        if program::size(&hir) > program::LARGEST {
            return Err(Reason::new(format!("the regular expression `{text}` needs more memory than RE2 takes")));
        }
        Ok(Self { pattern: text.into(), hir, groups, depth, beyond_go, whole: OnceLock::new(), part: OnceLock::new() })
    }

    /// The same for all in this thread who ask for a pattern: what a configuration says of requests is asked for with
    /// each one. `None` if it is no pattern.
    pub fn shared(text: &str) -> Option<Rc<Self>> {
        const MOST: usize = 10_000;
        thread_local! {
            static PATTERNS: RefCell<FxHashMap<String, Option<Rc<Re2>>>> = RefCell::default();
        }
        PATTERNS.with_borrow_mut(|patterns| {
            if let Some(known) = patterns.get(text) {
                return known.clone();
            }
            // Configurations come and go.
            if patterns.len() >= MOST {
                patterns.clear();
            }
            let parsed = Self::parse(text).ok().map(Rc::new);
            patterns.insert(text.to_owned(), parsed.clone());
            parsed
        })
    }

    /// What istiod asks more of a pattern: not empty, at most 1024 bytes, and legal for Go too.
    pub fn istio(&self) -> Result<(), Reason> {
        if self.pattern.is_empty() {
            return Err(Reason::new("a regular expression cannot be empty").help("write `.*` for any text"));
        }
        if self.pattern.len() > LONGEST_OF_ISTIO {
            let length = self.pattern.len();
            return Err(Reason::new(format!(
                "a regular expression of {length} bytes is longer than {LONGEST_OF_ISTIO}"
            )));
        }
        self.beyond_go.clone().map_or(Ok(()), Err)
    }

    pub fn as_str(&self) -> &str {
        &self.pattern
    }

    /// The pattern in the form of the crate regex-syntax, without anchors, with its groups.
    pub fn hir(&self) -> &Hir {
        &self.hir
    }

    /// The number of groups that capture, without the whole match.
    pub fn groups(&self) -> u32 {
        self.groups
    }

    /// About how many instructions RE2 makes of the pattern. Envoy refuses patterns by that number: by default with more
    /// than 100, and in Istio, whose bootstrap sets `re2.max_program_size.error_level`, with more than 32768.
    pub fn program_size(&self) -> u64 {
        program::size(&self.hir)
    }

    /// Whether istiod takes a route with this pattern for one that catches all: exactly `.*`
    /// (`isCatchAllMatch` in pilot/pkg/networking/core/route/route.go).
    pub fn is_any(&self) -> bool {
        &*self.pattern == ".*"
    }

    /// Whether the whole of `text` matches, as Envoy's matchers ask.
    pub fn full_match(&self, text: impl AsRef<[u8]>) -> bool {
        let whole = self.whole.get_or_init(|| self.with_stack(|| build(&self.anchored())));
        whole.as_ref().is_some_and(|regex| regex.is_match(Input::new(text.as_ref()).anchored(Anchored::Yes)))
    }

    /// A text that mostly matches as a whole, made without a search: try it.
    pub fn example(&self) -> Option<String> {
        self.with_stack(|| example::example(&self.hir))
    }

    /// Whether some part of `text` matches.
    pub fn partial_match(&self, text: impl AsRef<[u8]>) -> bool {
        self.searcher().is_some_and(|regex| regex.is_match(text.as_ref()))
    }

    fn searcher(&self) -> Option<&Regex> {
        self.part.get_or_init(|| self.with_stack(|| build(&self.hir))).as_ref()
    }

    fn anchored(&self) -> Hir {
        Hir::concat(vec![Hir::look(Look::Start), self.hir.clone(), Hir::look(Look::End)])
    }

    /// Runs what descends into the groups of the pattern, on a stack that is large enough for all of them.
    pub(in crate::format) fn with_stack<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        const SAFE_DEPTH: usize = 100;
        const LARGE: usize = 64 << 20;
        if self.depth <= SAFE_DEPTH {
            return work();
        }
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(LARGE).spawn_scoped(scope, work);
            thread.expect("a thread can be started").join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

fn build(hir: &Hir) -> Option<Regex> {
    let config = Regex::config().nfa_size_limit(None);
    Regex::builder().configure(config).build_from_hir(hir).ok()
}

impl fmt::Display for Re2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pattern)
    }
}

impl fmt::Debug for Re2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Re2").field(&self.pattern).finish()
    }
}

impl PartialEq for Re2 {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

impl Eq for Re2 {}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Re2;

    #[test]
    fn reads_what_re2_reads() {
        // Pattern, texts that match as a whole, texts that do not.
        let table: [(&str, &[&str], &[&str]); 28] = [
            ("/api/.*", &["/api/", "/api/x"], &["/api", "x/api/", "/api/\n"]),
            (r"\d+", &["12"], &["\u{663}", ""]),
            (r"\w", &["a", "_"], &["é"]),
            (r"\s", &["\t", " "], &["\u{b}", "\u{2028}"]),
            ("[[:space:]]", &["\u{b}"], &["\u{2028}"]),
            ("(?i)straße", &["STRAẞE"], &["STRASSE"]),
            ("(?i)k", &["K", "\u{212a}"], &["c"]),
            (r"(?i)\w", &["\u{212a}", "\u{17f}"], &["é"]),
            (r"(?i)\W", &["é"], &["\u{212a}"]),
            (r"\Q.+\E*", &[".", ".++"], &["x"]),
            (r"\Qa", &["a"], &["Qa"]),
            (r"\101\x42\x{43}", &["ABC"], &[]),
            ("[a&&b]", &["a", "&", "b"], &["&&"]),
            ("[[a]b]", &["[b]", "ab]"], &["a"]),
            ("[]a]", &["]", "a"], &[]),
            ("[a-]", &["a", "-"], &["b"]),
            ("a{,3}", &["a{,3}"], &["a"]),
            ("a{01}", &["a{01}"], &["a"]),
            ("a|ab", &["a", "ab"], &["b"]),
            ("(|a)", &["", "a"], &["aa"]),
            (r"\pN", &["1", "\u{663}"], &["a"]),
            (r"\P{^Greek}", &["α"], &["a"]),
            (r"[^\x{0}-\x{10FFFF}]", &[], &["", "a"]),
            ("(?s).", &["\n"], &[""]),
            ("(?m)^a$\n^b", &["a\nb"], &["ab"]),
            (r"\bfoo\b", &["foo"], &["foobar"]),
            ("a(?i)b|c", &["aB", "C"], &["Ab"]),
            ("(?P<a>x)(?<a>y)", &["xy"], &["x"]),
        ];
        for (pattern, matches, others) in table {
            let re2 = Re2::parse(pattern).unwrap();
            assert!(matches.iter().all(|text| re2.full_match(text)), "{pattern} matches {matches:?}");
            assert!(!others.iter().any(|text| re2.full_match(text)), "{pattern} does not match {others:?}");
        }
    }

    #[test]
    fn says_what_re2_refuses() {
        let table = [
            ("*", "has a `*` with nothing to repeat"),
            ("a|*", "has a `*` with nothing to repeat"),
            ("a**", "repeats a repetition with `**`"),
            ("a{2}{3}", "repeats a repetition with `{2}{3}`"),
            ("a{1001}", "has the repetition `{1001}`, which is not legal"),
            ("a{3,2}", "has the repetition `{3,2}`, which is not legal"),
            ("(a{100}){100}", "repeats a part more than 1000 times with `{100}`"),
            ("(", "has a `(` that is not closed"),
            (")", "has a `)` without a `(`"),
            ("[a", "has a `[` that is not closed"),
            ("[z-a]", "has the range `z-a`, which ends before it starts"),
            ("[[:foo:]]", "has the class `[:foo:]`, which RE2 does not know"),
            (r"\p{IsGreek}", r"has the class `\p{IsGreek}`, which RE2 does not know"),
            (r"\1", r"has the escape `\1`, which RE2 does not know"),
            (r"\Z", r"has the escape `\Z`, which RE2 does not know"),
            (r"[\b]", r"has the escape `\b`, which RE2 does not know"),
            ("a\\", "ends in a backslash"),
            ("(?=a)", "looks ahead or behind, which RE2 cannot do"),
            ("(?<!a)", "looks ahead or behind, which RE2 cannot do"),
            ("(?x)a", "has `(?x`, which RE2 does not know"),
            ("(?-)a", "has `(?-)`, which RE2 does not know"),
            ("(?P<a-b>x)", "has a group with the name `a-b`, which is not a word"),
            (r"\pL{1000}", "needs more memory than RE2 takes"),
        ];
        for (pattern, problem) in table {
            let reason = Re2::parse(pattern).unwrap_err();
            assert_eq!(reason.message(), format!("the regular expression `{pattern}` {problem}"));
        }
    }

    #[test]
    fn istiod_asks_for_more() {
        let table = [
            (".*".into(), true),
            (String::new(), false),
            ("a".repeat(1024), true),
            ("a".repeat(1025), false),
            (r"\C".into(), false),
            ("(?P<a>x)(?P<a>y)".into(), false),
        ];
        for (pattern, legal) in table {
            assert_eq!(Re2::parse(&pattern).unwrap().istio().is_ok(), legal, "{pattern}");
        }
    }

    #[test]
    fn deep_patterns_do_not_exhaust_the_stack() {
        let nested = |open: &str, close: &str, depth| format!("{}a{}", open.repeat(depth), close.repeat(depth));
        let re2 = Re2::parse(&nested("(?:x", "y)?", 1000)).unwrap();
        assert!(re2.full_match("") && !re2.full_match("xx"));
        assert!(Re2::parse(&nested("(", ")", 1001)).is_err());
    }

    /// Compares with a file of `[pattern, accepted, [full match], [partial match]]` for each text, as RE2 itself says.
    #[test]
    fn agrees_with_re2() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/oracle-re2/re2.json");
        let Ok(json) = std::fs::read(&file) else {
            eprintln!("skipped: no {}", file.display());
            return;
        };
        let oracle: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let texts: Vec<&str> = oracle["ins"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
        let mut wrong = Vec::new();
        for case in oracle["pats"].as_array().unwrap() {
            let pattern = case[0].as_str().unwrap();
            let re2 = Re2::parse(pattern);
            if re2.is_ok() != case[1] {
                wrong.push(format!("`{pattern}`: {re2:?}"));
            }
            let Ok(re2) = re2 else { continue };
            for (index, text) in texts.iter().enumerate() {
                if re2.full_match(text) != case[2][index] || re2.partial_match(text) != case[3][index] {
                    wrong.push(format!("`{pattern}` on {text:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
