use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::authorization::Action;
use crate::model::security::AuthorizationPolicy;
use crate::rules::Report;

use super::fields::may_be_set;

/// `CUSTOM` is somebody else's decision, and only with it somebody else decides.
pub fn check<'m>(_: &Mesh<'m>, policy: &'m Object<'m, AuthorizationPolicy<'m>>, report: &mut Report) {
    let node = policy.spec.node;
    let provider = node.entry("provider");
    let action = policy.spec.action.filter(|action| action.is_placeholder());
    match (policy.spec.action(), provider) {
        (Action::Custom, provider) if !policy.spec.rules.is_empty() => {
            let named = provider.is_some_and(|provider| may_be_set(provider.value, "name"));
            let at = provider.map(|provider| provider.key.at()).or(policy.spec.action.map(|action| action.at));
            if let (Some(at), false) = (at, named) {
                report
                    .at(&policy.meta, at, "action `CUSTOM` without the name of a provider")
                    .help("add `provider.name`, one of the `extensionProviders` of the mesh");
            }
        }
        (Action::Allow | Action::Deny | Action::Audit, Some(provider)) if action.is_none() => {
            report
                .at(&policy.meta, provider.key.at(), "`provider` without action `CUSTOM`")
                .help("write `action: CUSTOM`, or remove `provider`");
        }
        _ => {}
    }
}
