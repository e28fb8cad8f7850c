use std::borrow::Cow;

use rustc_hash::FxHashMap;

use crate::mesh::{Mesh, ServerTraffic, has_wildcard, host_matches};
use crate::model::Object;
use crate::model::networking::Gateway;
use crate::rules::Report;

/// A VirtualService should exist for every host of a Gateway that has VirtualServices.
pub fn check<'m>(mesh: &Mesh<'m>, gateway: &'m Object<'m, Gateway<'m>>, report: &mut Report) {
    let routed = Routed::new(mesh, gateway);
    // Without any, they are probably not part of the input.
    if routed.is_empty() {
        return;
    }
    for server in mesh.servers(gateway).filter(|server| server.traffic() != ServerTraffic::None) {
        let redirects = server.server.tls.as_ref().and_then(|tls| tls.https_redirect).is_some_and(|on| on.value);
        if redirects {
            continue;
        }
        for (namespace, host, text) in server.hosts().filter(|(_, _, text)| !text.is_placeholder()) {
            if routed.has(namespace, host) {
                continue;
            }
            report
                .at(&gateway.meta, text.at, format!("no VirtualService of the Gateway is for `{}`", text.value))
                .label("requests for it get 404")
                .help("bind a VirtualService with this host to the Gateway, or remove the host");
        }
    }
}

/// The hosts of the VirtualServices of a Gateway, each with the namespaces of its VirtualServices.
struct Routed<'m> {
    exact: FxHashMap<Cow<'m, str>, Vec<&'m str>>,
    wildcards: Vec<(Cow<'m, str>, &'m str)>,
}

impl<'m> Routed<'m> {
    fn new(mesh: &Mesh<'m>, gateway: &'m Object<'m, Gateway<'m>>) -> Self {
        let mut routed = Self { exact: FxHashMap::default(), wildcards: Vec::new() };
        for service in mesh.virtual_services_of_gateway(&gateway.meta) {
            let namespace = service.meta.namespace;
            for host in &service.spec.hosts {
                let full = mesh.full_name(host.value, namespace);
                match has_wildcard(&full) {
                    true => routed.wildcards.push((full, namespace)),
                    false => routed.exact.entry(full).or_default().push(namespace),
                }
            }
        }
        routed
    }

    fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.wildcards.is_empty()
    }

    /// Whether a VirtualService of namespace `only`, or of any, has a host in common with `host`.
    fn has(&self, only: Option<&str>, host: &str) -> bool {
        let admitted = |namespace: &str| only.is_none_or(|only| only == namespace);
        let exact = match has_wildcard(host) {
            true => {
                self.exact.iter().any(|(own, from)| host_matches(own, host) && from.iter().any(|own| admitted(own)))
            }
            false => self.exact.get(host).is_some_and(|from| from.iter().any(|own| admitted(own))),
        };
        exact || self.wildcards.iter().any(|(own, from)| admitted(from) && host_matches(own, host))
    }
}
