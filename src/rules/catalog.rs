use std::sync::{LazyLock, OnceLock};

use rustc_hash::FxHashMap;

use crate::finding::nearest;

use super::{Check, Page};

/// A rule: its name, its page and, unless the reader or the schemas look for the problem, what it asks.
pub struct Rule {
    pub id: &'static str,
    pub checks: &'static [Check],
    text: &'static str,
    page: OnceLock<Page>,
}

impl Rule {
    pub(super) const fn new(id: &'static str, text: &'static str, checks: &'static [Check]) -> Self {
        Self { id, checks, text, page: OnceLock::new() }
    }

    /// Whether it is asked only where the user names it: a matter of taste.
    pub fn is_optional(&self) -> bool {
        super::style::RULES.iter().any(|rule| rule.id == self.id)
    }

    pub fn page(&self) -> &Page {
        self.page.get_or_init(|| Page::parse(self.id, self.text))
    }
}

/// The list of a category, `RULES`, one row a rule: `"id" for Kind => check` if it is asked about each object of a kind (and
/// `, for Other => check` if of several), `"id" => check` if about the mesh, or `"id"` for what earlier layers report.
macro_rules! rules {
    ($( $id:literal $( $(for $kind:ident)? => $check:path ),* ),* $(,)?) => {
        const COUNT: usize = <[&str]>::len(&[$( $id ),*]);

        pub(super) static RULES: [$crate::rules::Rule; COUNT] = [$(
            $crate::rules::Rule::new(
                $id,
                include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/", $id, ".md")),
                &[$( rules!(@check $($kind)? => $check) ),*],
            ),
        )*];
    };
    (@check => $check:path) => { $crate::rules::Check::Mesh($check) };
    (@check $kind:ident => $check:path) => { $crate::rules::Check::$kind($check) };
}
pub(super) use rules;

/// The categories, in the order of the lists of rules.
#[rustfmt::skip]
static CATEGORIES: &[&[Rule]] = &[
    &super::input::RULES,
    &super::schema::RULES,
    &super::validation::RULES,
    &super::hosts::RULES,
    &super::subsets::RULES,
    &super::routes::RULES,
    &super::weights::RULES,
    &super::delegates::RULES,
    &super::traffic_policy::RULES,
    &super::gateways::RULES,
    &super::certificates::RULES,
    &super::sidecars::RULES,
    &super::services::RULES,
    &super::telemetry::RULES,
    &super::envoy_filters::RULES,
    &super::envoy::RULES,
    &super::authorization::RULES,
    &super::authentication::RULES,
    &super::mtls::RULES,
    &super::kubernetes::RULES,
    &super::ambient::RULES,
    &super::gateway_api::RULES,
    &super::style::RULES,
];

/// Every rule.
pub fn all() -> impl Iterator<Item = &'static Rule> + Clone {
    CATEGORIES.iter().copied().flatten()
}

/// The pages of all rules, in the order of the catalog.
pub fn pages() -> impl Iterator<Item = &'static Page> + Clone {
    all().map(Rule::page)
}

/// The pages of the rules that `name` means: one for the name of a rule, possibly several for a code of another tool.
pub fn called(name: &str) -> impl Iterator<Item = &'static Page> {
    pages().filter(move |page| page.is_called(name))
}

/// The rule with this id. No page is read for it, which matters: pages are read when something is reported.
pub fn find(id: &str) -> Option<&'static Rule> {
    static BY_ID: LazyLock<FxHashMap<&str, &Rule>> = LazyLock::new(|| all().map(|rule| (rule.id, rule)).collect());
    BY_ID.get(id).copied()
}

/// The rules that a user means by `name`: an id, a code of another tool, an alias or a category, in any case.
pub fn named(name: &str) -> Vec<&'static Rule> {
    static BY_NAME: LazyLock<FxHashMap<String, Vec<&Rule>>> = LazyLock::new(|| {
        let mut by_name = FxHashMap::<_, Vec<_>>::default();
        for rule in all() {
            for name in names(rule.page()) {
                by_name.entry(name.to_ascii_lowercase()).or_default().push(rule);
            }
        }
        by_name
    });
    match find(name) {
        Some(rule) => vec![rule],
        None => BY_NAME.get(&name.to_ascii_lowercase()).cloned().unwrap_or_default(),
    }
}

/// What the user may have meant by a `name` that no rule has.
pub fn nearest_name(name: &str) -> Option<&'static str> {
    nearest(name, pages().flat_map(names))
}

fn names(page: &Page) -> impl Iterator<Item = &str> {
    [page.id, page.category.as_str()].into_iter().chain(page.other_names())
}

/// The page of the rule that a finding names.
///
/// # Panics
///
/// If there is no such rule: a mistake of ours, which a test looks for.
pub fn page(id: &str) -> &'static Page {
    find(id).unwrap_or_else(|| panic!("no rule `{id}` in the catalog")).page()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_page_has_a_row_and_every_row_a_page() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let pages: BTreeSet<_> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        let rows: Vec<_> = all().map(|rule| rule.id.to_owned()).collect();
        let unique: BTreeSet<_> = rows.iter().cloned().collect();
        assert_eq!(rows.len(), unique.len(), "a rule has two rows");
        assert_eq!(unique, pages);
    }

    #[test]
    fn names_of_rules_are_not_codes_of_others() {
        for page in pages() {
            let found: Vec<_> = called(page.id).map(|page| page.id).collect();
            assert_eq!(found, [page.id]);
        }
    }

    #[test]
    fn pages_are_well_formed() {
        for rule in all() {
            let page = rule.page();
            assert!(page.body.starts_with(&format!("# {}\n", rule.id)), "{}: the heading is its name", rule.id);
            let text = &page.summary;
            assert!(!text.ends_with('.'), "{}: {text}", rule.id);
        }
    }
}
