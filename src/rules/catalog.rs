use std::sync::LazyLock;

use super::Page;

macro_rules! pages {
    ($($id:literal,)*) => {
        [$(($id, include_str!(concat!("../../rules/", $id, ".md")))),*]
    };
}

/// The only list of the rules: a row per page in `rules/`, in the order of names.
const TEXTS: &[(&str, &str)] = &pages!["duplicate-key", "yaml-syntax",];

static PAGES: LazyLock<Vec<Page>> = LazyLock::new(|| TEXTS.iter().map(|(id, text)| Page::parse(id, text)).collect());

/// The pages of all rules, in the order of names.
pub fn pages() -> &'static [Page] {
    &PAGES
}

/// The pages of the rules that `name` means: one for the name of a rule, possibly several for a code of another tool.
pub fn called(name: &str) -> impl Iterator<Item = &'static Page> {
    pages().iter().filter(move |page| page.is_called(name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;

    #[test]
    fn every_page_has_a_row() {
        let files = fs::read_dir("rules").unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let files = files.collect::<BTreeSet<_>>();
        let rows = TEXTS.iter().map(|(id, _)| format!("{id}.md")).collect::<Vec<_>>();
        assert_eq!(files.into_iter().collect::<Vec<_>>(), rows);
    }

    #[test]
    fn every_page_is_well_formed() {
        for page in pages() {
            assert!(page.body.starts_with(&format!("# {}\n", page.id)), "rules/{}.md has another title", page.id);
        }
    }

    #[test]
    fn names_of_rules_are_not_codes_of_others() {
        for page in pages() {
            let found = called(page.id).map(|page| page.id).collect::<Vec<_>>();
            assert_eq!(found, [page.id]);
        }
    }
}
