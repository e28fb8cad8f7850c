use crate::mesh::{Mesh, SubsetLookup};
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;
use crate::rules::words::namespaces;

/// A subset must be defined by the rule that is in force for the proxies that use it.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for target in mesh.targets(service) {
        let Some(subset) = target.used.destination.subset.filter(|subset| !subset.is_empty()) else { continue };
        let SubsetLookup::Undefined(clients) = mesh.subset(service, &target, subset.value) else { continue };
        let names: Vec<_> = clients.iter().map(|(client, _)| client.namespace).collect();
        let text = format!(
            "subset `{}` of `{}` is not defined for clients in {}",
            subset.value,
            target.host.value,
            namespaces(&names)
        );
        let mut draft = report.at(&service.meta, subset.at, text).label("no cluster there: requests fail with `503`");
        let mut winners: Vec<_> = clients.iter().filter_map(|(_, rule)| rule.map(|rule| rule.rules[0])).collect();
        winners.dedup_by_key(|rule| rule.meta.at());
        for winner in &winners {
            let at = winner.spec.host.map_or(winner.meta.at(), |host| host.at);
            draft = draft.related(at, format!("`{}` is in force there instead", winner.meta.full_name()));
        }
        let defining = mesh.destination_rules.governing(&target.full).filter_map(|rule| rule.subset(subset.value));
        for defined in defining {
            let at = defined.subset.name.map_or(defined.rule.meta.at(), |name| name.at);
            draft = draft.related(at, format!("defined in `{}`", defined.rule.meta.full_name()));
        }
        match winners.is_empty() {
            true => draft.help("export the DestinationRule that defines it to these clients"),
            false => draft.help("define it in the DestinationRule that is in force, too, or remove that one"),
        };
    }
}
