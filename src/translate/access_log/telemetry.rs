//! The logs that Telemetries ask for (istio 1.31 `pilot/pkg/model/telemetry.go`, `mergeLogs`).

use std::collections::{BTreeMap, BTreeSet};

use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::security::{AccessLogging, Telemetry};

use super::Part;
use super::sinks::{self, Sink};

/// What is said of a provider.
#[derive(Clone, Copy, Default)]
struct Saying<'m> {
    disabled: bool,
    expression: Option<&'m str>,
}

/// Ordered by provider. Nothing if neither Telemetries nor the default providers of the mesh tell of logs, or none of those
/// that they name can be used: then the MeshConfig counts.
pub(super) fn sinks<'m>(mesh: &Mesh<'m>, telemetries: &[&'m Object<'m, Telemetry<'m>>], part: Part) -> Vec<Sink<'m>> {
    let config = mesh.settings.config.as_ref();
    let defaults = config.and_then(|config| config.default_providers.as_ref());
    let defaults: Vec<_> =
        defaults.iter().flat_map(|defaults| &defaults.access_logging).map(|name| name.value).collect();
    let levels = telemetries.iter().map(|telemetry| &telemetry.spec.access_logging[..]);
    let levels: Vec<_> = levels.filter(|level| !level.is_empty()).collect();
    let said = match levels.is_empty() {
        true => defaults.into_iter().map(|name| (name, Saying::default())).collect(),
        false => merged(&levels, defaults, part),
    };
    let sinks = said.into_iter().filter_map(|(name, Saying { disabled, expression })| {
        let provider = mesh.settings.telemetry_provider(name)?;
        Some((provider.name, Sink { log: sinks::of_provider(mesh, provider)?, disabled, expression }))
    });
    let mut sinks: Vec<_> = sinks.collect();
    sinks.sort_by_key(|(name, _)| *name);
    sinks.into_iter().map(|(_, sink)| sink).collect()
}

/// Later levels replace the providers of earlier ones, but not what these say of those that remain. A block without providers
/// is about those of the block before.
fn merged<'m>(levels: &[&'m [AccessLogging<'m>]], defaults: Vec<&'m str>, part: Part) -> BTreeMap<&'m str, Saying<'m>> {
    let mut in_force: BTreeSet<_> = defaults.iter().copied().collect();
    let mut expressions = BTreeMap::new();
    for level in levels {
        let blocks = level.iter().filter(|block| is_for(block, part));
        let named: Vec<_> = blocks.flat_map(|block| providers(block).map(move |name| (name, block))).collect();
        if !named.is_empty() {
            in_force = named.iter().map(|(name, _)| *name).collect();
        }
        expressions.extend(named.into_iter().map(|(name, block)| (name, expression(block))));
    }
    let mut said = BTreeMap::new();
    let mut current = defaults;
    for block in levels.iter().copied().flatten() {
        let own: Vec<_> = providers(block).collect();
        if !own.is_empty() {
            current = own;
        }
        if !is_for(block, part) {
            continue;
        }
        for name in current.iter().copied().filter(|name| in_force.contains(name)) {
            let saying = match block.disabled.is_some_and(|disabled| disabled.value) {
                true => Saying { disabled: true, expression: None },
                false => Saying { disabled: false, expression: expressions.get(name).copied().flatten() },
            };
            said.insert(name, saying);
        }
    }
    said
}

fn providers<'m>(block: &'m AccessLogging<'m>) -> impl Iterator<Item = &'m str> {
    block.providers.iter().map(|provider| provider.name.map_or("", |name| name.value))
}

/// A filter without an expression is one nevertheless.
fn expression<'m>(block: &'m AccessLogging<'m>) -> Option<&'m str> {
    block.filter.as_ref().map(|filter| filter.expression.map_or("", |text| text.value))
}

fn is_for(block: &AccessLogging<'_>, part: Part) -> bool {
    let mode = block.r#match.as_ref().and_then(|matched| matched.mode);
    match mode.map_or("CLIENT_AND_SERVER", |mode| mode.value) {
        "CLIENT" => part == Part::Client,
        "SERVER" => part == Part::Server,
        _ => true,
    }
}
