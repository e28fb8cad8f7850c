use crate::format::Re2;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::{HttpMatchRequest, StringMatch, StringMatchKind, VirtualService};
use crate::rules::Report;
use crate::source::Span;

/// A rule with a CORS policy must match preflight requests.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in service.spec.http.iter().filter(|route| route.cors_policy.is_some()) {
        let reasons: Option<Vec<_>> = route.r#match.iter().map(|request| excludes(request)).collect();
        let Some((at, text)) = reasons.and_then(|reasons| reasons.into_iter().next()) else { continue };
        let policy = route.node.key_at("corsPolicy").unwrap_or(at);
        report
            .at(&service.meta, at, text)
            .label("they go on to another rule")
            .related(policy, "never answers them")
            .help("let the rule match `OPTIONS`, too, without headers of the application");
    }
}

/// Why a match is not for preflight requests.
fn excludes(request: &HttpMatchRequest<'_>) -> Option<(Span, String)> {
    if let Some((method, at)) = request.method.as_deref().and_then(|method| Some((method, method.text()?.at)))
        && !accepts(method, "OPTIONS")
    {
        return Some((at, "preflight requests have the method `OPTIONS`".to_owned()));
    }
    const SENT: [&str; 8] =
        ["origin", "host", ":authority", "user-agent", "referer", "accept", "x-forwarded-for", "x-forwarded-proto"];
    let own = |name: &str| {
        let name = name.to_ascii_lowercase();
        !SENT.contains(&name.as_str()) && !name.starts_with(':') && !name.starts_with("access-control-request-")
    };
    let (name, _) = request.headers.iter().find(|(name, _)| own(name.value))?;
    Some((name.at, format!("preflight requests have no header `{}`", name.value)))
}

fn accepts(text: &StringMatch<'_>, value: &str) -> bool {
    match text.kind() {
        None => true,
        Some(StringMatchKind::Exact(own)) => own == value,
        Some(StringMatchKind::Prefix(own)) => value.starts_with(own),
        Some(StringMatchKind::Regex(own)) => Re2::parse(own).is_ok_and(|regex| regex.full_match(value)),
    }
}
