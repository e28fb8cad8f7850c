//! What repositories of routes leave to others: services and gateways that the files of a test do not have.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::format::has_placeholder;
use crate::mesh::{Mesh, Reference, ServiceLookup, has_wildcard};
use crate::model::Object;
use crate::model::virtual_service::{DestinationUse, Section, VirtualService};

/// A host that nothing in the files stands for.
#[derive(Debug, Default)]
struct Host {
    namespace: String,
    /// Whether they carry HTTP.
    ports: BTreeMap<i64, bool>,
    subsets: BTreeSet<String>,
}

const USUAL_PORT: i64 = 80;

/// Resources that stand in for the hosts, subsets and gateways of VirtualServices of which the files show nothing, so that
/// their routes can be tested alone. What the files show to be missing gets none. `None` if none is needed.
pub fn stand_ins(mesh: &Mesh<'_>) -> Option<String> {
    let mut hosts = BTreeMap::<String, Host>::new();
    let mut gateways = BTreeSet::new();
    for object in &mesh.resources.virtual_services {
        collect_hosts(mesh, object, &mut hosts);
        for bound in mesh.bound_gateways(object) {
            if matches!(bound.gateway, Reference::Unknown) && !has_placeholder(bound.text.value) {
                gateways.insert((bound.namespace.to_owned(), bound.name.to_owned()));
            }
        }
    }
    let entries = hosts.iter().map(|(name, host)| entry(name, host));
    let rules = hosts.iter().filter(|(_, host)| !host.subsets.is_empty()).map(|(name, host)| rule(name, host));
    let gateways = gateways.iter().map(|(namespace, name)| gateway(namespace, name));
    let documents: Vec<_> = entries.chain(rules).chain(gateways).map(|document| document.to_string()).collect();
    (!documents.is_empty()).then(|| documents.join("\n---\n"))
}

fn collect_hosts<'m>(mesh: &Mesh<'m>, object: &Object<'m, VirtualService<'m>>, hosts: &mut BTreeMap<String, Host>) {
    let namespace = object.meta.namespace;
    if mesh.applies_to_sidecars(&object.spec) {
        for own in &object.spec.hosts {
            if let Some(host) = unknown(mesh, own.value, namespace, hosts) {
                host.ports.entry(USUAL_PORT).or_insert(true);
            }
        }
    }
    for DestinationUse { destination, section, .. } in object.spec.destinations() {
        let Some(name) = destination.host else { continue };
        let has_rule = mesh.resources.destination_rules.iter().any(|rule| {
            let own = rule.spec.host.map_or("", |host| host.value);
            mesh.full_name(own, rule.meta.namespace) == mesh.full_name(name.value, namespace)
        });
        let Some(host) = unknown(mesh, name.value, namespace, hosts) else { continue };
        let port = destination.port.as_ref().and_then(|port| port.number).map_or(USUAL_PORT, |number| number.value);
        host.ports.entry(port).or_insert(section == Section::Http);
        if let Some(subset) = destination.subset.filter(|_| !has_rule) {
            host.subsets.insert(subset.value.to_owned());
        }
    }
}

/// The stand-in for a host of which the files do not say whether it exists.
fn unknown<'h>(
    mesh: &Mesh<'_>,
    name: &str,
    namespace: &str,
    hosts: &'h mut BTreeMap<String, Host>,
) -> Option<&'h mut Host> {
    let full = mesh.full_name(name, namespace);
    if has_wildcard(&full)
        || has_placeholder(&full)
        || !matches!(mesh.service(&full, namespace), ServiceLookup::Unknown)
    {
        return None;
    }
    let suffix = format!(".svc.{}", mesh.settings.options.cluster_domain);
    let own = full.strip_suffix(&suffix).and_then(|short| short.rsplit('.').next()).unwrap_or(namespace).to_owned();
    Some(hosts.entry(full.into_owned()).or_insert_with(|| Host { namespace: own, ..Host::default() }))
}

fn entry(name: &str, host: &Host) -> Value {
    let ports: Vec<_> = host
        .ports
        .iter()
        .map(|(number, is_http)| {
            let protocol = if *is_http { "HTTP" } else { "TCP" };
            json!({"number": number, "name": format!("{}-{number}", protocol.to_lowercase()), "protocol": protocol})
        })
        .collect();
    // Each subset has an endpoint, all others have one, too.
    let subset = |subset: &String| json!({"address": format!("{subset}.{name}"), "labels": {"version": subset}});
    let endpoints: Vec<_> = host.subsets.iter().map(subset).chain([json!({"address": name})]).collect();
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry",
        "metadata": {"name": resource_name(name), "namespace": host.namespace},
        "spec": {"hosts": [name], "ports": ports, "resolution": "DNS", "endpoints": endpoints},
    })
}

fn rule(name: &str, host: &Host) -> Value {
    let subsets: Vec<_> = host.subsets.iter().map(|name| json!({"name": name, "labels": {"version": name}})).collect();
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
        "metadata": {"name": resource_name(name), "namespace": host.namespace},
        "spec": {"host": name, "subsets": subsets},
    })
}

fn gateway(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "Gateway",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "selector": {"meshlint.dev/stand-in": format!("{namespace}.{name}")},
            "servers": [{"port": {"number": USUAL_PORT, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}],
        },
    })
}

fn resource_name(host: &str) -> String {
    format!("stand-in-{}", host.to_ascii_lowercase().replace(|letter: char| !letter.is_ascii_alphanumeric(), "-"))
}
