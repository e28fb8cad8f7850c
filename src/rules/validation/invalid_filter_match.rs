use crate::mesh::Mesh;
use crate::model::networking::{EnvoyConfigObjectPatch, EnvoyFilter, FilterMatch};
use crate::model::{Meta, Object};
use crate::rules::Report;

const CONNECTION_MANAGERS: [&str; 2] =
    ["envoy.filters.network.http_connection_manager", "envoy.http_connection_manager"];

/// A filter is told by its name, and only HTTP filters are inside of another.
pub fn check<'m>(_: &Mesh<'m>, filter: &'m Object<'m, EnvoyFilter<'m>>, report: &mut Report) {
    for patch in filter.spec.config_patches.iter().filter(|patch| !patch.is_for_waypoints()) {
        if let Some(matched) = patch.matched_filter() {
            names(&filter.meta, patch, matched, report);
        }
    }
}

fn names(meta: &Meta<'_>, patch: &EnvoyConfigObjectPatch<'_>, matched: &FilterMatch<'_>, report: &mut Report) {
    let target = patch.apply_to.map_or("", |target| target.value);
    if matches!(target, "LISTENER" | "FILTER_CHAIN") {
        return; // The match is ignored there.
    }
    let Some(name) = matched.name.filter(|name| !name.is_empty()) else {
        report.at(meta, matched.node.head(), "a match of a filter without its name").help("add `name`");
        return;
    };
    let Some(inner) = &matched.sub_filter else { return };
    let at = matched.node.key_at("subFilter").unwrap_or(inner.node.head());
    if target != "HTTP_FILTER" {
        report
            .at(meta, at, format!("`subFilter` is for HTTP filters, not for `{target}`"))
            .help("remove `subFilter`, or write `applyTo: HTTP_FILTER`");
    } else if !CONNECTION_MANAGERS.contains(&name.value) && !name.is_placeholder() {
        report
            .at(meta, name.at, format!("`{}` has no HTTP filters inside", name.value))
            .help(format!("write `{}`", CONNECTION_MANAGERS[0]));
    } else if inner.name.is_none_or(|name| name.is_empty()) {
        report.at(meta, at, "a match of an inner filter without its name").help("add `subFilter.name`");
    }
}
