use crate::finding::Edit;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::security::PeerAuthentication;
use crate::rules::Report;

/// Ports of `portLevelMtls` are those of the workload, not of its Service.
pub fn check<'m>(mesh: &Mesh<'m>, policy: &'m Object<'m, PeerAuthentication<'m>>, report: &mut Report) {
    let Some(selector) = policy.spec.selector() else { return };
    if policy.spec.port_level_mtls.is_empty() || policy.meta.namespace == mesh.settings.root_namespace {
        return;
    }
    let selection = mesh.select(policy.meta.namespace, selector);
    let inbound: Vec<_> = selection.iter().flat_map(|workload| mesh.inbound_ports(workload)).collect();
    let declared = selection.iter().flat_map(|workload| workload.container_ports());
    let declared = declared.filter_map(|port| port.container_port.map(|port| port.value));
    let known: Vec<_> = declared.chain(inbound.iter().filter_map(|port| port.number)).collect();
    if known.is_empty() {
        return;
    }
    for (key, _) in policy.spec.port_level_mtls.iter() {
        let Ok(number) = key.value.parse::<i64>() else { continue };
        if known.contains(&number) {
            continue;
        }
        let message = format!("the selected workloads have no port {number}");
        let draft = report.at(&policy.meta, key.at, message).label("the mode of this port holds for nothing");
        let meant = inbound.iter().find(|port| port.port.number == number).and_then(|port| Some((port, port.number?)));
        match meant {
            Some((port, target)) => {
                let edit = Edit { at: key.at, text: format!("\"{target}\"") };
                let title = port.service.meta().full_name();
                draft
                    .related(port.port.at, format!("{number} is a port of Service `{title}`, which leads to {target}"))
                    .help(format!("write the port of the workload, {target}"))
                    .fix(format!("replace `{number}` by `{target}`"), vec![edit])
            }
            None => draft.help("name a port on which the workload listens"),
        };
    }
}
