use crate::finding::{Severity, nearest};
use crate::mesh::{BoundGateway, Mesh, Reference};
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Every Gateway that a VirtualService names must exist.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    let own = service.meta.namespace;
    for bound in mesh.bound_gateways(service).filter(|bound| !bound.is_generated()) {
        let elsewhere = same_name_elsewhere(mesh, &bound);
        // Without any Gateway in its namespace it is not certain that it is missing; a namesake makes it likely.
        let severity = match bound.gateway {
            Reference::Missing => Severity::Error,
            Reference::Unknown if bound.namespace == own && elsewhere.is_some() => Severity::Warning,
            Reference::Found(_) | Reference::Unknown => continue,
        };
        let message = format!("Gateway `{}/{}` not found", bound.namespace, bound.name);
        let draft = report.at(&service.meta, bound.text.at, message).severity(severity);
        let draft = draft.label(format!("namespace `{}` has no Gateway `{}`", bound.namespace, bound.name));
        match elsewhere.or_else(|| nearest_gateway(mesh, &bound, own)) {
            Some(near) => draft.help(format!("did you mean `{near}`?")),
            None if is_of_gateway_api(mesh, &bound) => draft.help(
                "a Gateway of the Gateway API has that name, but VirtualServices serve only Istio's: write an HTTPRoute",
            ),
            None => draft.help("create the Gateway, or correct the name"),
        };
    }
}

/// The only Gateway of that name in another namespace.
fn same_name_elsewhere(mesh: &Mesh<'_>, bound: &BoundGateway<'_>) -> Option<String> {
    let mut others = mesh.resources.gateways.iter().filter(|gateway| gateway.meta.name.value == bound.name);
    let found = others.next()?;
    (others.next().is_none() && found.meta.namespace != bound.namespace).then(|| found.meta.full_name())
}

/// A Gateway whose name is spelt alike, as an object in namespace `own` would write it.
fn nearest_gateway(mesh: &Mesh<'_>, bound: &BoundGateway<'_>, own: &str) -> Option<String> {
    let gateways = mesh.resources.gateways.iter().map(|gateway| &gateway.meta);
    let written = gateways.map(|meta| match meta.namespace == own {
        true if !bound.text.contains('/') => meta.name.value.to_owned(),
        _ => meta.full_name(),
    });
    let written: Vec<_> = written.collect();
    nearest(bound.text.value, written.iter().map(String::as_str)).map(str::to_owned)
}

fn is_of_gateway_api(mesh: &Mesh<'_>, bound: &BoundGateway<'_>) -> bool {
    let mut gateways = mesh.resources.k8s_gateways.iter().map(|gateway| &gateway.meta);
    gateways.any(|meta| meta.namespace == bound.namespace && meta.name.value == bound.name)
}
