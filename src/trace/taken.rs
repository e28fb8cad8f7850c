//! The route that a request takes: where it leads, and what it makes of the request.

use std::net::IpAddr;
use std::time::Duration;

use crate::envoy::core::HeaderValueOption;
use crate::envoy::route::{
    Action, ClusterNotFoundResponseCode, ClusterSpecifier, ClusterWeight, RetryPolicy, Route, RouteAction,
    RouteConfiguration, VirtualHost,
};

use super::answer::{Answer, By, change, rewrite, substitute};
use super::arrival;
use super::call::Request;
use super::decision::{Routing, timeout};
use super::filters::Http;
use super::tracer::Tracer;

/// A route that sends the request on, and whose it is.
#[derive(Clone, Copy, Debug)]
pub struct Taken<'t> {
    pub http: &'t Http,
    pub configuration: Option<&'t RouteConfiguration>,
    pub host: &'t VirtualHost,
    pub route: &'t Route,
    pub action: &'t RouteAction,
    /// How many bytes of the path it matched.
    matched: usize,
}

/// One of the clusters that a route leads to.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'t> {
    pub cluster: &'t str,
    pub weight: u32,
    /// Of the weights of all.
    pub total: u32,
    /// What the route says of this one of several clusters.
    pub chosen: Option<&'t ClusterWeight>,
}

/// Headers that are added, and those that are removed.
pub type Changes<'t> = (&'t [HeaderValueOption], &'t [String]);

impl<'t> Taken<'t> {
    /// The answer if the request is not sent on.
    pub fn new(http: &'t Http, routing: &Routing<'t>, request: &Request) -> Result<Self, Answer> {
        let Some(host) = routing.host else { return Err(Answer::new(404, "", By::NoHost)) };
        if routing.redirects {
            return Err(Answer::https(request));
        }
        let Some((index, route)) = routing.route else { return Err(Answer::new(404, "", By::NoRoute)) };
        let matched = host.matched_length(index, request);
        match &route.action {
            Some(Action::Redirect(redirect)) => Err(Answer::redirect(redirect, request, matched)),
            Some(Action::DirectResponse(response)) => Err(Answer::direct(response, request)),
            Some(Action::Route(action)) => {
                Ok(Taken { http, configuration: routing.configuration, host: host.host, route, action, matched })
            }
            None => Err(Answer::new(500, "", By::NoAction)),
        }
    }

    /// The clusters that it leads to.
    pub fn choices(&self, request: &Request, tracer: &'t Tracer) -> Vec<Choice<'t>> {
        match &self.action.cluster_specifier {
            Some(ClusterSpecifier::Cluster(name)) => vec![Choice::only(name)],
            Some(ClusterSpecifier::WeightedClusters(weighted)) => {
                let total = self.total();
                let of = |own: &'t ClusterWeight| Choice {
                    cluster: &own.name,
                    weight: weight(own),
                    total,
                    chosen: Some(own),
                };
                weighted.clusters.iter().map(of).collect()
            }
            // Which of the clusters it is, the request itself says.
            Some(ClusterSpecifier::ClusterHeader(name)) => {
                let cluster = request.header(name).and_then(|value| tracer.cluster(&value));
                cluster.into_iter().map(|cluster| Choice::only(&cluster.name)).collect()
            }
            None => Vec::new(),
        }
    }

    /// The one that a random number chooses (Envoy 1.40 `WeightedClusterUtil` in `source/common/router/config_impl.cc`).
    pub fn pick(&self, request: &Request, tracer: &'t Tracer, random: u64) -> Option<Choice<'t>> {
        let mut choices = self.choices(request, tracer).into_iter();
        let total = u64::from(self.total()).max(1);
        let mut left = random % total;
        if choices.len() < 2 {
            return choices.next();
        }
        choices.find(|choice| {
            let weight = u64::from(choice.weight);
            let found = left < weight;
            left = left.saturating_sub(weight);
            found
        })
    }

    fn total(&self) -> u32 {
        match &self.action.cluster_specifier {
            Some(ClusterSpecifier::WeightedClusters(weighted)) => weighted.clusters.iter().map(weight).sum(),
            _ => 1,
        }
    }

    /// What is answered if the cluster does not exist.
    pub fn without_cluster(&self) -> Answer {
        let status = match self.action.cluster_not_found_response_code {
            ClusterNotFoundResponseCode::NotFound => 404,
            ClusterNotFoundResponseCode::InternalServerError => 500,
            _ => 503,
        };
        Answer::new(status, "", By::NoCluster)
    }

    pub fn retry(&self) -> Option<&'t RetryPolicy> {
        self.action.retry_policy.as_ref().or(self.host.retry_policy.as_ref())
    }

