use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::{EnvoyConfigObjectMatch, EnvoyConfigObjectPatch, EnvoyFilter};
use crate::rules::Report;

const KINDS: [&str; 3] = ["listener", "routeConfiguration", "cluster"];

/// What a patch applies to says what its match can look at.
pub fn check<'m>(_: &Mesh<'m>, filter: &'m Object<'m, EnvoyFilter<'m>>, report: &mut Report) {
    for patch in filter.spec.config_patches.iter().filter(|patch| !patch.is_for_waypoints()) {
        let (Some(wanted), Some(matched)) = (wanted(patch), &patch.r#match) else { continue };
        let Some((written, at)) = written(matched).filter(|(written, _)| *written != wanted) else { continue };
        let target = patch.apply_to.map_or("", |target| target.value);
        report
            .at(&filter.meta, at, format!("a match of a `{written}` for `{target}`"))
            .label("what the patch applies to is not there")
            .help(format!("match with `{wanted}`, or change `applyTo`"));
    }
}

fn wanted(patch: &EnvoyConfigObjectPatch<'_>) -> Option<&'static str> {
    match patch.apply_to?.value {
        "LISTENER" | "FILTER_CHAIN" | "NETWORK_FILTER" | "HTTP_FILTER" => Some("listener"),
        "ROUTE_CONFIGURATION" | "VIRTUAL_HOST" | "HTTP_ROUTE" => Some("routeConfiguration"),
        "CLUSTER" => Some("cluster"),
        _ => None,
    }
}

fn written(matched: &EnvoyConfigObjectMatch<'_>) -> Option<(&'static str, crate::source::Span)> {
    KINDS.into_iter().find_map(|kind| Some((kind, matched.node.key_at(kind)?)))
}
