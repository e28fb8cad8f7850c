use crate::mesh::Mesh;
use crate::model::virtual_service::StringMatchKind;
use crate::rules::Report;

/// A plain rewrite must not stand beside a regular expression.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
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
}
