use std::collections::BTreeSet;

use crate::mesh::{GatewayReference, Mesh};
use crate::model::virtual_service::VirtualService;
use crate::model::{Object, Str};
use crate::rules::Report;

/// A match may only name Gateways that its VirtualService names.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    if service.spec.is_delegate() {
        return;
    }
    let namespace = service.meta.namespace;
    let bound: BTreeSet<_> =
        service.spec.gateways.iter().map(|text| GatewayReference::parse(text.value, namespace)).collect();
    let is_bound = |text: &Str<'_>| match GatewayReference::parse(text.value, namespace) {
        GatewayReference::Mesh => mesh.applies_to_sidecars(&service.spec),
        gateway => bound.contains(&gateway),
    };
    let rules = service.spec.rules();
    let named = rules.iter().flat_map(|rule| &rule.gateways).copied().flatten();
    for text in named.filter(|text| !text.is_placeholder() && !is_bound(text)) {
        let draft = report.at(&service.meta, text.at, format!("the VirtualService is not bound to `{}`", text.value));
        let draft = draft.label("this name never matches");
        let draft = match service.spec.node.key_at("gateways") {
            Some(at) => draft.related(at, "bound to these"),
            None => draft.related(service.meta.at(), "without `gateways`: bound to `mesh` only"),
        };
        draft.help(format!("add `{}` to `gateways` of the VirtualService, or remove it here", text.value));
    }
}
