use std::collections::BTreeMap;

use crate::mesh::Mesh;
use crate::rules::Report;

use super::conflicts::{Server, conflicts};

/// A PeerAuthentication that disables mutual TLS where clients are told to use it.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let disabled = conflicts(mesh).into_iter().filter_map(|conflict| match conflict.server {
        Server::Disabled(policy) => Some((policy.meta.at(), (policy, conflict))),
        Server::Strict(_) | Server::Outside => None,
    });
    // One finding for each policy, however many rules are against it.
    let first = disabled.rev().collect::<BTreeMap<_, _>>();
    for (policy, conflict) in first.into_values() {
        let mode = policy.spec.mtls.as_ref().and_then(|mtls| mtls.mode).filter(|mode| mode.value == "DISABLE");
        let at = mode.map_or(policy.meta.at(), |mode| mode.at);
        report
            .at(&policy.meta, at, format!("clients of `{}` are told to use mutual TLS", conflict.host))
            .label("but it is disabled here: connections are refused")
            .related(conflict.mode.at, "clients are told so here")
            .help("use `PERMISSIVE`, or change the DestinationRule");
    }
}
