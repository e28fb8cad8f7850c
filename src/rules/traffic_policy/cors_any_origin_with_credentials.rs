use crate::format::Re2;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::{StringMatch, StringMatchKind, VirtualService};
use crate::rules::Report;

/// Credentials for whoever asks: any page can act in the name of the user.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for policy in service.spec.http.iter().filter_map(|route| route.cors_policy.as_ref()) {
        let Some(credentials) = policy.allow_credentials.filter(|allowed| allowed.value) else { continue };
        let origins = policy.allow_origins.iter().filter(|origin| is_any(origin));
        let places = origins.map(|origin| origin.text().map_or(origin.node.head(), |text| text.at));
        // The old list counts where the new one is empty.
        let old = policy.allow_origin.iter().filter(|text| text.value == "*" && policy.allow_origins.is_empty());
        for at in places.chain(old.map(|text| text.at)) {
            report
                .at(&service.meta, at, "every origin gets credentials")
                .label("any page can send requests with the cookies of its visitor, and read the answers")
                .related(credentials.at, "credentials are allowed")
                .help("name the origins, or do not allow credentials");
        }
    }
}

fn is_any(origin: &StringMatch<'_>) -> bool {
    match origin.kind() {
        Some(StringMatchKind::Exact(text)) => text == "*",
        Some(StringMatchKind::Prefix(text)) => ["", "h", "http", "http://", "https", "https://"].contains(&text),
        Some(StringMatchKind::Regex(text)) => Re2::parse(text).is_ok_and(|regex| {
            ["https://unrelated.test", "https://a.invalid"].into_iter().all(|origin| regex.full_match(origin))
        }),
        None => false,
    }
}
