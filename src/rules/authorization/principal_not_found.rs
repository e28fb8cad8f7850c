use rustc_hash::FxHashSet;

use crate::format::SpiffeId;
use crate::mesh::Mesh;
use crate::model::Str;
use crate::model::authorization::Subject;
use crate::rules::Report;

/// An identity that no workload of the input has.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let workloads = mesh.workloads.iter().map(|workload| (workload.namespace, workload.service_account));
    let accounts =
        mesh.resources.service_accounts.iter().map(|account| (account.meta.namespace, account.meta.name.value));
    let known: FxHashSet<(&str, &str)> = workloads.chain(accounts).collect();
    let namespaces: FxHashSet<&str> = known.iter().map(|(namespace, _)| *namespace).collect();
    let complete = mesh.settings.options.assume_complete;

    for policy in &mesh.resources.authorization_policies {
        for list in policy.spec.constraints() {
            for value in list.values.iter().filter(|value| !value.is_placeholder()) {
                let Some((namespace, account)) = account(mesh, list.subject, *value, policy.meta.namespace) else {
                    continue;
                };
                if known.contains(&(namespace, account)) || !complete && !namespaces.contains(namespace) {
                    continue;
                }
                let others = known.iter().filter(|(own, _)| *own == namespace).map(|(_, account)| *account);
                let message = format!("no workload of namespace `{namespace}` runs as `{account}`");
                let draft = report.at(&policy.meta, value.at, message).label("no client has this identity");
                match crate::finding::nearest(account, others) {
                    Some(near) => draft.help(format!("did you mean `{near}`?")),
                    None => {
                        draft.help("name the service account of the client, as in `serviceAccountName` of its pods")
                    }
                };
            }
        }
    }
}

/// Namespace and service account of a value that names exactly one.
fn account<'m>(mesh: &Mesh<'m>, subject: Subject, value: Str<'m>, namespace: &'m str) -> Option<(&'m str, &'m str)> {
    match subject {
        Subject::Principal if !value.value.contains('*') => {
            let full = format!("spiffe://{}", value.value);
            let id = SpiffeId::parse(&full).ok().filter(|id| mesh.settings.trusts(id.trust_domain()))?;
            id.workload()?;
            let mut parts = value.value.rsplit('/');
            let account = parts.next()?;
            Some((parts.nth(1)?, account))
        }
        Subject::ServiceAccount if !value.is_empty() => {
            Some(value.value.split_once('/').unwrap_or((namespace, value.value)))
        }
        _ => None,
    }
}
