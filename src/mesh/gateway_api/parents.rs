use rustc_hash::{FxHashMap, FxHashSet};

use crate::format::Host;
use crate::model::gateway_api::{Listener, ParentReference, Route};
use crate::model::{Kind, Object, Str};

use super::gateways::Listening;
use super::maker::{Maker, plain};

/// What routes can be bound to.
pub(super) struct Parents<'g, 'm> {
    maker: &'g Maker<'g, 'm>,
    /// By namespace and name of their Gateway.
    listening: FxHashMap<(&'m str, &'m str), Vec<&'g Listening<'m>>>,
}

/// Something that a route is bound to.
pub(super) struct Parent<'g, 'm> {
    pub reference: &'m ParentReference<'m>,
    pub kind: ParentKind<'g, 'm>,
}

pub(super) enum ParentKind<'g, 'm> {
    /// Sidecars, for the hosts of a Service or ServiceEntry.
    Mesh(Vec<Str<'m>>),
    Listener {
        listening: &'g Listening<'m>,
        /// Of other listeners of the Gateway for the same port and protocol.
        others: FxHashSet<&'m str>,
    },
}

impl<'g, 'm> Parents<'g, 'm> {
    pub fn new(maker: &'g Maker<'g, 'm>, all: &'g [Listening<'m>]) -> Self {
        let mut listening: FxHashMap<_, Vec<_>> = FxHashMap::default();
        for own in all {
            listening.entry((own.of.meta.namespace, own.of.meta.name.value)).or_default().push(own);
        }
        Self { maker, listening }
    }

    /// What a route is bound to, by the name of what istiod makes of it.
    pub fn of(&self, route: &'m Object<'m, Route<'m>>) -> Vec<Parent<'g, 'm>> {
        let mut found: Vec<_> = route.spec.parent_refs.iter().flat_map(|own| self.named(route, own)).collect();
        found.sort_by_key(Parent::name);
        found
    }

    fn named(&self, route: &'m Object<'m, Route<'m>>, reference: &'m ParentReference<'m>) -> Vec<Parent<'g, 'm>> {
        let kind = reference.kind.map_or("Gateway", |kind| kind.value);
        let group = reference.group.map_or(Kind::K8sGateway.group(), |group| group.value);
        let namespace = reference.namespace.map_or(route.meta.namespace, |namespace| namespace.value);
        let Some(name) = reference.name else { return Vec::new() };
        match (group, kind) {
            ("gateway.networking.k8s.io", "Gateway") => self.listeners(route, reference, (namespace, name.value)),
            ("" | "core", "Service") => {
                let mut services = self.maker.mesh.services_in(namespace);
                let exists = services.any(|service| service.is_kubernetes() && service.meta().name.value == name.value);
                let host = exists.then(|| self.maker.service_host(name.value, namespace, name.at));
                host.map(|host| Parent { reference, kind: ParentKind::Mesh(vec![host]) }).into_iter().collect()
            }
            ("networking.istio.io", "ServiceEntry") => {
                let mut entries = self.maker.mesh.resources.service_entries.iter();
                let entry = entries.find(|own| own.meta.name.value == name.value && own.meta.namespace == namespace);
                let hosts = entry.map(|entry| entry.spec.hosts.clone());
                hosts.map(|hosts| Parent { reference, kind: ParentKind::Mesh(hosts) }).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn listeners(
        &self,
        route: &'m Object<'m, Route<'m>>,
        reference: &'m ParentReference<'m>,
        gateway: (&str, &str),
    ) -> Vec<Parent<'g, 'm>> {
        let all = self.listening.get(&gateway).map_or(&[][..], Vec::as_slice);
        let taking = all.iter().filter(|listening| takes(listening, route, reference));
        let parents = taking.map(|&listening| {
            let rivals = all.iter().filter(|other| !std::ptr::eq(**other, listening));
            let rivals = rivals.filter(|other| place(other.listener) == place(listening.listener));
            let mut others: FxHashSet<_> = rivals.map(|other| plain(other.listener.hostname)).collect();
            others.remove(plain(listening.listener.hostname));
            Parent { reference, kind: ParentKind::Listener { listening, others } }
        });
        parents.collect()
    }
}

fn place<'m>(listener: &Listener<'m>) -> (Option<i64>, &'m str) {
    (listener.port.map(|port| port.value), plain(listener.protocol))
}

/// Whether a listener takes a route that names its Gateway so.
fn takes<'m>(listening: &Listening<'m>, route: &Object<'m, Route<'m>>, reference: &ParentReference<'m>) -> bool {
    let listener = listening.listener;
    let port = reference.port.map_or(0, |port| port.value);
    let section = plain(reference.section_name);
    (port == 0 || listener.port.is_some_and(|own| own.value == port))
        && (section.is_empty() || section == plain(listener.name))
        && takes_kind(listener, route.meta.kind)
        && takes_host(listening, route)
}

fn takes_kind(listener: &Listener<'_>, kind: Kind) -> bool {
    let terminates = listener.tls.as_ref().is_some_and(|tls| plain(tls.mode) == "Terminate");
    let supported = match plain(listener.protocol) {
        "HTTP" | "HTTPS" => matches!(kind, Kind::HttpRoute | Kind::GrpcRoute),
        "TCP" => kind == Kind::TcpRoute,
        "TLS" => kind == Kind::TlsRoute || terminates && kind == Kind::TcpRoute,
        _ => false,
    };
    let kinds = listener.allowed_routes.as_ref().map_or(&[][..], |allowed| &allowed.kinds);
    let allowed = |own: &crate::model::gateway_api::RouteGroupKind<'_>| {
        plain(own.kind) == kind.name() && own.group.is_none_or(|group| group.value == kind.group())
    };
    supported && (kinds.is_empty() || kinds.iter().any(allowed))
}

fn takes_host<'m>(listening: &Listening<'m>, route: &Object<'m, Route<'m>>) -> bool {
    let own = listening.object.spec.servers.iter().flat_map(|server| &server.hosts);
    let own = own.filter_map(|host| host.value.split_once('/'));
    let mut own = own.filter(|(namespace, _)| *namespace == "*" || *namespace == route.meta.namespace);
    let hosts = hostnames(route);
    own.any(|(_, own)| hosts.iter().any(|host| Host::new(own).matches(Host::new(host.value))))
}

/// Those of the route; `*` if it has none.
pub(super) fn hostnames<'m>(route: &Object<'m, Route<'m>>) -> Vec<Str<'m>> {
    match route.spec.hostnames.is_empty() || route.meta.kind == Kind::TcpRoute {
        true => vec![Str { value: "*", at: route.meta.at() }],
        false => route.spec.hostnames.clone(),
    }
}

impl<'m> Parent<'_, 'm> {
    /// What VirtualServices call it.
    pub fn name(&self) -> &'m str {
        match &self.kind {
            ParentKind::Mesh(_) => "mesh",
            ParentKind::Listener { listening, .. } => listening.reference,
        }
    }

    pub fn is_mesh(&self) -> bool {
        matches!(self.kind, ParentKind::Mesh(_))
    }

    /// The hosts that its VirtualServices are for: those of the Service, or those of the route that no other listener has
    /// a closer one for.
    pub fn hosts(&self, route: &Object<'m, Route<'m>>) -> Vec<Str<'m>> {
        match &self.kind {
            ParentKind::Mesh(hosts) => hosts.clone(),
            ParentKind::Listener { listening, others } => {
                let own = plain(listening.listener.hostname);
                let mut hosts = hostnames(route);
                hosts.retain(|host| is_isolated(host.value, own, others));
                hosts
            }
        }
    }
}

/// Whether requests for a host of a route come in through this listener rather than through another.
fn is_isolated(host: &str, own: &str, others: &FxHashSet<&str>) -> bool {
    let (host, listener) = (Host::new(host), Host::new(own));
    if !own.is_empty() && !listener.is_wildcard() {
        return true;
    }
    if !own.is_empty() && !host.matches(listener) {
        return false;
    }
    !others.iter().any(|other| own.len() <= other.len() && host.subset_of(Host::new(other)))
}
