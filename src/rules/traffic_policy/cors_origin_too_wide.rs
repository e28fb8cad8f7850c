use crate::format::Re2;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// The expression of an origin must not allow foreign hosts.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for policy in service.spec.http.iter().filter_map(|route| route.cors_policy.as_ref()) {
        for pattern in policy.allow_origins.iter().filter_map(|origin| origin.regex) {
            let Some(foreign) = foreign_origin(pattern.value) else { continue };
            report
                .at(&service.meta, pattern.at, format!("`{foreign}` is allowed, too"))
                .label("not within the domain that is meant")
                .help(r"escape the dots as `\.`, and end what stands before the domain with `\.`");
        }
    }
}

/// An origin that matches and that others can have.
fn foreign_origin(pattern: &str) -> Option<String> {
    let regex = Re2::parse(pattern).ok()?;
    // Where the whole of it matches anything, another rule speaks.
    if regex.full_match("https://unrelated.test") {
        return None;
    }
    let domain = domain(pattern)?;
    let flat = domain.replacen('.', "x", 1);
    let candidates = [
        format!("https://evil{domain}"),
        format!("https://evil-{domain}"),
        format!("https://www.evil-{domain}"),
        format!("https://{domain}.evil.test"),
        format!("https://www.{domain}.evil.test"),
        // A dot that is any letter makes one name of two, which is a domain if another dot follows.
        format!("https://{flat}"),
        format!("https://www.{flat}"),
    ];
    let is_domain = |origin: &String| origin.trim_start_matches("https://").trim_start_matches("www.").contains('.');
    candidates.into_iter().filter(is_domain).find(|origin| regex.full_match(origin))
}

/// The domain that is meant: the last letters, digits, dashes and dots of a pattern that have a dot among them.
fn domain(pattern: &str) -> Option<String> {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-.\\".contains(character);
    let parts = pattern.split(|character| !plain(character)).map(|part| {
        // A dot before a repetition is no part of a name.
        part.trim_end_matches('.').trim_end_matches('\\').replace('\\', "")
    });
    let mut names = parts.map(|part| part.trim_matches(['.', '-']).to_owned());
    names.rfind(|name| name.split_once('.').is_some_and(|(first, _)| !first.is_empty()))
}
