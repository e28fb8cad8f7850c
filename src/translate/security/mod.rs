//! Who may talk to a proxy: the filters of RequestAuthentications and AuthorizationPolicies.
//!
//! They go into inbound listeners of sidecars and into all listeners of gateways, never into outbound ones. A policy
//! that lets Envoy ask an external service (`CUSTOM`) comes before tokens are checked, so it cannot see them; the others
//! come after (istio 1.31 `pilot/pkg/networking/core/listener_builder.go`, `buildHTTPConnectionManager`).

mod authorization;
mod ext_authz;
mod jwt;
#[cfg(test)]
mod tests;

use crate::envoy::http_connection_manager::HttpFilter;
use crate::envoy::listener::Filter;
use crate::mesh::Mesh;
use crate::model::Labels;

use super::Note;
use authorization::Authorization;

/// What the policies in force for one proxy make of its filter chains.
pub(super) struct Security {
    http: Vec<HttpFilter>,
    network: Vec<Filter>,
    notes: Vec<Note>,
}

impl Security {
    /// For a proxy in `namespace` whose pod has `labels`. `is_router` tells a gateway from a sidecar.
    pub(super) fn new(mesh: &Mesh<'_>, namespace: &str, labels: &Labels<'_>, is_router: bool) -> Self {
        let authorization = Authorization::new(mesh, namespace, labels);
        let token_rules = jwt::rules(&mesh.request_authentications_of_proxy(namespace, labels));
        let mut http = authorization.external_http_filters();
        http.extend(jwt::filter(&token_rules, is_router));
        http.extend(authorization.http_filters());
        Self { http, network: authorization.network_filters(), notes: jwt::notes(&token_rules) }
    }

    /// Between the exchange of metadata and whatever the protocol of the port asks for.
    pub(super) fn http_filters(&self) -> &[HttpFilter] {
        &self.http
    }

    /// Of a chain that does not speak HTTP, after the exchange of metadata.
    pub(super) fn network_filters(&self) -> &[Filter] {
        &self.network
    }

    /// What of the policies cannot be known offline.
    pub(super) fn notes(&self) -> &[Note] {
        &self.notes
    }
}
