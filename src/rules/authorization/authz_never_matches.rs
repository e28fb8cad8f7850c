use crate::format::{PathPattern, SpiffeId};
use crate::mesh::Mesh;
use crate::model::authorization::{Constraint, Subject};
use crate::model::security::AuthorizationPolicy;
use crate::model::{Object, Str};
use crate::rules::Report;

/// Values that no request can have.
pub fn check<'m>(_: &Mesh<'m>, policy: &'m Object<'m, AuthorizationPolicy<'m>>, report: &mut Report) {
    for list in policy.spec.constraints() {
        for value in list.values {
            let Some((why, help)) = never_matches(&list, *value) else { continue };
            let effect = match list.negated {
                true => "this excludes nothing",
                false => "no request matches this",
            };
            let message = format!("`{value}` in `{}` never matches", list.name, value = value.value);
            report.at(&policy.meta, value.at, message).label(format!("{why}: {effect}")).help(help);
        }
    }
}

/// Why a value never matches, and what to write.
fn never_matches(list: &Constraint<'_, '_>, value: Str<'_>) -> Option<(&'static str, String)> {
    use Subject::{Host, Method, Path, Principal, RequestPrincipal};
    let text = value.value;
    if text.is_empty() || value.is_placeholder() {
        return None;
    }
    let own = match list.subject {
        Method => method(text),
        Path => path(text),
        Host => host(text),
        Principal => principal(text),
        _ => None,
    };
    let stars = matches!(list.subject, Method | Path | Host | Principal | RequestPrincipal);
    own.or_else(|| if stars { star(list.subject, text) } else { None })
}

fn method(text: &str) -> Option<(&'static str, String)> {
    let upper = text.to_ascii_uppercase();
    (upper != text).then(|| ("methods are in upper case and case counts", format!("write `{upper}`")))
}

fn path(text: &str) -> Option<(&'static str, String)> {
    if let Some(at) = text.find(['?', '#']) {
        let plain = text[..at].trim_end_matches('*');
        return Some(("a path ends before `?`", format!("write `{plain}`; queries cannot be matched")));
    }
    let rooted = text.starts_with(['/', '*', '{']);
    (!rooted).then(|| ("paths start with `/`", format!("write `/{text}`")))
}

fn host(text: &str) -> Option<(&'static str, String)> {
    let (_, rest) = text.split_once("://")?;
    let bare = rest.split('/').next().unwrap_or(rest);
    Some(("a host has no scheme", format!("write `{bare}`")))
}

fn principal(text: &str) -> Option<(&'static str, String)> {
    if let Some(rest) = text.strip_prefix("spiffe://") {
        return Some(("Istio puts `spiffe://` before it", format!("write `{rest}`")));
    }
    let full = format!("spiffe://{text}");
    let exact = !text.contains('*');
    let istio = SpiffeId::parse(&full).is_ok_and(|id| id.workload().is_some());
    (exact && !istio).then(|| {
        let help = "write `<trust domain>/ns/<namespace>/sa/<service account>`";
        ("identities of workloads have another form", help.to_owned())
    })
}

/// A star counts at one end only.
fn star(subject: Subject, text: &str) -> Option<(&'static str, String)> {
    if subject == Subject::Path && PathPattern::parse(text).is_ok_and(PathPattern::is_template) {
        return None;
    }
    let inner = text.strip_prefix('*').or(text.strip_suffix('*')).unwrap_or(text);
    let help = match subject {
        Subject::Path => "use `{*}` for one segment and `{**}` for any number of them",
        _ => "put one `*` at the start or at the end, or list the values",
    };
    inner.contains('*').then(|| ("a `*` is a wildcard only at one end", help.to_owned()))
}
