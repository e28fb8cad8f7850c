use crate::mesh::{Mesh, ServiceLookup, has_wildcard};
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

/// The host of a DestinationRule must be a service that the input has.
pub fn check<'m>(mesh: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    let Some(host) = rule.spec.host else { return };
    let namespace = rule.meta.namespace;
    let full = mesh.full_name(host.value, namespace);
    let ServiceLookup::Missing = mesh.service(&full, namespace) else { return };
    // These have rules of their own, with a better help.
    let explained = mesh.half_qualified(host.value).is_some() || mesh.elsewhere(host.value, namespace).is_some();
    if explained || has_wildcard(&full) || mesh.wildcard_services(&full).next().is_some() {
        return;
    }
    let draft = report
        .at(&rule.meta, host.at, format!("host `{}` not found", host.value))
        .label(format!("no Service or ServiceEntry is called `{full}`: the rule does nothing"));
    match mesh.nearest_host(host.value, namespace) {
        Some(near) => draft.help(format!("did you mean `{near}`?")),
        None => draft.help("define the service, or correct the name"),
    };
}
