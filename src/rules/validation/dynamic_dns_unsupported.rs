use crate::format::Protocol;
use crate::mesh::Mesh;
use crate::model::networking::ServiceEntry;
use crate::model::{Meta, Object};
use crate::rules::Report;

/// With resolution `DYNAMIC_DNS` proxies look up the name that the client asks for, which must be in the request.
pub fn check<'m>(_: &Mesh<'m>, entry: &'m Object<'m, ServiceEntry<'m>>, report: &mut Report) {
    if entry.spec.resolution.is_some_and(|resolution| resolution.value == "DYNAMIC_DNS") {
        hosts_and_endpoints(&entry.meta, &entry.spec, report);
        ports(&entry.meta, &entry.spec, report);
        waypoint(&entry.meta, &entry.spec, report);
    }
}

fn hosts_and_endpoints(meta: &Meta<'_>, entry: &ServiceEntry<'_>, report: &mut Report) {
    for host in entry.hosts.iter().filter(|host| !host.contains('*') && !host.is_placeholder()) {
        report
            .at(meta, host.at, format!("resolution `DYNAMIC_DNS` for one host, `{}`", host.value))
            .help("write a wildcard, or resolution `DNS`");
    }
    for (field, set) in [("addresses", !entry.addresses.is_empty()), ("endpoints", !entry.endpoints.is_empty())] {
        let Some(at) = entry.node.key_at(field).filter(|_| set) else { continue };
        report
            .at(meta, at, format!("`{field}` does not go with resolution `DYNAMIC_DNS`"))
            .label("where traffic goes is looked up for every request")
            .help(format!("remove `{field}`"));
    }
}

fn ports(meta: &Meta<'_>, entry: &ServiceEntry<'_>, report: &mut Report) {
    use Protocol::{Grpc, Http, Http2, Tls};
    for port in &entry.ports {
        let protocol = port.protocol.filter(|protocol| !protocol.is_empty());
        let parsed = protocol.map(|protocol| Protocol::parse(protocol.value));
        let known = protocol.is_none_or(|protocol| !protocol.is_placeholder());
        if known && !matches!(parsed, Some(Ok(Http | Http2 | Grpc | Tls))) {
            let shown = protocol.map_or("no protocol".to_owned(), |protocol| format!("protocol `{}`", protocol.value));
            report
                .at(
                    meta,
                    protocol.map_or(port.node.head(), |protocol| protocol.at),
                    format!("{shown} with `DYNAMIC_DNS`"),
                )
                .label("the name to look up is taken from the request, or from SNI")
                .help("write `HTTP`, `HTTP2`, `GRPC` or `TLS`");
        }
    }
}

fn waypoint(meta: &Meta<'_>, entry: &ServiceEntry<'_>, report: &mut Report) {
    let Some(location) = entry.location.filter(|location| location.value == "MESH_INTERNAL") else { return };
    let Some((key, value)) = meta.labels.iter().find(|(key, _)| key.value == "istio.io/use-waypoint") else { return };
    if !value.is_empty() && value.value != "none" && !value.is_placeholder() {
        report
            .at(meta, location.at, "`DYNAMIC_DNS` inside the mesh does not go with a waypoint")
            .related(key.at, "uses a waypoint")
            .help("write `location: MESH_EXTERNAL`, or remove the label");
    }
}
