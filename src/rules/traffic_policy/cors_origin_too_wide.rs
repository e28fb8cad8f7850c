use crate::format::Re2;
use crate::mesh::Mesh;
use crate::rules::Report;

/// The expression of an origin must not allow foreign hosts.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
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
}

/// An origin that matches and that others can have. The domain that is meant is the text at the end of the pattern.
fn foreign_origin(pattern: &str) -> Option<String> {
    let regex = Re2::parse(pattern).ok()?;
    let domain = domain(pattern)?;
    let (name, _) = domain.split_once('.')?;
    let flat = domain.replacen('.', "x", 1);
    let candidates = [
        format!("https://evil{domain}"),
        format!("https://evil-{domain}"),
        // A dot that is any letter makes one name of two, which is a domain if another dot follows.
        format!("https://{flat}"),
        format!("https://www.{flat}"),
    ];
    // Where the whole of it matches anything, another rule speaks.
    if name.is_empty() || regex.full_match("https://unrelated.test") {
        return None;
    }
    let is_domain = |origin: &String| origin.trim_start_matches("https://").trim_start_matches("www.").contains('.');
    candidates.into_iter().filter(is_domain).find(|origin| regex.full_match(origin))
}

/// The letters, digits, dashes and dots that a pattern ends with, without a port.
fn domain(pattern: &str) -> Option<String> {
    let end = pattern.strip_suffix('$').unwrap_or(pattern);
    let end = end.strip_suffix("(:[0-9]+)?").unwrap_or(end);
    let plain = |character: char| character.is_ascii_alphanumeric() || "-.\\".contains(character);
    let start = end.rfind(|character| !plain(character)).map_or(0, |at| at + 1);
    let domain = end[start..].replace('\\', "");
    let domain = domain.trim_start_matches(['.', '-']).to_owned();
    domain.contains('.').then_some(domain)
}
