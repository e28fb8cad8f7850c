use crate::format::{Fqdn, Ip};
use crate::mesh::Mesh;
use crate::model::networking::{ServiceEntry, WorkloadEntry};
use crate::model::{Meta, Object, Str};
use crate::rules::Report;

/// Endpoints of a ServiceEntry, as its resolution and its ports have them.
pub fn check<'m>(_: &Mesh<'m>, entry: &'m Object<'m, ServiceEntry<'m>>, report: &mut Report) {
    let names = match entry.spec.resolution.map(|resolution| resolution.value) {
        Some("STATIC") => false,
        Some("DNS" | "DNS_ROUND_ROBIN") => true,
        _ => return,
    };
    for endpoint in &entry.spec.endpoints {
        address(&entry.meta, &entry.spec, endpoint, names, report);
        ports(&entry.meta, &entry.spec, endpoint, report);
    }
}

fn address(meta: &Meta<'_>, entry: &ServiceEntry<'_>, endpoint: &WorkloadEntry<'_>, names: bool, report: &mut Report) {
    let Some(address) = endpoint.address.filter(|address| !address.is_empty()) else {
        let network = endpoint.network.is_some_and(|network| !network.is_empty());
        if names || !network {
            let at = endpoint.address.map_or(endpoint.node.head(), |address| address.at);
            report.at(meta, at, "an endpoint without an address").help("add `address`");
        }
        return;
    };
    if address.is_placeholder() {
        return;
    }
    if address.starts_with("unix://") {
        socket(meta, entry, &address, names, report);
    } else if Ip::parse(address.value).is_err() && !(names && Fqdn::parse(address.value).is_ok()) {
        let (what, help) = match names {
            true => ("neither an IP address nor a name", "write an address, or the name of a host"),
            false => ("not an IP address", "write an address, or resolution `DNS`"),
        };
        report.at(meta, address.at, format!("`{}` is {what}", address.value)).help(help);
    }
}

fn socket(meta: &Meta<'_>, entry: &ServiceEntry<'_>, address: &Str<'_>, names: bool, report: &mut Report) {
    if names {
        report.at(meta, address.at, "a Unix socket has no name to look up").help("write resolution `STATIC`");
    } else if entry.ports.len() != 1 {
        let count = entry.ports.len();
        report
            .at(meta, address.at, format!("a Unix socket for {count} ports"))
            .help("keep one port: a socket has none to tell them by");
    }
}

fn ports(meta: &Meta<'_>, entry: &ServiceEntry<'_>, endpoint: &WorkloadEntry<'_>, report: &mut Report) {
    let names: Vec<_> = entry.ports.iter().filter_map(|port| port.name).collect();
    if names.iter().any(|name| name.is_placeholder()) {
        return;
    }
    for (name, _) in endpoint.ports.iter() {
        if !name.is_placeholder() && !names.iter().any(|other| other.value == name.value) {
            let draft = report.at(meta, name.at, format!("the ServiceEntry has no port named `{}`", name.value));
            match crate::finding::nearest(name.value, names.iter().map(|name| name.value)) {
                Some(near) => draft.help(format!("did you mean `{near}`?")),
                None => draft.help("write the name of one of its `ports`"),
            };
        }
    }
}
