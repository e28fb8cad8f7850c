use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Connecting must leave time for the request.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in &service.spec.http {
        let Some(timeout) = route.timeout.filter(|timeout| timeout.value.nanoseconds() > 0) else { continue };
        let connect = route.destinations().filter(|used| !used.mirror).find_map(|used| {
            let pool = mesh.policy_of(service, used.destination)?.connection_pool?;
            pool.tcp.as_ref()?.connect_timeout.filter(|connect| connect.value >= timeout.value)
        });
        let Some(connect) = connect else { continue };
        report
            .at(
                &service.meta,
                timeout.at,
                format!("connecting may take {}, longer than the route waits", connect.value),
            )
            .related(connect.at, "for one endpoint")
            .help("lower `connectTimeout`");
    }
}
