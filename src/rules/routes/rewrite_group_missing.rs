use crate::format::Re2;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// A rewrite that puts in a group which the pattern does not have.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for rewrite in service.spec.http.iter().filter_map(|route| route.rewrite.as_ref()) {
        let Some(regex) = rewrite.uri_regex_rewrite.as_ref() else { continue };
        let (Some(pattern), Some(text)) = (regex.r#match, regex.rewrite) else { continue };
        let Ok(parsed) = Re2::parse(pattern.value) else { continue };
        let Some(missing) = references(text.value).find(|group| *group > parsed.groups()) else { continue };
        report
            .at(&service.meta, text.at, format!("the pattern has no group {missing}"))
            .label("Envoy leaves the path as it is")
            .related(pattern.at, format!("has {} groups", parsed.groups()))
            .help("put parentheses around what is to be put in, or correct the number");
    }
}

/// The groups that a substitution puts in, `\\1` to `\\9`.
fn references(text: &str) -> impl Iterator<Item = u32> + '_ {
    let mut letters = text.chars();
    std::iter::from_fn(move || {
        while let Some(letter) = letters.next() {
            if letter == '\\'
                && let Some(group) = letters.next()?.to_digit(10)
            {
                return Some(group);
            }
        }
        None
    })
}
