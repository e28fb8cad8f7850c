use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::{StringMatchKind, VirtualService};
use crate::rules::Report;

/// A plain rewrite must not stand beside a regular expression.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in &service.spec.http {
        let Some(uri) = route.rewrite.as_ref().and_then(|rewrite| rewrite.uri) else { continue };
        let mut regexes = route.r#match.iter().filter_map(|request| {
            let text = request.uri.as_deref()?;
            matches!(text.kind(), Some(StringMatchKind::Regex(_))).then(|| text.text())?
        });
        let Some(regex) = regexes.next() else { continue };
        report
            .at(&service.meta, uri.at, format!("every path becomes `{}`", uri.value))
            .label("replaces the whole path")
            .related(regex.at, "of a regular expression there is no prefix to replace")
            .help("use `uriRegexRewrite`, or match a prefix");
    }
}
