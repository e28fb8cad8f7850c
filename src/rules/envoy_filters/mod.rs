//! Patches to Envoy's configuration. Conditions as in istio 1.31 `pkg/config/analysis/analyzers/envoyfilter`.

mod envoy_filter_add_ignored;
mod envoy_filter_order_undefined;
mod envoy_filter_remove_ignored;
mod envoy_filter_replace_invalid;
mod envoy_filter_version_order;
mod selector_selects_nothing;
mod wasm_plugin_in_use;

use crate::mesh::Mesh;
use crate::model::Meta;
use crate::model::networking::EnvoyConfigObjectPatch;
use crate::source::Span;

use super::catalog::rules;

rules! {
    "envoy-filter-add-ignored" => envoy_filter_add_ignored::check,
    "envoy-filter-remove-ignored" => envoy_filter_remove_ignored::check,
    "envoy-filter-replace-invalid" => envoy_filter_replace_invalid::check,
    "envoy-filter-order-undefined" => envoy_filter_order_undefined::check,
    "envoy-filter-version-order" => envoy_filter_version_order::check,
    "selector-selects-nothing" => selector_selects_nothing::check,
    "wasm-plugin-in-use" => wasm_plugin_in_use::check,
}

/// A patch of an EnvoyFilter.
struct Patch<'s, 'm> {
    meta: &'s Meta<'m>,
    patch: &'s EnvoyConfigObjectPatch<'m>,
    apply_to: &'m str,
    operation: &'m str,
    /// The EnvoyFilter's.
    has_priority: bool,
}

impl<'m> Patch<'_, 'm> {
    /// The operation, for its place.
    fn at(&self) -> Span {
        let operation = self.patch.patch.as_ref().and_then(|patch| patch.operation);
        operation.map_or(self.patch.node.head(), |operation| operation.at)
    }

    /// Whether the operation depends on what other filters have done before.
    fn is_relative(&self) -> bool {
        match self.operation {
            "REMOVE" => !self.is_route(),
            "REPLACE" => ["HTTP_FILTER", "NETWORK_FILTER", "VIRTUAL_HOST"].contains(&self.apply_to),
            operation => ["INSERT_BEFORE", "INSERT_AFTER"].contains(&operation),
        }
    }

    fn is_route(&self) -> bool {
        ["ROUTE_CONFIGURATION", "HTTP_ROUTE"].contains(&self.apply_to)
    }

    /// The name of the filter that is patched.
    fn filter_name(&self) -> Option<&'m str> {
        let value = self.patch.patch.as_ref().and_then(|patch| patch.value);
        let own = value.and_then(|value| value.get("name")?.as_str());
        let listener = || self.patch.r#match.as_ref()?.listener.as_ref();
        let matched = || Some(listener()?.filter_chain.as_ref()?.filter.as_ref()?.name?.value);
        own.or_else(matched)
    }

    fn is_for_version(&self) -> bool {
        let proxy = self.patch.r#match.as_ref().and_then(|matched| matched.proxy.as_ref());
        proxy.is_some_and(|proxy| proxy.proxy_version.is_some_and(|version| !version.is_empty()))
    }
}

/// All patches, in the order of the input.
fn patches<'s, 'm>(mesh: &'s Mesh<'m>) -> impl Iterator<Item = Patch<'s, 'm>> {
    mesh.resources.envoy_filters.iter().flat_map(|filter| {
        filter.spec.config_patches.iter().map(move |patch| Patch {
            meta: &filter.meta,
            patch,
            apply_to: patch.apply_to.map_or("", |text| text.value),
            operation: patch.patch.as_ref().and_then(|patch| patch.operation).map_or("", |text| text.value),
            has_priority: filter.spec.priority.is_some_and(|priority| priority.value != 0),
        })
    })
}
