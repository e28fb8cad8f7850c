//! What requests are told apart by, where DestinationRules send those that are alike to the same endpoint (istio 1.31
//! `pilot/pkg/networking/core/route/route.go`, `HashForHTTPDestination`).

use crate::envoy::route::{
    CookieAttribute, HashConnection, HashCookie, HashHeader, HashPolicy, HashPolicySpecifier, HashQueryParameter,
};
use crate::mesh::MergedRule;
use crate::model::destination_rule::{ConsistentHash, LoadBalancerSettings, TrafficPolicy};
use crate::translate::Context;
use crate::translate::policy::port_settings;
use crate::translate::push::Target;

/// For a destination of a VirtualService: what its subset says, else its host; in either, first what they say about the
/// port that the destination names.
pub(super) fn of_destination<'t>(context: &Context<'_, 't>, target: &Target<'t>) -> Option<&'t ConsistentHash<'t>> {
    let rule = rule(context, &target.host)?;
    let subset = rule.subset(target.subset).and_then(|subset| subset.subset.traffic_policy.as_deref());
    let for_port = |policy| of_port(policy, target.port?);
    let own = || rule.traffic_policy;
    subset
        .and_then(for_port)
        .or_else(|| of_all(subset?))
        .or_else(|| own().and_then(for_port))
        .or_else(|| of_all(own()?))
}

/// For a service that no VirtualService leads to.
pub(super) fn of_service<'t>(context: &Context<'_, 't>, host: &str, port: i64) -> Option<&'t ConsistentHash<'t>> {
    let policy = rule(context, host)?.traffic_policy?;
    of_port(policy, port).or_else(|| of_all(policy))
}

fn rule<'t>(context: &Context<'_, 't>, host: &str) -> Option<&'t MergedRule<'t>> {
    context.destination_rule(context.scope.service(host)?.service)
}

fn of_all<'t>(policy: &'t TrafficPolicy<'t>) -> Option<&'t ConsistentHash<'t>> {
    hash(policy.load_balancer.as_deref())
}

fn of_port<'t>(policy: &'t TrafficPolicy<'t>, port: i64) -> Option<&'t ConsistentHash<'t>> {
    hash(port_settings(policy, port)?.load_balancer.as_deref())
}

fn hash<'t>(settings: Option<&'t LoadBalancerSettings<'t>>) -> Option<&'t ConsistentHash<'t>> {
    settings?.consistent_hash.as_deref()
}

/// `None` if it does not say what to hash.
pub(super) fn policy(hash: &ConsistentHash<'_>) -> Option<HashPolicy> {
    let specifier = if let Some(name) = hash.http_header_name {
        let header_name = name.value.to_owned();
        HashPolicySpecifier::Header(HashHeader { header_name, ..Default::default() })
    } else if let Some(cookie) = &hash.http_cookie {
        let text = |text: Option<crate::model::Str<'_>>| text.map_or("", |text| text.value).to_owned();
        let attributes = cookie.attributes.iter().map(|attribute| CookieAttribute {
            name: text(attribute.name),
            value: text(attribute.value),
            ..Default::default()
        });
        HashPolicySpecifier::Cookie(HashCookie {
            name: text(cookie.name),
            ttl: cookie.ttl.map(|ttl| ttl.value.to_std()),
            path: text(cookie.path),
            attributes: attributes.collect(),
            ..Default::default()
        })
    } else if let Some(on) = hash.use_source_ip {
        HashPolicySpecifier::ConnectionProperties(HashConnection { source_ip: on.value, ..Default::default() })
    } else if let Some(name) = hash.http_query_parameter_name {
        let name = name.value.to_owned();
        HashPolicySpecifier::QueryParameter(HashQueryParameter { name, ..Default::default() })
    } else {
        return None;
    };
    Some(HashPolicy { policy: Some(specifier), ..Default::default() })
}
