use crate::finding::Severity;
use crate::source::SourceId;
use crate::yaml::{self, Node};

/// The page of a rule, `rules/<id>.md`: what reports, `explain` and the lists of rules know about it.
#[derive(Clone, Debug)]
pub struct Page {
    /// The rule's name: kebab case, named for the problem.
    pub id: &'static str,
    /// One sentence, lower case, no full stop.
    pub summary: String,
    /// Of findings that do not say their own.
    pub severity: Severity,
    pub category: String,
    /// Codes of `istioctl analyze` for the same problem, such as `IST0101`.
    pub istio: Vec<String>,
    /// Codes of Kiali for the same problem, such as `KIA1107`.
    pub kiali: Vec<String>,
    /// Further names under which the rule can be asked for.
    pub aliases: Vec<String>,
    /// The page below its front matter, as Markdown.
    pub body: &'static str,
}

impl Page {
    /// Reads a page: YAML between two lines `---`, then Markdown.
    ///
    /// # Panics
    ///
    /// If the page is not well-formed. Pages are part of the program, so this is a mistake of ours that a test finds.
    pub fn parse(id: &'static str, text: &'static str) -> Self {
        let (front, body) = split(text).unwrap_or_else(|| panic!("rules/{id}.md has no front matter"));
        let (tree, findings) = yaml::parse(SourceId::default(), front);
        assert!(findings.is_empty(), "rules/{id}.md: {findings:?}");
        let root = tree.roots().next().unwrap_or_else(|| panic!("rules/{id}.md has an empty front matter"));
        let required = |key: &str| {
            let text = root.get(key).and_then(Node::as_str);
            text.unwrap_or_else(|| panic!("rules/{id}.md has no `{key}`"))
        };
        let severity = required("severity");
        Self {
            id,
            summary: required("summary").to_owned(),
            severity: Severity::parse(severity).unwrap_or_else(|| panic!("rules/{id}.md: severity `{severity}`")),
            category: required("category").to_owned(),
            istio: strings(root, "istio"),
            kiali: strings(root, "kiali"),
            aliases: strings(root, "aliases"),
            body: body.trim_start(),
        }
    }

    /// Every other name of the rule: Istio's codes, Kiali's codes, then older and foreign names.
    pub fn other_names(&self) -> impl Iterator<Item = &str> {
        [&self.istio, &self.kiali, &self.aliases].into_iter().flatten().map(String::as_str)
    }

    /// Whether `name` means this rule, in any case: `IST0101` and `ist0101` are the same.
    pub fn is_called(&self, name: &str) -> bool {
        std::iter::once(self.id).chain(self.other_names()).any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Where the page can be read on the web; `None` until the crate's manifest names its repository.
    pub fn url(&self) -> Option<String> {
        let repository = env!("CARGO_PKG_REPOSITORY");
        (!repository.is_empty()).then(|| format!("{repository}/blob/main/rules/{}.md", self.id))
    }
}

fn split(text: &'static str) -> Option<(&'static str, &'static str)> {
    text.strip_prefix("---\n")?.split_once("\n---\n")
}

fn strings(root: Node<'_>, key: &str) -> Vec<String> {
    let items = root.get(key).into_iter().flat_map(Node::items);
    items.filter_map(Node::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "---
summary: a route names a subset that no DestinationRule defines
severity: error
category: reference
istio: [IST0101]
aliases: [missing-subset, no-such-subset]
---

# unknown-subset

Text.
";

    #[test]
    fn reads_front_matter_and_body() {
        let page = Page::parse("unknown-subset", TEXT);
        assert_eq!(page.summary, "a route names a subset that no DestinationRule defines");
        assert_eq!(page.severity, Severity::Error);
        assert_eq!(page.category, "reference");
        assert_eq!(page.other_names().collect::<Vec<_>>(), ["IST0101", "missing-subset", "no-such-subset"]);
        assert_eq!(page.body, "# unknown-subset\n\nText.\n");
    }

    #[test]
    fn a_rule_answers_to_every_name() {
        let page = Page::parse("unknown-subset", TEXT);
        for name in ["unknown-subset", "ist0101", "IST0101", "no-such-subset"] {
            assert!(page.is_called(name), "{name}");
        }
        assert!(!page.is_called("IST0102"));
    }

    #[test]
    #[should_panic(expected = "rules/x.md has no `severity`")]
    fn says_what_a_page_lacks() {
        Page::parse("x", "---\nsummary: a\n---\n");
    }
}
