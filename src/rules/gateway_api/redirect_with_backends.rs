use crate::mesh::Mesh;
use crate::rules::Report;

use super::references::rules;

/// A rule that redirects sends nothing to backends.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for (route, rule) in rules(mesh) {
        let is = |name: &str| rule.filters.iter().find(|filter| filter.r#type.is_some_and(|kind| kind.value == name));
        let Some(redirect) = is("RequestRedirect") else { continue };
        let (other, what) = match (rule.backend_refs.first(), is("URLRewrite")) {
            (Some(backend), _) => (backend.node.head(), "backends"),
            (None, Some(rewrite)) => (rewrite.node.head(), "a rewrite"),
            (None, None) => continue,
        };
        report
            .at(&route.meta, redirect.node.head(), format!("a redirect and {what} exclude each other"))
            .label("the rule is refused")
            .related(other, "this does not go with a redirect")
            .help("use two rules");
    }
}
