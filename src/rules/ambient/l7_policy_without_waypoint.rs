use crate::mesh::Mesh;
use crate::model::{Kind, Str};
use crate::rules::Report;

use super::layer7::{Policy, policies};

/// Policies about requests for what no waypoint serves.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for policy in policies(mesh) {
        if !mesh.is_ambient(policy.meta.namespace) {
            continue;
        }
        let Some(what) = unserved(mesh, &policy) else { continue };
        report
            .at(policy.meta, policy.meta.at(), format!("no waypoint serves {what}"))
            .label(format!("{} take one: ztunnel sees connections, not requests", policy.what))
            .help("label the service or the namespace with `istio.io/use-waypoint`");
    }
}

/// What the policy is for that no waypoint serves.
fn unserved(mesh: &Mesh<'_>, policy: &Policy<'_>) -> Option<String> {
    let namespace = policy.meta.namespace;
    let names =
        policy.targets.iter().filter(|target| target.kind.is_some_and(|kind| kind.value == Kind::Service.name()));
    let names: Vec<Str<'_>> = names.filter_map(|target| target.name).collect();
    if !policy.targets.is_empty() {
        // Gateways and waypoints are where the policy is enforced.
        return names.iter().find_map(|name| {
            let host = mesh.settings.service_host(name.value, namespace);
            let service = mesh.services_named(&host).find(|service| !mesh.is_enrolled_service(service))?;
            Some(format!("Service `{}`", service.meta().name.value))
        });
    }
    if let Some(selector) = policy.selector {
        let selection = mesh.select(namespace, selector);
        let mut ambient = selection.iter().filter(|workload| !mesh.is_k8s_gateway(workload));
        let opted_out = |mode: Option<&str>| mode.is_some_and(|mode| mode != "ambient");
        if !selection.is_empty() {
            let found = ambient.find(|workload| {
                let out = opted_out(workload.labels.text("istio.io/dataplane-mode"));
                !out && !mesh.is_enrolled(workload.labels, workload.namespace)
            });
            return found.map(|workload| format!("`{}`", workload.title()));
        }
    }
    let meta = mesh.namespace(namespace)?;
    (!mesh.is_enrolled(&meta.labels, namespace)).then(|| format!("namespace `{namespace}`"))
}
