use crate::finding::Severity;
use crate::mesh::{Mesh, ModeInForce, MutualTlsMode, Workload};
use crate::model::Object;
use crate::model::authorization::{Action, Constraint};
use crate::model::security::{Attached, AuthorizationPolicy};
use crate::rules::Report;

/// Who calls is known from the certificate of mutual TLS only.
pub fn check<'m>(mesh: &Mesh<'m>, policy: &'m Object<'m, AuthorizationPolicy<'m>>, report: &mut Report) {
    let lists: Vec<_> = policy.spec.constraints().filter(|list| list.subject.needs_mutual_tls()).collect();
    if lists.is_empty() || !policy.spec.targets().is_empty() {
        return;
    }
    let selection = mesh.policy_workloads(policy.meta.namespace, policy.spec.selector());
    let modes = selection.iter().map(|workload| (workload, weakest(mesh, workload)));
    let Some((workload, (mode, decided))) = modes.min_by_key(|(_, (mode, _))| *mode) else { return };
    for list in lists {
        let Some((severity, effect)) = effect(&policy.spec, &list, mode, decided.is_some()) else { continue };
        let message = match mode {
            MutualTlsMode::Disable => format!("`{}` needs mutual TLS, which is disabled", list.name),
            _ => format!("`{}` needs mutual TLS, which is not demanded", list.name),
        };
        let draft = report.at(&policy.meta, list.at, message).severity(severity).label(effect);
        let draft = draft.related(workload.meta.at(), format!("`{}` takes plain text", workload.title()));
        let draft = match decided {
            Some(decided) => draft.related(decided.meta.at(), format!("because of this `{}`", mode.name())),
            None => draft,
        };
        draft.help("demand mutual TLS with a PeerAuthentication of mode `STRICT`");
    }
}

/// The weakest mode of the ports of a workload.
fn weakest<'m>(mesh: &Mesh<'m>, workload: &Workload<'m>) -> ModeInForce<'m> {
    let ports = mesh.inbound_ports(workload);
    let modes = ports.iter().filter_map(|port| port.number).map(|number| mesh.mutual_tls(workload, Some(number)));
    modes.min_by_key(|(mode, _)| *mode).unwrap_or_else(|| mesh.mutual_tls(workload, None))
}

/// What becomes of a list when a client has no identity. `decided`: a PeerAuthentication of the input says so.
fn effect(
    policy: &AuthorizationPolicy<'_>,
    list: &Constraint<'_, '_>,
    mode: MutualTlsMode,
    decided: bool,
) -> Option<(Severity, &'static str)> {
    match (mode, policy.action(), list.negated) {
        (MutualTlsMode::Strict, _, _) => None,
        (MutualTlsMode::Disable, Action::Allow, false) => Some((Severity::Error, "no client matches: all are denied")),
        (MutualTlsMode::Disable, Action::Allow, true) => {
            Some((Severity::Error, "every client matches: all are allowed"))
        }
        (MutualTlsMode::Disable, _, false) => Some((Severity::Error, "no client matches: none is denied")),
        (MutualTlsMode::Disable, _, true) => Some((Severity::Error, "every client matches: all are denied")),
        (MutualTlsMode::Permissive, Action::Deny, false) if decided => {
            Some((Severity::Warning, "clients that send plain text are not denied"))
        }
        (MutualTlsMode::Permissive, Action::Deny, false) => {
            Some((Severity::Info, "clients that send plain text are not denied"))
        }
        (MutualTlsMode::Permissive, _, _) => None,
    }
}
