use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use crate::mesh::{Mesh, ServerRef};
use crate::model::Str;
use crate::rules::Report;
use crate::source::Span;

/// Servers for different hosts on one port should not have the same certificate.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut seen = FxHashSet::default();
    for proxy in mesh.gateway_proxies() {
        let mut users: BTreeMap<(i64, String), Vec<User<'_>>> = BTreeMap::new();
        for server in proxy.servers().filter(ServerRef::terminates_tls) {
            let Some(port) = proxy.listening_port(&server) else { continue };
            for (certificate, text) in certificates(mesh, server) {
                users.entry((port, certificate)).or_default().push(User { server, text });
            }
        }
        for users in users.values() {
            let [first, others @ ..] = users.as_slice() else { continue };
            let mut pairs = others.iter().filter(|other| !have_same_hosts(&first.server, &other.server)).peekable();
            if let Some(other) = pairs.peek().filter(|other| !std::ptr::eq(other.server.gateway, first.server.gateway))
            {
                report_user(first, other, &mut seen, report);
            }
            for other in pairs {
                report_user(other, first, &mut seen, report);
            }
        }
    }
}

/// A server and the name of its certificate.
struct User<'m> {
    server: ServerRef<'m>,
    text: Str<'m>,
}

/// Each certificate of a server, by what makes it the same as another: its Secret, or its files.
fn certificates<'m>(mesh: &Mesh<'m>, server: ServerRef<'m>) -> Vec<(String, Str<'m>)> {
    let secrets = mesh.credentials_of(server).into_iter().map(|credential| (credential.place(), credential.text));
    let tls = server.server.tls.as_ref();
    let files = tls.and_then(|tls| Some((tls.server_certificate?, tls.private_key?)));
    let files = files.map(|(certificate, key)| (format!("{} {}", certificate.value, key.value), certificate));
    secrets.chain(files).collect()
}

fn have_same_hosts(left: &ServerRef<'_>, right: &ServerRef<'_>) -> bool {
    let hosts = |server: &ServerRef<'_>| server.hosts().map(|(_, host, _)| host.to_owned()).collect::<FxHashSet<_>>();
    hosts(left) == hosts(right)
}

fn report_user(user: &User<'_>, other: &User<'_>, seen: &mut FxHashSet<Span>, report: &mut Report) {
    if !seen.insert(user.text.at) {
        return;
    }
    let (own, theirs) = (user.server.gateway, other.server.gateway);
    let within = std::ptr::eq(own, theirs);
    // Of two Gateways neither is the culprit.
    let at = if within { user.text.at } else { own.meta.at() };
    let by = match within {
        true => "another server on the port".to_owned(),
        false => format!("Gateway `{}`", theirs.meta.full_name()),
    };
    let mut draft = report.at(&own.meta, at, format!("{by} uses certificate `{}` for other hosts", user.text.value));
    draft = draft.label("browsers send requests for these hosts over a connection to the others, and get 404");
    if !within {
        draft = draft.related(user.text.at, "used here");
    }
    draft
        .related(other.text.at, "used here, too")
        .help("list all hosts of the certificate in one server of one Gateway");
}
