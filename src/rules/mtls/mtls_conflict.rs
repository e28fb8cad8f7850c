use crate::mesh::Mesh;
use crate::rules::Report;

use super::conflicts::{Server, conflicts};

/// TLS settings of clients that the workloads refuse.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for conflict in conflicts(mesh) {
        let (mode, host) = (conflict.mode.value, &conflict.host);
        let draft = report.at(
            &conflict.rule.meta,
            conflict.mode.at,
            format!("`{mode}` does not work for `{host}`, which {}", demand(conflict.server)),
        );
        let draft = match conflict.server {
            Server::Strict(policy) | Server::Disabled(policy) => {
                draft.label("connections are refused").related(policy.meta.at(), "this PeerAuthentication says so")
            }
            Server::Outside => draft.label("it has no certificate of the mesh: the handshake fails"),
        };
        let draft = match conflict.workload {
            Some((at, title)) => draft.related(at, format!("`{title}` is behind it")),
            None => draft,
        };
        match conflict.server {
            Server::Strict(_) => draft.help("use `ISTIO_MUTUAL`, or leave `tls` out and let Istio decide"),
            Server::Disabled(_) => draft.help("leave `tls` out and let Istio decide"),
            Server::Outside => {
                draft.help("use `SIMPLE` for a server with a certificate of its own, or leave `tls` out")
            }
        };
    }
}

fn demand(server: Server<'_>) -> &'static str {
    match server {
        Server::Strict(_) => "demands mutual TLS",
        Server::Disabled(_) => "takes plain text only",
        Server::Outside => "is not in the mesh",
    }
}
