//! A connection manager, ready to serve: what its configuration says, read once.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use crate::envoy::Any;
use crate::envoy::http_connection_manager::{
    HttpConnectionManager, HttpFilter, RouteSpecifier, ServerHeaderTransformation,
};
use crate::envoy::protocol::{HeadersWithUnderscoresAction, MOST_HEADERS};
use crate::proxy::access_log::Logs;
use crate::proxy::note::Note;
use crate::proxy::runtime::Runtime;
use crate::trace::Authentication;
use crate::trace::mutation::Mutation;

use super::external::External;
use super::head::{self, Rules, Wrong};
use super::rate_limit::RateLimit;
use super::stateful::Sessions;
use super::stats::ManagerStats;

#[derive(Debug)]
pub struct Manager {
    pub config: Box<HttpConnectionManager>,
    /// What trace does not execute of the filters, in their order.
    pub filters: Vec<Own>,
    pub logs: Logs,
    pub stats: ManagerStats,
    pub server: HeaderValue,
    pub server_rule: ServerHeaderTransformation,
    pub accepts_http10: bool,
    pub heads: Rules,
    pub most_headers: usize,
    pub most_header_bytes: usize,
    pub underscores: HeadersWithUnderscoresAction,
    pub generates_ids: bool,
    pub service_cluster: String,
    /// The router says nothing of what Envoy does.
    pub is_discreet: bool,
    /// Of a connection without requests.
    pub idle: Option<Duration>,
    /// Of a request on which nothing moves.
    pub stream_idle: Option<Duration>,
    /// How long the head of a request may take, and what is said then.
    pub head_limit: Option<(Duration, Wrong)>,
    /// Until all of a request has come.
    pub request_timeout: Option<Duration>,
    /// Of a request with its response, where the route does not say it.
    pub longest_stream: Option<Duration>,
    pub longest_connection: Option<Duration>,
    /// Of a connection.
    pub most_requests: Option<u64>,
    /// How long a connection that is to end still takes requests.
    pub drain: Duration,
}

/// A filter that takes more than configuration and request.
#[derive(Debug)]
pub enum Own {
    /// Trace does all of it, or it does nothing.
    None,
    External(Box<External>),
    RateLimit(RateLimit),
    Mutation(Mutation),
    Sessions(Sessions),
}

/// Envoy's limits where nothing is configured.
const MOST_HEADER_KILOBYTES: u32 = 60;
const IDLE: Duration = Duration::from_secs(3600);
const STREAM_IDLE: Duration = Duration::from_secs(300);
const DRAIN: Duration = Duration::from_secs(5);

