//! Which VirtualServices a Gateway serves (istio 1.31 `pilot/pkg/model/push_context.go`, `pkg/config/gateway/gateway.go`).

use rustc_hash::FxHashMap;

use crate::model::networking::{Gateway, Server};
use crate::model::virtual_service::VirtualService;
use crate::model::{Kind, Object, Str};

use super::hosts::host_matches;
use super::{ExportTo, Mesh, Protocol, Reference, Selection};

/// A name in `gateways`, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayReference<'m> {
    /// The reserved word `mesh`: all sidecars.
    Mesh,
    Named {
        namespace: &'m str,
        name: &'m str,
    },
}

/// A gateway that a VirtualService names.
#[derive(Clone, Copy, Debug)]
pub struct BoundGateway<'m> {
    /// As it is written.
    pub text: Str<'m>,
    pub namespace: &'m str,
    pub name: &'m str,
    pub gateway: Reference<&'m Object<'m, Gateway<'m>>>,
}

/// The section of a VirtualService that a server of a gateway uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerTraffic {
    Http,
    Tcp,
    /// By SNI, without looking inside.
    Tls,
    /// `AUTO_PASSTHROUGH`: by SNI, to services, without any VirtualService.
    None,
}

/// A server of a Gateway.
#[derive(Clone, Copy, Debug)]
pub struct ServerRef<'m> {
    pub gateway: &'m Object<'m, Gateway<'m>>,
    pub server: &'m Server<'m>,
}

/// The positions of the VirtualServices that delegate, by the namespace and name of the delegate.
pub(super) fn root_index<'m>(services: &[Object<'m, VirtualService<'m>>]) -> FxHashMap<(&'m str, &'m str), Vec<usize>> {
    let mut index: FxHashMap<_, Vec<usize>> = FxHashMap::default();
    for (at, service) in services.iter().enumerate() {
        for delegate in service.spec.http.iter().filter_map(|http| http.delegate.as_ref()) {
            let Some(name) = delegate.name else { continue };
            let roots = index.entry((delegate.namespace_or(service.meta.namespace), name.value)).or_default();
            if roots.last() != Some(&at) {
                roots.push(at);
            }
        }
    }
    index
}

impl<'m> GatewayReference<'m> {
    /// `name`, `namespace/name`, `./name`, or the old `name.namespace[.svc…]` (istio 1.31
    /// `pilot/pkg/model/virtualservice.go`, `resolveGatewayName`).
    pub fn parse(text: &'m str, namespace: &'m str) -> Self {
        if text == "mesh" {
            return GatewayReference::Mesh;
        }
        match text.split_once('/') {
            Some((".", name)) => GatewayReference::Named { namespace, name },
            Some((namespace, name)) => GatewayReference::Named { namespace, name },
            None => match text.split_once('.') {
                Some((name, rest)) => {
                    let namespace = rest.split('.').next().unwrap_or_default();
                    GatewayReference::Named { namespace, name }
                }
                None => GatewayReference::Named { namespace, name: text },
            },
        }
    }
}

impl<'m> ServerRef<'m> {
    pub fn port(&self) -> Option<i64> {
        Some(self.server.port.as_ref()?.number?.value)
    }

    pub fn protocol(&self) -> Protocol {
        let port = self.server.port.as_ref();
        Protocol::parse(port.and_then(|port| port.protocol).map_or("", |protocol| protocol.value))
    }

