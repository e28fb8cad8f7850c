//! What trace answers, as a response.

use http::HeaderValue;
use http::header::{LOCATION, WWW_AUTHENTICATE};

use crate::trace::{Answer, By, Step, TokenVerdict, Walk};

use super::reply::Reply;
use super::stats::ManagerStats;

/// The response, with what access logs say of it.
pub fn reply(answer: Answer, walk: &Walk<'_, '_>, stats: &ManagerStats) -> Reply {
    let details = match answer.by {
        By::Path => "path_normalization_failed".to_owned(),
        By::Authentication => format!("jwt_authn_access_denied{{{}}}", refusal(walk).replace(' ', "_")),
        By::Authorization => denial(walk),
        By::Fault => "fault_filter_abort".to_owned(),
        By::Cors => "cors_response".to_owned(),
        By::NoHost | By::NoRoute => "route_not_found".to_owned(),
        By::DirectResponse | By::Redirect | By::HttpsRedirect => "direct_response".to_owned(),
        By::NoCluster => "cluster_not_found".to_owned(),
        By::NoAction => "no_action".to_owned(),
    };
    let mut reply = Reply::new(answer.status, answer.body, details);
    match answer.by {
        By::NoHost | By::NoRoute => {
            stats.no_route.increment();
            reply.flag = Some("NR");
        }
        By::NoCluster => {
            stats.no_cluster.increment();
            reply.flag = Some("NC");
        }
        By::Fault => reply.flag = Some("FI"),
        By::Authentication => {
            if let Some(challenge) = answer.challenge.and_then(|challenge| HeaderValue::try_from(challenge).ok()) {
                reply.headers.insert(WWW_AUTHENTICATE, challenge);
            }
        }
        By::Redirect | By::HttpsRedirect | By::DirectResponse => stats.direct.increment(),
        By::Path => reply.closes = true,
        By::Cors => reply.is_plain = true,
        By::Authorization | By::NoAction => {}
    }
    if let Some(location) = answer.location.and_then(|location| HeaderValue::try_from(location).ok()) {
        reply.headers.insert(LOCATION, location);
    }
    reply
}

/// By which policy a call was denied, with letters that fit into a log.
pub fn denial(walk: &Walk<'_, '_>) -> String {
    let last = walk.steps.iter().rev().find_map(|step| match step {
        Step::Policies(policies) => policies.enforced,
        _ => None,
    });
    let policy = last.and_then(|verdicts| verdicts.verdict.policy).unwrap_or("none");
    format!("rbac_access_denied_matched_policy[{}]", policy.replace(char::is_whitespace, "_"))
}

/// Why the tokens are not accepted.
fn refusal<'w>(walk: &'w Walk<'_, '_>) -> &'w str {
    let last = walk.steps.iter().rev().find_map(|step| match step {
        Step::Tokens(TokenVerdict::Rejected { reason, .. }) => Some(&**reason),
        _ => None,
    });
    last.unwrap_or_default()
}
