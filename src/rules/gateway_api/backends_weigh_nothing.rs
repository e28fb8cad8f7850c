use crate::mesh::Mesh;
use crate::rules::Report;

use super::references::rules;

/// Rules whose backends all have the weight zero.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for (route, rule) in rules(mesh) {
        let weights: Option<Vec<_>> = rule.backend_refs.iter().map(|backend| backend.weight).collect();
        let Some(first) = weights
            .filter(|weights| weights.iter().all(|weight| weight.value == 0))
            .and_then(|weights| weights.first().copied())
        else {
            continue;
        };
        report
            .at(&route.meta, first.at, "all backends of this rule have the weight 0")
            .label("every request is answered with `500`")
            .help("give one of them a weight");
    }
}
