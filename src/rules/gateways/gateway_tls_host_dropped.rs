use rustc_hash::{FxHashMap, FxHashSet};

use crate::mesh::{Mesh, ServerRef};
use crate::model::{Meta, Str};
use crate::rules::Report;
use crate::source::Span;

/// No two servers with TLS may have a host in common on one port of a proxy.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut seen = FxHashSet::default();
    for proxy in mesh.gateway_proxies() {
        // The first to use a host: by port and address that the proxy listens on, and the host without namespace.
        let mut holders: FxHashMap<(i64, &str, &str), Use<'_>> = FxHashMap::default();
        for server in proxy.servers().filter(|server| server.server.tls.is_some()) {
            let Some(port) = proxy.listening_port(&server) else { continue };
            let bind = server.server.bind.map_or("", |bind| bind.value);
            let mut clash = None;
            for (_, host, text) in server.hosts() {
                let own = Use { server, host: text };
                let holder = holders.entry((port, bind, host)).or_insert(own);
                let is_own = std::ptr::eq(holder.server.server, server.server);
                if !is_own && clash.is_none() {
                    clash = Some((*holder, own));
                }
            }
            let Some((first, second)) = clash else { continue };
            if seen.insert((first.host.at, second.host.at)) {
                report_clash(&first, &second, report);
            }
        }
    }
}

/// A host of a server.
#[derive(Clone, Copy)]
struct Use<'m> {
    server: ServerRef<'m>,
    host: Str<'m>,
}

impl<'m> Use<'m> {
    fn meta(&self) -> &'m Meta<'m> {
        &self.server.gateway.meta
    }
}

/// The later server of one Gateway is the one that is dropped. Which of two Gateways is older, the input rarely says.
fn report_clash(first: &Use<'_>, second: &Use<'_>, report: &mut Report) {
    let within = first.meta().at() == second.meta().at();
    report_one(second, first, within, report);
    if !within {
        report_one(first, second, within, report);
    }
}

fn report_one(culprit: &Use<'_>, other: &Use<'_>, within: bool, report: &mut Report) {
    let by = match within {
        true => "a server above".to_owned(),
        false => format!("Gateway `{}`", other.meta().full_name()),
    };
    let at: Span = culprit.host.at;
    let draft =
        report.at(culprit.meta(), at, format!("`{}` is served by {by} on the same port, too", culprit.host.value));
    let prefixed = culprit.host.value != other.host.value && culprit.host.contains('/') && other.host.contains('/');
    let label = match (prefixed, within) {
        (true, _) => "Envoy refuses two filter chains for one name: the listener is not updated",
        (false, true) => "istiod drops this whole server",
        (false, false) => "istiod drops the whole server of the newer Gateway",
    };
    let draft = draft.label(label).related(other.host.at, "the same host");
    draft.help("list the host in one server, or give the servers different ports or `bind` addresses");
}