    /// The TLS mode, `PASSTHROUGH` if a `tls` block names none; `None` without one, or for one that only redirects.
    pub fn tls_mode(&self) -> Option<&'m str> {
        let tls = self.server.tls.as_ref()?;
        let redirects = tls.https_redirect.is_some_and(|on| on.value);
        match tls.mode {
            Some(mode) => Some(mode.value),
            None if redirects && !self.protocol().is_tls() => None,
            None => Some("PASSTHROUGH"),
        }
    }

    /// Whether the gateway ends TLS.
    pub fn terminates_tls(&self) -> bool {
        self.protocol().is_tls()
            && matches!(self.tls_mode(), Some("SIMPLE" | "MUTUAL" | "OPTIONAL_MUTUAL" | "ISTIO_MUTUAL"))
    }

    pub fn traffic(&self) -> ServerTraffic {
        let protocol = self.protocol();
        match self.tls_mode() {
            Some("AUTO_PASSTHROUGH") if protocol.is_tls() => ServerTraffic::None,
            Some("PASSTHROUGH") if protocol.is_tls() => ServerTraffic::Tls,
            _ if protocol.is_http() || protocol == Protocol::Https => ServerTraffic::Http,
            _ => ServerTraffic::Tcp,
        }
    }

    /// The hosts with the namespace whose VirtualServices may use each: `None` is any.
    pub fn hosts(&self) -> impl Iterator<Item = (Option<&'m str>, &'m str, Str<'m>)> {
        let own = self.gateway.meta.namespace;
        self.server.hosts.iter().map(move |text| match text.value.split_once('/') {
            Some(("*", host)) => (None, host, *text),
            Some((".", host)) => (Some(own), host, *text),
            Some((namespace, host)) => (Some(namespace), host, *text),
            None => (None, text.value, *text),
        })
    }

    /// Whether a VirtualService in `namespace` may serve `host` here.
    pub fn accepts(&self, host: &str, namespace: &str) -> bool {
        self.hosts().any(|(only, own, _)| only.is_none_or(|only| only == namespace) && host_matches(own, host))
    }
}

impl<'m> Mesh<'m> {
    pub fn gateway(&self, namespace: &str, name: &str) -> Reference<&'m Object<'m, Gateway<'m>>> {
        if crate::format::has_placeholder(name) || crate::format::has_placeholder(namespace) {
            return Reference::Unknown;
        }
        match self.gateway_index.get(&(namespace, name)) {
            Some(&at) => Reference::Found(&self.resources.gateways[at]),
            None if self.is_complete(Kind::Gateway, namespace) => Reference::Missing,
            None => Reference::Unknown,
        }
    }

    /// Whether sidecars use a VirtualService: it names no gateway, or `mesh` among them.
    pub fn applies_to_sidecars(&self, service: &VirtualService<'m>) -> bool {
        service.gateways.is_empty() || service.gateways.iter().any(|gateway| gateway.value == "mesh")
    }

    /// The gateways that a VirtualService names, without `mesh`.
    pub fn bound_gateways<'s>(
        &'s self,
        service: &'s Object<'m, VirtualService<'m>>,
    ) -> impl Iterator<Item = BoundGateway<'m>> + 's {
        let own = service.meta.namespace;
        service.spec.gateways.iter().filter_map(move |text| {
            let GatewayReference::Named { namespace, name } = GatewayReference::parse(text.value, own) else {
                return None;
            };
            Some(BoundGateway { text: *text, namespace, name, gateway: self.gateway(namespace, name) })
        })
    }

    pub fn servers(&self, gateway: &'m Object<'m, Gateway<'m>>) -> impl Iterator<Item = ServerRef<'m>> + use<'m> {
        gateway.spec.servers.iter().map(move |server| ServerRef { gateway, server })
    }

    /// The proxies that a Gateway configures, in any namespace.
    pub fn gateway_workloads(&self, gateway: &Object<'m, Gateway<'m>>) -> Selection<'_, 'm> {
        self.select_everywhere(&gateway.spec.selector)
    }

    pub fn virtual_service_export(&self, service: &Object<'m, VirtualService<'m>>) -> ExportTo<'m> {
        let entries = service.spec.export_to.iter().map(|entry| entry.value);
        ExportTo::new(entries, &self.settings.default_virtual_service_export_to, service.meta.namespace)
    }

    /// A VirtualService by name; a delegate is looked up like any other.
    pub fn virtual_service(&self, namespace: &str, name: &str) -> Reference<&'m Object<'m, VirtualService<'m>>> {
        if crate::format::has_placeholder(name) || crate::format::has_placeholder(namespace) {
            return Reference::Unknown;
        }
        match self.virtual_service_index.get(&(namespace, name)) {
            Some(&at) => Reference::Found(&self.resources.virtual_services[at]),
            None if self.is_complete(Kind::VirtualService, namespace) => Reference::Missing,
            None => Reference::Unknown,
        }
    }
}