    /// Of the whole request, with all tries; `None` for no limit.
    pub fn timeout(&self) -> Option<Duration> {
        timeout(self.action)
    }

    /// Makes the request what the upstream sees: headers, host and path. `limit` is told to the upstream as what the
    /// request may take; `value` says what the text of a header's value stands for.
    pub fn rewrite(
        &self,
        request: &mut Request,
        chosen: Option<&ClusterWeight>,
        limit: Option<Duration>,
        value: &mut dyn FnMut(&str, &Request) -> String,
    ) {
        if let Some(limit) = limit {
            request.headers.set("x-envoy-expected-rq-timeout-ms", limit.as_millis().to_string());
        }
        if self.host.include_request_attempt_count {
            request.headers.set("x-envoy-attempt-count", "1");
        }
        for changes in self.request_changes(chosen) {
            change(request, changes, value);
        }
        rewrite(request, self.action, chosen, self.matched);
    }

    /// The request as the upstream sees it, but for what differs from run to run.
    pub fn sent(&self, request: &Request, source: IpAddr, chosen: Option<&ClusterWeight>) -> Request {
        let mut sent = request.clone();
        arrival::forwarded(self.http, &mut sent, source);
        let limit = self.retry().and_then(|retry| retry.per_try_timeout).or_else(|| self.timeout());
        self.rewrite(&mut sent, chosen, limit, &mut substitute);
        sent
    }

    fn request_changes<'c>(&self, chosen: Option<&'c ClusterWeight>) -> impl Iterator<Item = Changes<'c>>
    where
        't: 'c,
    {
        self.in_order([
            chosen.map(|own| (&own.request_headers_to_add[..], &own.request_headers_to_remove[..])),
            Some((&self.route.request_headers_to_add, &self.route.request_headers_to_remove)),
            Some((&self.host.request_headers_to_add, &self.host.request_headers_to_remove)),
            self.configuration.map(|own| (&own.request_headers_to_add[..], &own.request_headers_to_remove[..])),
        ])
    }

    fn in_order<'c>(&self, levels: [Option<Changes<'c>>; 4]) -> impl Iterator<Item = Changes<'c>> + use<'c> {
        in_order(self.configuration, levels)
    }
}

impl<'t> Routing<'t> {
    /// What is changed of the headers of a response, in order. `chosen` is the one of several clusters that answered.
    pub fn response_changes<'c>(&self, chosen: Option<&'c ClusterWeight>) -> impl Iterator<Item = Changes<'c>> + use<'c>
    where
        't: 'c,
    {
        let route = self.route.map(|(_, route)| route);
        let host = self.host.map(|host| host.host);
        let levels = [
            chosen.map(|own| (&own.response_headers_to_add[..], &own.response_headers_to_remove[..])),
            route.map(|own| (&own.response_headers_to_add[..], &own.response_headers_to_remove[..])),
            host.map(|own| (&own.response_headers_to_add[..], &own.response_headers_to_remove[..])),
            self.configuration.map(|own| (&own.response_headers_to_add[..], &own.response_headers_to_remove[..])),
        ];
        in_order(self.configuration, levels)
    }
}

/// The most specific level is the first, so that others may overwrite it, unless the configuration turns that round.
fn in_order<'c>(
    configuration: Option<&RouteConfiguration>,
    mut levels: [Option<Changes<'c>>; 4],
) -> impl Iterator<Item = Changes<'c>> + use<'c> {
    if configuration.is_some_and(|own| own.most_specific_header_mutations_wins) {
        levels.reverse();
    }
    levels.into_iter().flatten()
}

impl<'t> Choice<'t> {
    fn only(cluster: &'t str) -> Self {
        Self { cluster, weight: 1, total: 1, chosen: None }
    }
}

fn weight(cluster: &ClusterWeight) -> u32 {
    cluster.weight.unwrap_or_default()
}
