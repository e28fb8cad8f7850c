use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::EnvoyFilter;
use crate::rules::Report;

/// Whole listeners and filter chains are not told by a filter.
pub fn check<'m>(_: &Mesh<'m>, filter: &'m Object<'m, EnvoyFilter<'m>>, report: &mut Report) {
    for patch in filter.spec.config_patches.iter().filter(|patch| !patch.is_for_waypoints()) {
        let target = patch.apply_to.filter(|target| matches!(target.value, "LISTENER" | "FILTER_CHAIN"));
        let (Some(target), Some(matched)) = (target, patch.matched_filter()) else { continue };
        report
            .at(&filter.meta, matched.node.head(), format!("the match of a filter is ignored for `{}`", target.value))
            .label("the patch applies whichever filters there are")
            .help("remove `filter`, or apply the patch to `NETWORK_FILTER`");
    }
}
