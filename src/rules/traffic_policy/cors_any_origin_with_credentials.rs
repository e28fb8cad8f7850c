use crate::mesh::Mesh;
use crate::model::virtual_service::{StringMatch, StringMatchKind};
use crate::rules::Report;

/// Credentials for whoever asks: any page can act in the name of the user.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
        for policy in service.spec.http.iter().filter_map(|route| route.cors_policy.as_ref()) {
            let Some(credentials) = policy.allow_credentials.filter(|allowed| allowed.value) else { continue };
            for origin in policy.allow_origins.iter().filter(|origin| is_any(origin)) {
                report
                    .at(
                        &service.meta,
                        origin.text().map_or(origin.node.head(), |text| text.at),
                        "every origin gets credentials",
                    )
                    .label("any page can send requests with the cookies of its visitor, and read the answers")
                    .related(credentials.at, "credentials are allowed")
                    .help("name the origins, or do not allow credentials");
            }
        }
    }
}

fn is_any(origin: &StringMatch<'_>) -> bool {
    match origin.kind() {
        Some(StringMatchKind::Exact(text)) => text == "*",
        Some(StringMatchKind::Prefix(text)) => ["", "h", "http", "http://", "https", "https://"].contains(&text),
        Some(StringMatchKind::Regex(text)) => [".*", ".+", "https?://.*", "https?://.+"].contains(&text),
        None => false,
    }
}
