use std::collections::BTreeSet;

use crate::mesh::{GatewayReference, Mesh};
use crate::model::Str;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// A match may only name Gateways that its VirtualService names.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in mesh.resources.virtual_services.iter().filter(|service| !service.spec.is_delegate()) {
        let namespace = service.meta.namespace;
        let bound: BTreeSet<_> =
            service.spec.gateways.iter().map(|text| GatewayReference::parse(text.value, namespace)).collect();
        let is_bound = |text: &Str<'_>| match GatewayReference::parse(text.value, namespace) {
            GatewayReference::Mesh => mesh.applies_to_sidecars(&service.spec),
            gateway => bound.contains(&gateway),
        };
        for text in match_gateways(&service.spec).filter(|text| !text.is_placeholder() && !is_bound(text)) {
            let draft =
                report.at(&service.meta, text.at, format!("the VirtualService is not bound to `{}`", text.value));
            let draft = draft.label("this name never matches");
            let draft = match service.spec.node.key_at("gateways") {
                Some(at) => draft.related(at, "bound to these"),
                None => draft.related(service.meta.at(), "without `gateways`: bound to `mesh` only"),
            };
            draft.help(format!("add `{}` to `gateways` of the VirtualService, or remove it here", text.value));
        }
    }
}

fn match_gateways<'s, 'a>(service: &'s VirtualService<'a>) -> impl Iterator<Item = &'s Str<'a>> {
    let http = service.http.iter().flat_map(|route| &route.r#match).flat_map(|matched| &matched.gateways);
    let tls = service.tls.iter().flat_map(|route| &route.r#match).flat_map(|matched| &matched.gateways);
    let tcp = service.tcp.iter().flat_map(|route| &route.r#match).flat_map(|matched| &matched.gateways);
    http.chain(tls).chain(tcp)
}
