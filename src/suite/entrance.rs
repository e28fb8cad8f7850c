//! Where a request enters the mesh whose test names no client: where the VirtualService of its host is in force.

use std::collections::BTreeMap;

use crate::journey::{Kind, Target, Traffic};
use crate::mesh::{Mesh, Reference, host_matches};
use crate::model::Object;
use crate::model::networking::Server;
use crate::model::virtual_service::VirtualService;
use crate::translate::{ProxyKind, ProxySpec};

/// A way in, and the URL as it is for that.
#[derive(Debug)]
pub(super) enum Entrance {
    Gateway(String, Target),
    Sidecar(Box<ProxySpec>, Target),
}

impl Entrance {
    /// The gateway of the VirtualService of the host; else a sidecar in its namespace, or that of the service.
    pub fn of(traffic: &Traffic<'_>, target: &Target) -> Self {
        let mesh = traffic.mesh;
        let service = virtual_service(mesh, &target.host);
        let gateway = service.and_then(|service| {
            let mut bound = mesh.bound_gateways(service);
            bound.find_map(|bound| match bound.gateway {
                Reference::Found(gateway) => Some(gateway),
                _ => None,
            })
        });
        if let Some(gateway) = gateway {
            let target = at_gateway(&gateway.spec.servers, target);
            return Entrance::Gateway(gateway.meta.full_name(), target);
        }
        let namespace = match service {
            Some(service) => service.meta.namespace,
            None => &mesh.settings.options.default_namespace,
        };
        Entrance::Sidecar(Box::new(sidecar(namespace)), at_service(mesh, target, namespace))
    }
}

/// An exact host goes before a wildcard.
pub(super) fn virtual_service<'m>(mesh: &'m Mesh<'m>, host: &str) -> Option<&'m Object<'m, VirtualService<'m>>> {
    let all = &mesh.resources.virtual_services;
    let is_exact = |object: &&Object<'m, VirtualService<'m>>| {
        let full = mesh.full_name(host, object.meta.namespace);
        let is_it = |own: &str| own == host || mesh.full_name(own, object.meta.namespace) == full;
        object.spec.hosts.iter().any(|own| is_it(own.value))
    };
    let is_wide =
        |object: &&Object<'m, VirtualService<'m>>| object.spec.hosts.iter().any(|own| host_matches(own.value, host));
    all.iter().find(is_exact).or_else(|| all.iter().find(is_wide))
}

/// Ports of URLs that name one stay. Plain HTTP goes before what has to be encrypted, or is sent there.
fn at_gateway(servers: &[Server<'_>], target: &Target) -> Target {
    if target.has_port() || !target.is_http() {
        return target.clone();
    }
    let port = |server: &Server<'_>| server.port.as_ref()?.number?.value.try_into().ok();
    let redirects = |server: &Server<'_>| {
        server.tls.as_ref().and_then(|tls| tls.https_redirect).is_some_and(|redirects| redirects.value)
    };
    let is = |server: &Server<'_>, wanted: &[&str]| {
        let protocol = server.port.as_ref().and_then(|port| port.protocol);
        protocol.is_some_and(|own| wanted.contains(&own.value))
    };
    let plain = servers.iter().find(|server| is(server, &["HTTP", "HTTP2", "GRPC"]) && !redirects(server));
    let encrypted = servers.iter().find(|server| is(server, &["HTTPS"]));
    match (target.kind, plain.and_then(port), encrypted.and_then(port)) {
        (Kind::Http, Some(port), _) => Target { port, ..target.clone() },
        (_, _, Some(port)) => Target { port, kind: Kind::Https, ..target.clone() },
        _ => target.clone(),
    }
}

/// A service that does not serve the usual port is asked on its first.
fn at_service(mesh: &Mesh<'_>, target: &Target, namespace: &str) -> Target {
    let full = mesh.full_name(&target.host, namespace);
    let ports: Vec<_> = mesh.services_named(&full).flat_map(|service| &service.ports).map(|port| port.number).collect();
    let first = ports.first().filter(|_| !target.has_port() && !ports.contains(&i64::from(target.port)));
    match first.and_then(|port| (*port).try_into().ok()) {
        Some(port) => Target { port, ..target.clone() },
        None => target.clone(),
    }
}

/// One that no workload is known of.
fn sidecar(namespace: &str) -> ProxySpec {
    const NAME: &str = "any-sidecar";
    ProxySpec {
        key: format!("{namespace}/{NAME}"),
        name: NAME.to_owned(),
        r#type: ProxyKind::Sidecar,
        namespace: namespace.to_owned(),
        workload: String::new(),
        labels: BTreeMap::new(),
        ip: String::new(),
        service_account: "default".to_owned(),
        locality: None,
        meta: BTreeMap::new(),
    }
}
