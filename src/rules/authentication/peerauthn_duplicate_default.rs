use rustc_hash::FxHashMap;

use crate::mesh::{Mesh, by_age};
use crate::rules::Report;

/// Of several PeerAuthentications for a whole namespace only the oldest counts.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut defaults: FxHashMap<&str, Vec<_>> = FxHashMap::default();
    for policy in by_age(&mesh.resources.peer_authentications) {
        if policy.spec.selector().is_none() {
            defaults.entry(policy.meta.namespace).or_default().push(policy);
        }
    }
    for policies in defaults.values().filter(|policies| policies.len() > 1) {
        for policy in policies {
            let Some(other) = policies.iter().find(|other| other.meta.at() != policy.meta.at()) else { continue };
            let place = match policy.meta.namespace == mesh.settings.root_namespace {
                true => "the mesh".to_owned(),
                false => format!("namespace `{}`", policy.meta.namespace),
            };
            report
                .at(&policy.meta, policy.meta.at(), format!("{place} has {} PeerAuthentications", policies.len()))
                .label("only the oldest counts")
                .related(other.meta.at(), "this one has no selector either")
                .help("keep one, or give the others a selector");
        }
    }
}
