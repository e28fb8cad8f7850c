use crate::mesh::{Mesh, host_subset_of};
use crate::rules::Report;

/// The port that east-west gateways have for the traffic of the mesh (istio 1.31 `samples/multicluster`).
const EAST_WEST_PORT: i64 = 15443;

/// A server that lets clients choose any service of the mesh should be for the mesh only.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let domain = &mesh.settings.options.cluster_domain;
    let within = [format!("*.{domain}"), "*.local".to_owned(), "*.global".to_owned()];
    for gateway in &mesh.resources.gateways {
        for server in mesh.servers(gateway).filter(|server| server.tls_mode() == Some("AUTO_PASSTHROUGH")) {
            let Some(mode) = server.server.tls.as_ref().and_then(|tls| tls.mode) else { continue };
            let wide = server.hosts().find(|(_, host, _)| !within.iter().any(|domain| host_subset_of(host, domain)));
            let draft = match (server.port(), wide) {
                (_, Some((_, host, text))) => {
                    let message = format!("the host `{host}` exposes more than the services of the mesh");
                    report
                        .at(&gateway.meta, text.at, message)
                        .label("with `AUTO_PASSTHROUGH` whoever connects chooses the service")
                }
                (Some(port), None) if port != EAST_WEST_PORT => {
                    let message = format!("`AUTO_PASSTHROUGH` on port {port} exposes every service of the mesh");
                    report.at(&gateway.meta, mode.at, message).label("whoever connects chooses the service by its SNI")
                }
                _ => continue,
            };
            draft.help(format!(
                "keep it to port {EAST_WEST_PORT} of an east-west gateway, and to hosts such as `*.local`"
            ));
        }
    }
}
