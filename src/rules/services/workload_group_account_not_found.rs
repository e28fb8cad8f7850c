use crate::mesh::{Mesh, WorkloadKind};
use crate::model::Kind;
use crate::rules::Report;

/// The service account of a WorkloadGroup should exist.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for group in &mesh.resources.workload_groups {
        let namespace = group.meta.namespace;
        let Some(account) = group.spec.template.as_ref().and_then(|template| template.service_account) else {
            continue;
        };
        let accounts = mesh.resources.service_accounts.iter().map(|account| &account.meta);
        let exists = accounts.filter(|meta| meta.namespace == namespace).any(|meta| meta.name.value == account.value);
        let used = mesh.workloads_in(namespace).any(|workload| {
            !matches!(workload.kind, WorkloadKind::Group(_)) && workload.service_account == account.value
        });
        let known = mesh.is_complete(Kind::ServiceAccount, namespace) || mesh.knows_workloads(namespace);
        if account.is_placeholder() || exists || used || !known {
            continue;
        }
        report
            .at(&group.meta, account.at, format!("the input has no service account `{namespace}/{}`", account.value))
            .label("machines of the group cannot get a certificate without it")
            .help("create the ServiceAccount, or correct the name");
    }
}
