use crate::mesh::{Mesh, Workload};
use crate::rules::Report;

/// The user that the proxy runs as. Its traffic is not sent through the proxy.
const PROXY_USER: i64 = 1337;

/// Containers that run as the user of the proxy bypass it.
pub fn check<'m>(_: &Mesh<'m>, workload: &Workload<'m>, report: &mut Report) {
    let Some(pod) = workload.pod() else { return };
    if workload.labels.get("istio").is_some() || workload.labels.text("release") == Some("istio") {
        return;
    }
    let containers = pod.containers.iter().chain(&pod.init_containers);
    let applications = containers.filter(|container| {
        let name = container.name.map_or("", |name| name.value);
        !["istio-proxy", "istio-operator", "istio-init", "istio-validation"].contains(&name)
    });
    let contexts = applications.filter_map(|container| container.security_context.as_ref());
    let contexts = pod.security_context.iter().filter(|_| !workload.runs_proxy()).chain(contexts);
    for user in contexts.flat_map(|context| [context.run_as_user, context.run_as_group]).flatten() {
        if user.value != PROXY_USER {
            continue;
        }
        report
            .at(workload.meta, user.at, format!("{PROXY_USER} is the user of the proxy"))
            .label("traffic of this container does not pass the proxy")
            .help("run the application as another user");
    }
}
