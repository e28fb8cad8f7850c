use crate::finding::Severity;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// A destination among several should have a share.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for split in service.spec.splits() {
        // All weights 0 is what validation refuses.
        if split.shares.len() < 2 || split.total() == 0 {
            continue;
        }
        for share in split.shares.iter().filter(|share| share.weight() == 0) {
            let at = share.weight.map_or(share.node.head(), |weight| weight.at);
            let draft = report
                .at(&service.meta, at, format!("{} gets no traffic", share.title()))
                .help("give it a weight, or remove it");
            match share.weight {
                Some(_) => draft.label("weight 0"),
                None => draft.label("a missing weight counts as 0").severity(Severity::Warning),
            };
        }
    }
}
