use crate::model::gateway_api::{BackendRef, ObjectRef};
use crate::model::virtual_service::{Destination, PortSelector};
use crate::model::{Int, Kind, Meta, Str};

use super::maker::{Maker, blank};

/// A reference to what serves requests.
#[derive(Clone, Copy)]
pub(super) struct Backend<'m> {
    pub group: Option<Str<'m>>,
    pub kind: Option<Str<'m>>,
    pub name: Option<Str<'m>>,
    pub namespace: Option<Str<'m>>,
    pub port: Option<Int>,
}

/// A rule that cannot be used takes its whole route with it.
pub(super) struct Unusable;

impl<'m> From<&BackendRef<'m>> for Backend<'m> {
    fn from(own: &BackendRef<'m>) -> Self {
        let BackendRef { group, kind, name, namespace, port, .. } = *own;
        Self { group, kind, name, namespace, port }
    }
}

impl<'m> From<&ObjectRef<'m>> for Backend<'m> {
    fn from(own: &ObjectRef<'m>) -> Self {
        let ObjectRef { group, kind, name, namespace, port, .. } = *own;
        Self { group, kind, name, namespace, port }
    }
}

/// The destination that a backend is; one without a host if it may not be used. Routes of sidecars need no grants.
pub(super) fn destination<'m>(
    maker: &Maker<'_, 'm>,
    route: &Meta<'m>,
    backend: Backend<'m>,
    needs_grant: bool,
) -> Result<Destination<'m>, Unusable> {
    let name = backend.name.ok_or(Unusable)?;
    let namespace = backend.namespace.map_or(route.namespace, |namespace| namespace.value);
    let kind = (backend.group.map_or("", |group| group.value), backend.kind.map_or("Service", |kind| kind.value));
    let nowhere = || Destination { node: route.root, ..blank(route) };
    let is_service = matches!(kind, ("" | "core", "Service") | ("multicluster.x-k8s.io", "ServiceImport"));
    let may = |to| maker.mesh.grants((route.kind, route.namespace), (to, namespace), name.value);
    if needs_grant && !may(Kind::Service) {
        return Ok(nowhere());
    }
    let host = match kind {
        _ if is_service && name.value.contains('.') => return Err(Unusable),
        _ if is_service => maker.service_host(name.value, namespace, name.at),
        ("networking.istio.io", "Hostname") if backend.namespace.is_some() => return Err(Unusable),
        ("networking.istio.io", "Hostname") => name,
        _ => return Ok(nowhere()),
    };
    let number = backend.port.ok_or(Unusable)?;
    Ok(Destination {
        host: Some(host),
        port: Some(PortSelector { node: route.root, number: Some(number) }),
        ..nowhere()
    })
}

/// The backends that get traffic, with the weights that istiod writes: none where there is no choice.
pub(super) fn weighted<'b, 'm>(backends: &'b [BackendRef<'m>]) -> Vec<(&'b BackendRef<'m>, Option<Int>)> {
    let default = |own: &BackendRef<'m>| own.weight.unwrap_or(Int { value: 1, at: own.node.head() });
    let mut used: Vec<_> = backends.iter().map(|own| (own, Some(default(own)))).collect();
    used.retain(|(_, weight)| weight.is_some_and(|weight| weight.value != 0));
    if let [(_, weight)] = used.as_mut_slice() {
        *weight = None;
    }
    used
}
