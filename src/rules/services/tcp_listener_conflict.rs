//! Two rules about listeners for TCP that ServiceEntries make.

use std::collections::BTreeMap;

use ipnet::IpNet;
use rustc_hash::FxHashMap;

use crate::finding::Severity;
use crate::mesh::{ExportTo, Mesh, Resolution, Service};
use crate::model::networking::ServiceEntry;
use crate::model::{Int, Object};
use crate::rules::Report;

use super::port_protocol;

/// Plain TCP of two ServiceEntries should not have the same address and port.
pub fn check_conflict(mesh: &Mesh<'_>, report: &mut Report) {
    for listeners in listeners(mesh).values() {
        let mut exact: FxHashMap<&str, Vec<&Listener<'_>>> = FxHashMap::default();
        let networks: Vec<_> = listeners.iter().filter(|listener| listener.network().is_some()).collect();
        for listener in listeners {
            let same = exact.entry(listener.address).or_default();
            let other = same.iter().copied().find(|other| conflict(listener, other));
            let other = other.or_else(|| networks.iter().copied().find(|other| conflict(listener, other)));
            if let Some(other) = other {
                report_conflict(mesh, listener, other, report);
            }
            same.push(listener);
        }
    }
}

/// A port for TCP without address should not be a port for HTTP, too.
pub fn check_mixed(mesh: &Mesh<'_>, report: &mut Report) {
    let mut http: FxHashMap<i64, &Service<'_>> = FxHashMap::default();
    for service in &mesh.services {
        for port in service.ports.iter().filter(|port| port.protocol.is_http()) {
            http.entry(port.number).or_insert(service);
        }
    }
    for listeners in listeners(mesh).values() {
        for listener in listeners.iter().filter(|listener| listener.address.is_empty()) {
            let Some(service) = http.get(&listener.number.value) else { continue };
            let number = listener.number.value;
            let message = format!("port {number} is for TCP here, and for HTTP at `{}`", service.host);
            report
                .at(&listener.entry.meta, listener.number.at, message)
                .label("the listener waits for the client to speak first: protocols in which servers do so hang")
                .related(service.at, format!("HTTP on port {number}"))
                .help("write the `addresses` of the ServiceEntry, which then has a listener of its own");
        }
    }
}

/// What makes a listener for plain TCP.
struct Listener<'m> {
    entry: &'m Object<'m, ServiceEntry<'m>>,
    number: Int,
    /// Empty for all.
    address: &'m str,
    export: ExportTo<'m>,
}

impl Listener<'_> {
    fn network(&self) -> Option<IpNet> {
        self.address.contains('/').then(|| self.address.parse().ok())?
    }
}

/// Whether istiod makes up an address for a ServiceEntry without any (istio 1.31
/// `pilot/pkg/serviceregistry/util/autoallocate`).
fn has_automatic_address(entry: &Object<'_, ServiceEntry<'_>>) -> bool {
    let resolution = Resolution::of_entry(&entry.spec);
    let opted_out = entry.meta.labels.text("networking.istio.io/enable-autoallocate-ip") == Some("false");
    resolution != Resolution::Passthrough && !opted_out
}

/// By port. Names tell TLS apart, so that it does not conflict.
fn listeners<'m>(mesh: &Mesh<'m>) -> BTreeMap<i64, Vec<Listener<'m>>> {
    let mut listeners: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for entry in &mesh.resources.service_entries {
        let has_own = entry.spec.addresses.is_empty() && has_automatic_address(entry) && mesh.settings.captures_dns();
        if has_own {
            continue;
        }
        let export = mesh.service_entry_export(entry);
        let written = entry.spec.addresses.iter().map(|address| address.value);
        let anywhere = entry.spec.addresses.is_empty().then_some("");
        for address in written.chain(anywhere) {
            for port in &entry.spec.ports {
                let protocol = port_protocol(port);
                let Some(number) = port.number.filter(|_| protocol.is_tcp() && !protocol.is_tls()) else { continue };
                let listener = Listener { entry, number, address, export: export.clone() };
                listeners.entry(number.value).or_default().push(listener);
            }
        }
    }
    listeners
}

fn conflict(left: &Listener<'_>, right: &Listener<'_>) -> bool {
    let overlap = match (left.network(), right.network()) {
        (Some(left), Some(right)) => left.contains(&right) || right.contains(&left),
        // A listener for one address wins over one for a network.
        _ => left.address == right.address,
    };
    overlap && !std::ptr::eq(left.entry, right.entry) && left.export.meets(&right.export) && !same_host(left, right)
}

/// The same host twice is another problem.
fn same_host(left: &Listener<'_>, right: &Listener<'_>) -> bool {
    left.entry.spec.hosts.iter().any(|host| right.entry.spec.hosts.contains(host))
}

fn report_conflict(mesh: &Mesh<'_>, listener: &Listener<'_>, other: &Listener<'_>, report: &mut Report) {
    let number = listener.number.value;
    let title = other.entry.meta.full_name();
    let (what, help) = match listener.address {
        "" => (
            "all addresses".to_owned(),
            "write the `addresses` of both, or let the proxies answer DNS (`ISTIO_META_DNS_CAPTURE`)",
        ),
        address => (format!("`{address}`"), "give them different addresses or ports"),
    };
    let message = format!("ServiceEntry `{title}` is for TCP on port {number} of {what}, too");
    let draft = report.at(&listener.entry.meta, listener.number.at, message);
    // Whether the proxies answer DNS, only a MeshConfig tells.
    let unsure = listener.address.is_empty() && has_automatic_address(listener.entry) && mesh.settings.config.is_none();
    let draft = if unsure { draft.severity(Severity::Info) } else { draft };
    draft
        .label("one of the two gets all connections, that of the older")
        .related(other.number.at, "the same port")
        .help(help);
}
