//! Access logs: those of Telemetries, else those of the MeshConfig (istio 1.31 `pilot/pkg/networking/core/accesslog.go`).

mod format;
mod sinks;
mod telemetry;
#[cfg(test)]
mod tests;

use crate::envoy::access_log::{
    AccessLog, AccessLogFilter, AndFilter, CelFilter, ExtensionFilter, FilterSpecifier, ResponseFlagFilter,
};
use crate::mesh::Mesh;
use crate::model::Labels;

use sinks::Sink;

/// The logs of a proxy, by the part that it plays.
pub(crate) struct AccessLogs {
    client: Logs,
    server: Logs,
}

/// The part that a proxy plays in what is logged. Gateways are clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Client,
    Server,
}

#[derive(Clone)]
struct Logs {
    requests: Vec<AccessLog>,
    connections: Vec<AccessLog>,
    listeners: Vec<AccessLog>,
}

impl AccessLogs {
    /// For a proxy in `namespace` whose pod has `labels`.
    pub(super) fn new(mesh: &Mesh<'_>, namespace: &str, labels: &Labels<'_>) -> Self {
        let telemetries = mesh.telemetries_of_proxy(namespace, labels);
        let of = |part| Logs::new(mesh, telemetry::sinks(mesh, &telemetries, part));
        Self { client: of(Part::Client), server: of(Part::Server) }
    }

    /// For a connection manager.
    pub(super) fn of_requests(&self, part: Part) -> Vec<AccessLog> {
        self.of(part).requests.clone()
    }

    /// For a TCP proxy.
    pub(super) fn of_connections(&self, part: Part) -> Vec<AccessLog> {
        self.of(part).connections.clone()
    }

    /// For a listener: connections for which there is no filter chain. Only the virtual listeners, inbound listeners that
    /// bind and the listeners of gateways have them.
    pub(super) fn of_listener(&self, part: Part) -> Vec<AccessLog> {
        self.of(part).listeners.clone()
    }

    fn of(&self, part: Part) -> &Logs {
        match part {
            Part::Client => &self.client,
            Part::Server => &self.server,
        }
    }
}

impl Logs {
    fn new(mesh: &Mesh<'_>, sinks: Vec<Sink<'_>>) -> Self {
        let config = mesh.settings.config.as_ref();
        let has_listener_logs =
            !config.and_then(|config| config.disable_envoy_listener_log).is_some_and(|off| off.value);
        let mut logs = match sinks.is_empty() {
            true => Self::of_mesh_config(mesh),
            false => {
                let logs = |filter: Option<FilterSpecifier>| {
                    let enabled = sinks.iter().filter(|sink| !sink.disabled);
                    enabled.map(|sink| filtered(sink.log.clone(), filter.clone(), sink.expression.map(cel))).collect()
                };
                let everything: Vec<_> = logs(None);
                Self { requests: everything.clone(), connections: everything, listeners: logs(Some(no_chain())) }
            }
        };
        if !has_listener_logs {
            logs.listeners.clear();
        }
        logs
    }

    /// `accessLogFile` and `enableEnvoyAccessLogService`, for meshes whose logs no Telemetry or default provider tells.
    fn of_mesh_config(mesh: &Mesh<'_>) -> Self {
        let config = mesh.settings.config.as_ref();
        let file = config.and_then(|config| config.access_log_file).filter(|path| !path.is_empty());
        let file = file.map(|path| sinks::file_of_mesh_config(mesh, path.value));
        let has_service = config.and_then(|config| config.enable_envoy_access_log_service).is_some_and(|on| on.value);
        let service = |log: AccessLog| has_service.then_some(log);
        let listeners = file.clone().into_iter().chain(service(sinks::connections_to_mesh_service("listener")));
        Self {
            requests: file.clone().into_iter().chain(service(sinks::requests_to_mesh_service())).collect(),
            connections: file.into_iter().chain(service(sinks::connections_to_mesh_service("tcp"))).collect(),
            listeners: listeners.map(|log| filtered(log, Some(no_chain()), None)).collect(),
        }
    }
}

fn filtered(log: AccessLog, first: Option<FilterSpecifier>, second: Option<FilterSpecifier>) -> AccessLog {
    let filter = |specifier| AccessLogFilter { specifier: Some(specifier), ..Default::default() };
    let specifier = match (first, second) {
        (Some(first), Some(second)) => {
            let filters = vec![filter(first), filter(second)];
            Some(FilterSpecifier::AndFilter(AndFilter { filters, ..Default::default() }))
        }
        (first, second) => first.or(second),
    };
    AccessLog { filter: specifier.map(filter), ..log }
}

/// Connections that no filter chain takes.
fn no_chain() -> FilterSpecifier {
    FilterSpecifier::ResponseFlagFilter(ResponseFlagFilter { flags: vec!["NR".to_owned()], ..Default::default() })
}

fn cel(expression: &str) -> FilterSpecifier {
    let filter = CelFilter { expression: expression.to_owned(), ..Default::default() };
    FilterSpecifier::ExtensionFilter(ExtensionFilter::new("envoy.access_loggers.extension_filters.cel", filter))
}
