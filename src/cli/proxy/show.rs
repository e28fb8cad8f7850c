//! What runs, and where.

use std::collections::BTreeSet;
use std::io::Write;

use crate::cli::Fallible;
use crate::cli::table::Table;
use crate::envoy::Any;
use crate::envoy::http_connection_manager::{HttpConnectionManager, RouteSpecifier};
use crate::envoy::listener::Listener;
use crate::envoy::route::RouteConfiguration;
use crate::proxy::mesh::{Door, ForwardProxy, Lab, Member, Source};

/// So many names say what a listener is for.
const SHOWN_NAMES: usize = 3;

pub(super) fn write(lab: &Lab, callers: &[(String, ForwardProxy)], out: &mut dyn Write) -> Fallible<()> {
    let mut listeners = Table::new(["PROXY", "LISTENER", "ADDRESS", "LEADS TO"]);
    for member in &lab.scene().members {
        for door in lab.doors().iter().filter(|door| door.proxy == member.key && !is_trap(door)) {
            let leads_to = leads_to(member, door);
            listeners.push([door.proxy.clone(), door.entrance.listener.clone(), door.address.to_string(), leads_to]);
        }
    }
    listeners.write(out)?;
    let mut servers = Table::new(["SERVER", "VERSION", "ENDPOINT", "ADDRESS"]);
    for served in lab.served() {
        let backend = &served.backend;
        let name = match backend.workload.as_str() {
            "" => served.endpoint.clone(),
            workload => format!("{}/{workload}", backend.namespace),
        };
        let name = if served.is_real { name } else { format!("echo {name}") };
        let version = backend.version().unwrap_or("-").to_owned();
        servers.push([name, version, served.endpoint, served.address.to_string()]);
    }
    if !servers.is_empty() {
        writeln!(out)?;
        servers.write(out)?;
    }
    let mut separator = "\n";
    for (proxy, address) in lab.admins() {
        writeln!(out, "{separator}admin of {proxy}: http://{address}/")?;
        separator = "";
    }
    let mut separator = "\n";
    for (workload, caller) in callers {
        writeln!(out, "{separator}call as {workload}: curl -x http://{} http://HOST:PORT/", caller.address())?;
        separator = "";
    }
    Ok(())
}

/// What Istio has against loops: connections to the ports of its own redirection end there.
fn is_trap(door: &Door) -> bool {
    ["virtualOutbound_15001", "virtualInbound_15006"].contains(&door.entrance.listener.as_str())
}

/// Hosts of requests, clusters of connections, or the workload itself.
fn leads_to(member: &Member, door: &Door) -> String {
    if door.entrance.inbound {
        return match door.entrance.port {
            Some(port) => format!("port {port} of the workload"),
            None => "any other port of the workload".to_owned(),
        };
    }
    let own = |listener: &&Listener| is_part(&door.entrance.listener, &listener.name);
    let names: BTreeSet<_> = match &member.source {
        Source::Mesh(config) => {
            let routes = |name: &str| config.route(name);
            let listener = config.listeners.iter().filter(own).max_by_key(|listener| listener.name.len());
            listener.into_iter().flat_map(|listener| names(listener, &routes)).collect()
        }
        Source::File(bootstrap) => {
            let listeners = bootstrap.static_resources.iter().flat_map(|resources| &resources.listeners);
            let listener = listeners.filter(own).max_by_key(|listener| listener.name.len());
            listener.into_iter().flat_map(|listener| names(listener, &|_| None)).collect()
        }
    };
    let mut shown: Vec<_> = names.iter().take(SHOWN_NAMES).cloned().collect();
    if names.len() > SHOWN_NAMES {
        shown.push(format!("{} more", names.len() - SHOWN_NAMES));
    }
    if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") }
}

/// Whether a listener is this one, or a part of it that is for some destination.
fn is_part(name: &str, whole: &str) -> bool {
    name.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

fn names<'r>(listener: &Listener, routes: &dyn Fn(&str) -> Option<&'r RouteConfiguration>) -> Vec<String> {
    let hosts: Vec<_> = listener.managers().flat_map(|manager| of_http(manager, routes)).collect();
    if !hosts.is_empty() {
        // Connections that are no HTTP go to the same services.
        return hosts;
    }
    let tcp = listener.filters().filter_map(|filter| match &filter.typed_config {
        Some(Any::TcpProxy(proxy)) => Some(proxy.clusters()),
        _ => None,
    });
    tcp.flatten().map(str::to_owned).collect()
}

fn of_http<'r>(
    manager: &HttpConnectionManager,
    routes: &dyn Fn(&str) -> Option<&'r RouteConfiguration>,
) -> Vec<String> {
    let routes = match &manager.route_specifier {
        Some(RouteSpecifier::Rds(rds)) => routes(&rds.route_config_name),
        Some(RouteSpecifier::RouteConfig(own)) => Some(own),
        None => None,
    };
    routes.into_iter().flat_map(|own| &own.virtual_hosts).map(|host| host.name.clone()).collect()
}
