//! What a route tells the filters of faults and of CORS (istio 1.31 `pilot/pkg/networking/core/route/route.go`,
//! `TranslateFault`, `TranslateCORSPolicy`).

use std::collections::BTreeMap;

use crate::envoy::Any;
use crate::envoy::core::{DenominatorType, FractionalPercent, RuntimeFractionalPercent};
use crate::envoy::http_filter::{self, AbortError, FaultAbort, FaultDelay, HttpFault};
use crate::envoy::matcher::StringMatcher;
use crate::format::GrpcStatus;
use crate::model::Str;
use crate::model::virtual_service::{Abort, CorsPolicy, Delay, HttpFaultInjection, Percent};
use crate::translate::push::Http;

use super::matching;

pub(super) fn of_route(http: &Http<'_>) -> BTreeMap<String, Any> {
    let mut filters = BTreeMap::new();
    if let Some(injected) = http.field(|route| route.fault.as_deref()) {
        filters.insert("envoy.filters.http.fault".to_owned(), fault(injected).into());
    }
    if let Some(policy) = http.field(|route| route.cors_policy.as_deref()) {
        filters.insert("envoy.filters.http.cors".to_owned(), cors(policy).into());
    }
    filters
}

/// Part of all requests, in millionths.
pub(super) fn millionths(percent: f64) -> FractionalPercent {
    // Istio cuts off what is finer.
    let numerator = (percent * 10_000.0) as u32;
    FractionalPercent { numerator, denominator: DenominatorType::Million, ..Default::default() }
}

pub(super) fn hundredths(percent: i64) -> FractionalPercent {
    let numerator = u32::try_from(percent).unwrap_or_default();
    FractionalPercent { numerator, denominator: DenominatorType::Hundred, ..Default::default() }
}

pub(super) fn percentage(percent: &Percent<'_>) -> f64 {
    percent.value.map_or(0.0, |value| value.value)
}

fn fault(injected: &HttpFaultInjection<'_>) -> HttpFault {
    HttpFault {
        delay: injected.delay.as_deref().and_then(delay),
        abort: injected.abort.as_deref().and_then(abort),
        ..Default::default()
    }
}

/// Without a percentage it never happens.
fn delay(delay: &Delay<'_>) -> Option<FaultDelay> {
    let percentage = match &delay.percentage {
        Some(percent) => millionths(percentage(percent)),
        None => hundredths(delay.percent.map_or(0, |percent| percent.value)),
    };
    // There is an exponential delay in the API, but none in Envoy.
    let fixed_delay = Some(delay.fixed_delay?.value.to_std());
    Some(FaultDelay { fixed_delay, percentage: Some(percentage), ..Default::default() })
}

fn abort(abort: &Abort<'_>) -> Option<FaultAbort> {
    let grpc_status = |text: Str<'_>| GrpcStatus::parse(text.value).map_or(0, |status| status.number().into());
    let error = match (abort.http_status, abort.grpc_status) {
        (Some(status), _) => AbortError::HttpStatus(status.value.try_into().unwrap_or_default()),
        (None, Some(text)) => AbortError::GrpcStatus(grpc_status(text)),
        (None, None) => return None,
    };
    let percentage = abort.percentage.as_ref().map(|percent| millionths(percentage(percent)));
    Some(FaultAbort { error: Some(error), percentage, ..Default::default() })
}

fn cors(policy: &CorsPolicy<'_>) -> http_filter::CorsPolicy {
    let joined = |list: &[Str<'_>]| list.iter().map(|text| text.value).collect::<Vec<_>>().join(",");
    let origins = policy.allow_origins.iter().filter_map(|origin| origin.kind()).map(matching::string_matcher);
    let old_origins = policy.allow_origin.iter().map(|origin| StringMatcher::exact(origin.value));
    let ignores_others = policy.unmatched_preflights.is_some_and(|mode| mode.value == "IGNORE");
    http_filter::CorsPolicy {
        allow_origin_string_match: match policy.allow_origins.is_empty() {
            true => old_origins.collect(),
            false => origins.collect(),
        },
        allow_methods: joined(&policy.allow_methods),
        allow_headers: joined(&policy.allow_headers),
        expose_headers: joined(&policy.expose_headers),
        max_age: policy.max_age.map_or_else(String::new, |age| age.value.to_std().as_secs().to_string()),
        allow_credentials: policy.allow_credentials.map(|on| on.value),
        filter_enabled: Some(RuntimeFractionalPercent { default_value: Some(hundredths(100)), ..Default::default() }),
        forward_not_matching_preflights: Some(!ignores_others),
        ..Default::default()
    }
}
