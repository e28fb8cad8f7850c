use crate::mesh::Mesh;
use crate::rules::Report;

/// A route that lists a destination twice.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
        for route in service.spec.weighted_routes() {
            let key = |at: usize| {
                let destination = route[at].0;
                let text =
                    |text: Option<crate::model::Str<'_>>| text.map_or(String::new(), |text| text.value.to_owned());
                let port = destination.port.as_ref().and_then(|port| port.number).map(|number| number.value);
                let host = destination.host.map(|host| mesh.full_name(host.value, service.meta.namespace));
                (host, text(destination.subset), port)
            };
            for at in 1..route.len() {
                let Some(first) = (0..at).find(|&first| key(first) == key(at)) else { continue };
                let Some(host) = route[at].0.host else { continue };
                report
                    .at(
                        &service.meta,
                        route[at].0.node.key_at("host").unwrap_or(host.at),
                        format!("`{}` twice in a route", host.value),
                    )
                    .label("the weights add up")
                    .related(route[first].0.node.head(), "the same destination")
                    .help("join the two, or name another subset");
            }
        }
    }
}
