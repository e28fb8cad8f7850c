//! Patches of route configurations (istio 1.31 `rc_patch.go`).

use crate::envoy::route::{Action, Route, RouteConfiguration, VirtualHost};
use crate::model::networking::{RouteConfigurationMatch, RouteMatch, VirtualHostMatch};

use super::super::Note;
use super::patch::{ApplyTo, Operation, Patch, PatchContext, asks_for, number};
use super::splice::splice;
use super::{GatewayPorts, Patches};

/// The patches that are for one route configuration.
struct Scope<'s, 'p, 'm> {
    patches: &'s Patches<'p, 'm>,
    context: PatchContext,
    ports: &'s GatewayPorts,
    /// Of the route configuration, before it is patched.
    name: &'s str,
}

pub(super) fn patch(
    patches: &Patches<'_, '_>,
    context: PatchContext,
    ports: &GatewayPorts,
    routes: &mut RouteConfiguration,
) -> Result<(), Note> {
    let merges = patches.of(ApplyTo::RouteConfiguration, context).filter(|patch| patch.is_merge());
    for patch in merges {
        let name = routes.name.clone();
        if (Scope { patches, context, ports, name: &name }).matches(patch) {
            patch.merge_into(routes)?;
        }
    }
    let name = routes.name.clone();
    Scope { patches, context, ports, name: &name }.patch_hosts(&mut routes.virtual_hosts)
}

impl<'p, 'm> Scope<'_, 'p, 'm> {
    fn of(&self, apply_to: ApplyTo) -> impl Iterator<Item = &'p Patch<'m>> {
        self.patches.of(apply_to, self.context).filter(|patch| self.matches(patch))
    }

    /// Hosts are removed by name, at the end: also those of the same name that a patch has added.
    fn patch_hosts(&self, hosts: &mut Vec<VirtualHost>) -> Result<(), Note> {
        let mut removed = Vec::new();
        for host in hosts.iter_mut() {
            if !self.patch_host(host)? {
                removed.push(host.name.clone());
            }
        }
        for patch in self.of(ApplyTo::VirtualHost).filter(|patch| patch.operation == Operation::Add) {
            hosts.push(patch.new_value()?);
        }
        hosts.retain(|host| !removed.contains(&host.name));
        Ok(())
    }

    /// Whether the host is kept.
    fn patch_host(&self, host: &mut VirtualHost) -> Result<bool, Note> {
        for patch in self.of(ApplyTo::VirtualHost) {
            if !matches_host(patch, host) {
                continue;
            }
            match patch.operation {
                Operation::Remove => return Ok(false),
                Operation::Merge | Operation::MergeReplacingLists => patch.merge_into(host)?,
                Operation::Replace => *host = patch.new_value()?,
                Operation::Add | Operation::InsertBefore | Operation::InsertAfter | Operation::InsertFirst => {}
            }
        }
        self.patch_routes(host)?;
        Ok(true)
    }

    /// Routes that are removed keep their place until others have been inserted, but are not found any more.
    fn patch_routes(&self, host: &mut VirtualHost) -> Result<(), Note> {
        let patches: Vec<_> = self.of(ApplyTo::HttpRoute).filter(|patch| matches_host(patch, host)).collect();
        if patches.is_empty() {
            return Ok(());
        }
        let mut routes: Vec<_> = std::mem::take(&mut host.routes).into_iter().map(Some).collect();
        for place in &mut routes {
            patch_route(&patches, place)?;
        }
        for patch in patches {
            let operation = match patch.operation {
                Operation::Remove | Operation::Merge | Operation::MergeReplacingLists | Operation::Replace => continue,
                operation => operation,
            };
            let new = Some(patch.new_value()?);
            let found = |place: &Option<Route>| place.as_ref().is_some_and(|route| matches_route(patch, route));
            match route(patch) {
                Some(_) if operation == Operation::InsertFirst && !routes.iter().any(found) => {}
                Some(_) => splice(&mut routes, operation, Some(&found), || new),
                None => splice(&mut routes, operation, None, || new),
            }
        }
        host.routes = routes.into_iter().flatten().collect();
        Ok(())
    }

    fn matches(&self, patch: &Patch<'_>) -> bool {
        let Some(RouteConfigurationMatch { name, port_number, port_name, gateway, .. }) = patch.routes() else {
            return true;
        };
        if !asks_for(*name, self.name) {
            return false;
        }
        let wanted = number(*port_number);
        if self.context != PatchContext::Gateway {
            return wanted.is_none_or(|wanted| listener_port(self.name) == Some(wanted));
        }
        let own = GatewayRoutes::parse(self.name);
        asks_for(*port_name, own.port_name)
            && asks_for(*gateway, &own.gateway)
            && wanted.is_none_or(|wanted| match self.ports.get(&own.port) {
                Some(of_services) => of_services.contains(&wanted),
                None => own.port == wanted,
            })
    }
}

fn patch_route(patches: &[&Patch<'_>], place: &mut Option<Route>) -> Result<(), Note> {
    for patch in patches {
        let Some(route) = place.as_mut().filter(|route| matches_route(patch, route)) else { continue };
        match patch.operation {
            Operation::Remove => *place = None,
            Operation::Merge | Operation::MergeReplacingLists => patch.merge_into(route)?,
            _ => {}
        }
    }
    Ok(())
}

fn matches_host(patch: &Patch<'_>, host: &VirtualHost) -> bool {
    let matched = patch.routes().and_then(|routes| routes.vhost.as_ref());
    matched.is_none_or(|VirtualHostMatch { name, domain_name, .. }| {
        asks_for(*name, &host.name)
            && domain_name.is_none_or(|text| text.is_empty() || host.domains.iter().any(|own| own == text.value))
    })
}

fn route<'m>(patch: &Patch<'m>) -> Option<&'m RouteMatch<'m>> {
    patch.routes()?.vhost.as_ref()?.route.as_ref()
}

fn matches_route(patch: &Patch<'_>, own: &Route) -> bool {
    route(patch).is_none_or(|RouteMatch { name, action, .. }| {
        let wanted = action.map_or("ANY", |action| action.value);
        let own_action = match &own.action {
            Some(Action::Route(_)) => "ROUTE",
            Some(Action::Redirect(_)) => "REDIRECT",
            Some(Action::DirectResponse(_)) => "DIRECT_RESPONSE",
            None => wanted,
        };
        asks_for(*name, &own.name) && (wanted == "ANY" || wanted == own_action)
    })
}

/// The port in the name of the routes of a sidecar: `8080`, `inbound|8080||`.
fn listener_port(name: &str) -> Option<u32> {
    match name.strip_prefix("inbound|") {
        Some(rest) => rest.split('|').next()?.parse().ok(),
        None => name.parse().ok(),
    }
}

/// What the name of the routes of a gateway tells: `http.8080`, `https.443.port.gateway.namespace`.
#[derive(Default)]
struct GatewayRoutes<'n> {
    port: u32,
    port_name: &'n str,
    gateway: String,
}

impl<'n> GatewayRoutes<'n> {
    fn parse(name: &'n str) -> Self {
        let parts: Vec<_> = name.split('.').collect();
        let number = |text: &str| text.parse().unwrap_or_default();
        match parts[..] {
            ["http", port] => Self { port: number(port), ..Self::default() },
            ["https", port, port_name, gateway, namespace] => {
                Self { port: number(port), port_name, gateway: format!("{namespace}/{gateway}") }
            }
            _ => Self::default(),
        }
    }
}