impl Manager {
    pub fn new(
        config: &HttpConnectionManager,
        service_cluster: &str,
        place: &str,
        runtime: &Arc<Runtime>,
        notes: &mut Vec<Note>,
    ) -> Self {
        let common = config.common_http_protocol_options.as_ref();
        let duration = |configured: Option<Duration>| configured.filter(|duration| !duration.is_zero());
        // Of those that no route turns on, nobody needs to know.
        let mut of_none = Vec::new();
        let filters = config.http_filters.iter().map(|filter| {
            let notes = if filter.disabled { &mut of_none } else { &mut *notes };
            own(filter, place, runtime, notes)
        });
        let filters = filters.collect();
        if let Some(RouteSpecifier::RouteConfig(routes)) = &config.route_specifier
            && routes.filter_configs().any(has_check_settings)
        {
            notes.push(Note::new(place, "`check_settings` of routes change nothing"));
        }
        let server = if config.server_name.is_empty() { "envoy" } else { &config.server_name };
        let is_discreet = config.http_filters.iter().any(|filter| match &filter.typed_config {
            Some(Any::Router(router)) => router.suppress_envoy_headers,
            _ => false,
        });
        let tokens = config.http_filters.iter().filter_map(|filter| match &filter.typed_config {
            Some(Any::JwtAuthentication(config)) => Some(Authentication::new(config)),
            _ => None,
        });
        notes.extend(tokens.flat_map(|filter| filter.unsupported()).map(|text| Note::new(place, text)));
        let stream_idle = duration(Some(config.stream_idle_timeout.unwrap_or(STREAM_IDLE)));
        let most_headers = common.and_then(|own| own.max_headers_count).unwrap_or(MOST_HEADERS) as usize;
        if config.route_specifier.is_none() {
            notes.push(Note::new(place, "the connection manager has no routes"));
        }
        Self {
            filters,
            logs: Logs::new(&config.access_log, place, notes),
            stats: ManagerStats::new(&runtime.stats, &config.stat_prefix),
            server: HeaderValue::try_from(server).unwrap_or(HeaderValue::from_static("envoy")),
            server_rule: config.server_header_transformation,
            accepts_http10: config.http_protocol_options.as_ref().is_some_and(|options| options.accept_http_10),
            heads: Rules::new(config.http_protocol_options.as_ref(), most_headers),
            most_headers,
            most_header_bytes: config.max_request_headers_kb.unwrap_or(MOST_HEADER_KILOBYTES) as usize * 1024,
            underscores: common.map(|own| own.headers_with_underscores_action).unwrap_or_default(),
            generates_ids: config.generate_request_id != Some(false),
            service_cluster: service_cluster.to_owned(),
            is_discreet,
            idle: duration(Some(common.and_then(|own| own.idle_timeout).unwrap_or(IDLE))),
            stream_idle,
            head_limit: head::limit(config, stream_idle),
            request_timeout: duration(config.request_timeout),
            longest_stream: duration(common.and_then(|own| own.max_stream_duration)),
            longest_connection: duration(common.and_then(|own| own.max_connection_duration)),
            most_requests: common
                .and_then(|own| own.max_requests_per_connection)
                .map(u64::from)
                .filter(|most| *most > 0),
            drain: config.drain_timeout.unwrap_or(DRAIN),
            config: Box::new(config.clone()),
        }
    }

    pub fn upgrades_to(&self, protocol: &str) -> bool {
        let found = self.config.upgrade_configs.iter().find(|own| own.upgrade_type.eq_ignore_ascii_case(protocol));
        found.is_some_and(|own| own.enabled != Some(false))
    }
}

/// Whether a route says what else a service for authorization is told.
fn has_check_settings(config: &Any) -> bool {
    let settings = ["check_settings", "checkSettings"];
    matches!(config, Any::Other(other) if settings.iter().any(|name| other.fields.contains_key(*name)))
}

/// Filters that are neither known here nor to trace are named.
fn own(filter: &HttpFilter, place: &str, runtime: &Arc<Runtime>, notes: &mut Vec<Note>) -> Own {
    let mut unknown = |text: String| {
        notes.push(Note::new(place, text));
        Own::None
    };
    match &filter.typed_config {
        Some(Any::HttpExtAuthz(config)) => Own::External(Box::new(External::new(config))),
        Some(Any::StatefulSession(config)) => match Sessions::new(config) {
            Some(sessions) => Own::Sessions(sessions),
            None => unknown(format!("the sessions of filter `{}` are not kept", filter.name)),
        },
        Some(
            Any::HttpRbac(_)
            | Any::JwtAuthentication(_)
            | Any::Fault(_)
            | Any::Cors(_)
            | Any::Router(_)
            | Any::GrpcStats(_)
            | Any::GrpcWeb(_)
            | Any::Alpn(_)
            | Any::DynamicForwardProxy(_)
            | Any::IstioStats(_),
        ) => Own::None,
        Some(Any::Other(other)) if other.type_url.ends_with("local_ratelimit.v3.LocalRateLimit") => {
            Own::RateLimit(RateLimit::new(&other.fields, runtime))
        }
        Some(Any::Other(other)) if other.type_url.ends_with("header_mutation.v3.HeaderMutation") => {
            Own::Mutation(Mutation::new(&other.fields))
        }
        _ => unknown(format!("the HTTP filter `{}` is not executed", filter.name)),
    }
}
