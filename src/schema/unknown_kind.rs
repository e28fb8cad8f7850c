//! Kinds, groups and versions that Istio does not have.

use crate::finding::{Finding, nearest};
use crate::yaml::Node;

use super::kinds::{Kind, kinds};
use super::suggest::{list, meant, rename, respell};

/// Groups of Istio without schemas here: objects that no API server stores, read by istioctl and operators.
const OTHER: &[&str] = &["install.istio.io", "operator.istio.io"];
/// Groups that Istio had, with what took their place.
const REMOVED: &[(&str, &str)] = &[
    ("authentication.istio.io", "use PeerAuthentication and RequestAuthentication of security.istio.io"),
    ("rbac.istio.io", "use AuthorizationPolicy of security.istio.io"),
    ("config.istio.io", "use EnvoyFilter, Telemetry or WasmPlugin: Mixer is gone"),
];

/// Says so if `name` is a kind that Istio does not have: in its groups, or for a misspelt group.
pub(super) fn finding(root: Node<'_>, group: &str, name: &str) -> Option<Finding> {
    let api_version = root.get("apiVersion")?;
    let kind = root.get("kind")?;
    let istio = || kinds().iter().filter(|kind| kind.group.ends_with(".istio.io"));
    if let Some((_, instead)) = REMOVED.iter().find(|(removed, _)| *removed == group) {
        let message = format!("Istio no longer has the API group `{group}`");
        return Some(Finding::new("unknown-kind", api_version.at(), message).help(*instead));
    }
    if let Some(home) = istio().find(|kind| kind.name == name) {
        let misspelt = group.ends_with("istio.io") || nearest(group, std::iter::once(home.group)).is_some();
        let message = format!("`{name}` does not belong to the API group `{group}`");
        let right = format!("{}/{}", home.group, home.versions().first()?);
        let finding = Finding::new("unknown-kind", api_version.at(), message);
        return misspelt.then(|| rename(finding, api_version.at(), &shown(api_version), &right));
    }
    if !group.ends_with(".istio.io") || OTHER.contains(&group) {
        return None;
    }
    let finding = Finding::new("unknown-kind", kind.at(), format!("Istio has no kind `{name}` in `{group}`"));
    let all = || istio().map(|kind| kind.name);
    let own = || istio().filter(|kind| kind.group == group).map(|kind| kind.name);
    Some(match meant(name, own()).or_else(|| meant(name, all())) {
        Some(right) => respell(finding, kind.at(), name, right),
        None if own().next().is_some() => finding.help(format!("the kinds of `{group}` are {}", list(own()))),
        None => finding.help(format!("the kinds of Istio are {}", list(all()))),
    })
}

/// Says so if the API server does not serve the kind in this version.
pub(super) fn version(root: Node<'_>, kind: &Kind) -> Vec<Finding> {
    let Some(api_version) = root.get("apiVersion") else { return Vec::new() };
    let written = api_version.as_str().unwrap_or(api_version.raw());
    let version = written.rsplit('/').next().unwrap_or_default();
    if kind.versions().iter().any(|served| served == version) {
        return Vec::new();
    }
    let message = format!("`{}` has no version `{version}`", kind.name);
    let finding = Finding::new("unknown-kind", api_version.at(), message);
    vec![match kind.versions().first() {
        Some(right) => rename(finding, api_version.at(), written, &format!("{}/{right}", kind.group)),
        None => finding,
    }]
}

fn shown(node: Node<'_>) -> String {
    node.as_str().unwrap_or(node.raw()).to_owned()
}
