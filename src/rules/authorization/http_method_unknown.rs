use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::authorization::{Subject, matches};
use crate::model::security::AuthorizationPolicy;
use crate::rules::Report;

/// The methods of the [registry of IANA](https://www.iana.org/assignments/http-methods) (2025).
const METHODS: [&str; 40] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "COPY",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "ORDERPATCH",
    "PRI",
    "PROPFIND",
    "PROPPATCH",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
];

/// A method that HTTP does not have.
pub fn check<'m>(_: &Mesh<'m>, policy: &'m Object<'m, AuthorizationPolicy<'m>>, report: &mut Report) {
    for list in policy.spec.constraints().filter(|list| list.subject == Subject::Method) {
        for value in list.values.iter().filter(|value| !value.is_empty() && !value.is_placeholder()) {
            let upper = value.value.to_ascii_uppercase();
            if METHODS.iter().any(|method| matches(&upper, method)) {
                continue;
            }
            let draft = report
                .at(&policy.meta, value.at, format!("HTTP has no method `{}`", value.value))
                .label("no request matches this");
            match crate::finding::nearest(&upper, METHODS) {
                Some(near) => draft.help(format!("did you mean `{near}`?")),
                None => draft.help("name a method of HTTP"),
            };
        }
    }
}
