use crate::mesh::{Mesh, SubsetLookup};
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// A subset that a destination names must be defined somewhere.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for target in mesh.targets(service) {
        let Some(subset) = target.used.destination.subset.filter(|subset| !subset.is_empty()) else { continue };
        let SubsetLookup::Missing(rules) = mesh.subset(service, &target, subset.value) else { continue };
        let mut draft = report
            .at(&service.meta, subset.at, format!("no subset `{}` of `{}`", subset.value, target.host.value))
            .label("no cluster: requests fail with `503`");
        for rule in rules.iter().flat_map(|rule| &rule.rules) {
            let at = rule.spec.host.map_or(rule.meta.at(), |host| host.at);
            draft = draft.related(at, format!("`{}` does not define it", rule.meta.full_name()));
        }
        let names = rules.iter().flat_map(|rule| &rule.subsets).map(|subset| subset.name);
        match crate::finding::nearest(subset.value, names) {
            Some(near) => draft.help(format!("did you mean `{near}`?")),
            None => draft.help("define the subset in the DestinationRule of the host"),
        };
    }
}
