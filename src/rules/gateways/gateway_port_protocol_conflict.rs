use rustc_hash::{FxHashMap, FxHashSet};

use crate::mesh::{Mesh, ServerRef};
use crate::rules::Report;
use crate::source::Span;

/// Servers on one port of a proxy must all speak plain HTTP or all be for TLS.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut seen = FxHashSet::default();
    for proxy in mesh.gateway_proxies() {
        let mut holders: FxHashMap<(i64, &str), ServerRef<'_>> = FxHashMap::default();
        for server in
            proxy.servers().filter(|server| server.server.port.as_ref().is_some_and(|port| port.protocol.is_some()))
        {
            let Some(port) = proxy.listening_port(&server) else { continue };
            let bind = server.server.bind.map_or("", |bind| bind.value);
            let first = *holders.entry((port, bind)).or_insert(server);
            let itself = std::ptr::eq(first.server, server.server);
            if !itself && !merge(&first, &server) && seen.insert((place(&first), place(&server))) {
                report_conflict(&first, &server, report);
            }
        }
    }
}

/// What servers must have in common to share a port; plain TCP shares with nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    PlainHttp,
    PlainTcp,
    Tls,
}

fn family(server: &ServerRef<'_>) -> Family {
    match server.protocol() {
        protocol if protocol.is_http() => Family::PlainHttp,
        _ if server.server.tls.is_some() => Family::Tls,
        _ => Family::PlainTcp,
    }
}

fn merge(left: &ServerRef<'_>, right: &ServerRef<'_>) -> bool {
    family(left) == family(right) && family(left) != Family::PlainTcp
}

fn report_conflict(first: &ServerRef<'_>, second: &ServerRef<'_>, report: &mut Report) {
    report_one(second, first, report);
    if !std::ptr::eq(first.gateway, second.gateway) {
        report_one(first, second, report);
    }
}

fn report_one(culprit: &ServerRef<'_>, other: &ServerRef<'_>, report: &mut Report) {
    let number = culprit.port().unwrap_or_default();
    let (own, theirs) = (describe(culprit), describe(other));
    let message =
        format!("{own} and {theirs} of Gateway `{}` cannot share port {number}", other.gateway.meta.full_name());
    let draft = report.at(&culprit.gateway.meta, place(culprit), message);
    let draft = draft.label("istiod drops one of the servers: of two Gateways that of the newer");
    let draft = draft.related(place(other), format!("{theirs} on the same port"));
    draft.help("give one of the servers another port or another `bind` address");
}

/// The key `port`: the conflict is about number and protocol together.
fn place(server: &ServerRef<'_>) -> Span {
    server.server.node.key_at("port").unwrap_or(server.gateway.meta.at())
}

fn describe(server: &ServerRef<'_>) -> String {
    let protocol = server.server.port.as_ref().and_then(|port| port.protocol).map_or("", |protocol| protocol.value);
    match family(server) {
        Family::Tls => format!("`{protocol}` with TLS"),
        Family::PlainHttp | Family::PlainTcp => format!("plain `{protocol}`"),
    }
}
