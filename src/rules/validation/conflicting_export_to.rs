use rustc_hash::FxHashMap;

use crate::mesh::Mesh;
use crate::model::destination_rule::DestinationRule;
use crate::model::{Meta, Object, Str};
use crate::rules::Report;

/// Entries of `exportTo` that say the same, or that leave others no meaning.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let resources = mesh.resources;
    resources.virtual_services.iter().for_each(|object| entries(&object.meta, &object.spec.export_to, report));
    resources.service_entries.iter().for_each(|object| entries(&object.meta, &object.spec.export_to, report));
    for rule in &resources.destination_rules {
        entries(&rule.meta, &rule.spec.export_to, report);
        selecting_rule(rule, report);
    }
}

fn entries(meta: &Meta<'_>, export_to: &[Str<'_>], report: &mut Report) {
    let mut seen: FxHashMap<&str, &Str<'_>> = FxHashMap::default();
    for entry in export_to.iter().filter(|entry| !entry.is_placeholder()) {
        if let Some(first) = seen.get(namespace(entry, meta)) {
            report
                .at(meta, entry.at, format!("`{}` says the same as `{}` before it", entry.value, first.value))
                .related(first.at, "first here")
                .help("remove one of them");
            continue;
        }
        seen.insert(namespace(entry, meta), entry);
    }
    for (lone, meaning) in [("*", "all namespaces"), ("~", "no namespace")] {
        let (Some(entry), true) = (seen.get(lone), seen.len() > 1) else { continue };
        report
            .at(meta, entry.at, format!("`{lone}`, {meaning}, beside other entries"))
            .help(format!("write `exportTo: [\"{lone}\"]`, or remove `{lone}`"));
    }
}

fn namespace<'a>(entry: &Str<'a>, meta: &Meta<'a>) -> &'a str {
    if entry.value == "." { meta.namespace } else { entry.value }
}

/// Selectors reach the workloads of the own namespace only.
fn selecting_rule(rule: &Object<'_, DestinationRule<'_>>, report: &mut Report) {
    if rule.spec.workload_selector.is_none() {
        return;
    }
    for entry in rule.spec.export_to.iter().filter(|entry| !entry.is_placeholder()) {
        if namespace(entry, &rule.meta) != rule.meta.namespace {
            report
                .at(&rule.meta, entry.at, format!("`{}` does not go with `workloadSelector`", entry.value))
                .label("a selector reaches the own namespace only")
                .help("write `exportTo: [\".\"]`, or remove `exportTo`");
        }
    }
}
