use crate::mesh::Mesh;
use crate::model::networking::{EnvoyConfigObjectPatch, EnvoyFilter};
use crate::model::{Meta, Object};
use crate::rules::Report;

/// A patch says what it changes, how, and into what. istiod looks at no patches for waypoints.
pub fn check<'m>(_: &Mesh<'m>, filter: &'m Object<'m, EnvoyFilter<'m>>, report: &mut Report) {
    filter.spec.config_patches.iter().filter(|patch| !patch.is_for_waypoints()).for_each(|patch| {
        if let Some((what, help)) = missing(patch) {
            say(&filter.meta, patch, what, help, report);
        }
    });
}

/// What is missing first, and what to do.
fn missing(patch: &EnvoyConfigObjectPatch<'_>) -> Option<(&'static str, &'static str)> {
    let known = |text: Option<crate::model::Str<'_>>| text.is_some_and(|text| !matches!(text.value, "" | "INVALID"));
    if !known(patch.apply_to) {
        return Some(("the patch does not say what it applies to", "add `applyTo`"));
    }
    let Some(change) = &patch.patch else { return Some(("the patch does not say what it does", "add `patch`")) };
    if !known(change.operation) {
        return Some(("the patch does not say what it does", "add `patch.operation`"));
    }
    let removes = change.operation.is_some_and(|operation| operation.value == "REMOVE" || operation.is_placeholder());
    let help = "add `patch.value`, or write operation `REMOVE`";
    (change.value.is_none() && !removes).then_some(("the patch has no value", help))
}

fn say(meta: &Meta<'_>, patch: &EnvoyConfigObjectPatch<'_>, what: &str, help: &str, report: &mut Report) {
    let operation = patch.patch.as_ref().and_then(|change| change.operation).map(|operation| operation.at);
    let at = operation.or(patch.node.key_at("patch")).unwrap_or(patch.node.head());
    report.at(meta, at, what).help(help);
}
