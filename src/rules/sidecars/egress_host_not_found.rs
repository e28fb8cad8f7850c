use crate::mesh::{EgressHost, Mesh, ServiceLookup, has_wildcard};
use crate::model::Object;
use crate::model::networking::Sidecar;
use crate::rules::Report;

/// A name that a Sidecar lets in, but no service has.
pub fn check<'m>(mesh: &Mesh<'m>, sidecar: &'m Object<'m, Sidecar<'m>>, report: &mut Report) {
    let namespace = sidecar.meta.namespace;
    for text in sidecar.spec.egress.iter().flat_map(|listener| &listener.hosts) {
        let Some(egress) = EgressHost::parse(*text, namespace) else { continue };
        if has_wildcard(egress.host) || egress.exclude || text.is_placeholder() {
            continue;
        }
        let ServiceLookup::Missing = mesh.service(egress.host, namespace) else { continue };
        if mesh.wildcard_services(egress.host).next().is_some() {
            continue;
        }
        let draft = report
            .at(&sidecar.meta, text.at, format!("egress host `{}` not found", egress.host))
            .label("lets nothing in");
        match mesh.nearest_host(egress.host, namespace) {
            Some(near) => draft.help(format!("did you mean `{near}`?")),
            None => draft.help("correct the name, or remove the entry"),
        };
    }
}
