//! When a request is sent again (istio 1.31 `pilot/pkg/networking/core/route/retry/retry.go`).

use crate::envoy::route::{
    PreviousHostsPredicate, PreviousPrioritiesConfig, RetryBackOff, RetryHostPredicate, RetryPolicy, RetryPriority,
};
use crate::model::virtual_service::HttpRetry;

const DEFAULT_CONDITIONS: &str = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";

/// `None`: never. `sticky` requests belong to one endpoint, so that no other is looked for unless that is asked for.
pub(super) fn policy(written: Option<&HttpRetry<'_>>, sticky: bool) -> Option<RetryPolicy> {
    let mut policy = RetryPolicy {
        retry_on: DEFAULT_CONDITIONS.to_owned(),
        num_retries: Some(2),
        retry_host_predicate: if sticky { Vec::new() } else { previous_hosts() },
        host_selection_retry_max_attempts: 5,
        ..Default::default()
    };
    let Some(written) = written else { return Some(policy) };
    let attempts = written.attempts.map_or(0, |attempts| attempts.value);
    policy.num_retries = Some(u32::try_from(attempts).ok().filter(|attempts| *attempts > 0)?);
    if let Some(conditions) = written.retry_on.filter(|text| !text.is_empty()) {
        (policy.retry_on, policy.retriable_status_codes) = split_conditions(conditions.value);
    }
    policy.per_try_timeout = written.per_try_timeout.map(|time| time.value.to_std());
    match written.retry_ignore_previous_hosts.map(|on| on.value) {
        Some(true) => policy.retry_host_predicate = previous_hosts(),
        Some(false) => policy.retry_host_predicate.clear(),
        None => {}
    }
    if written.retry_remote_localities.is_some_and(|on| on.value) {
        policy.retry_priority = Some(previous_priorities());
    }
    policy.retry_back_off =
        written.backoff.map(|time| RetryBackOff { base_interval: Some(time.value.to_std()), ..Default::default() });
    Some(policy)
}

/// The words, and the status codes among them. Where there are codes Envoy must be told to look at them.
fn split_conditions(text: &str) -> (String, Vec<u32>) {
    const CODES: &str = "retriable-status-codes";
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let (codes, words): (Vec<_>, Vec<_>) = parts.partition(|part| status(part).is_some());
    let mut words = words.join(",");
    if !codes.is_empty() && !words.contains(CODES) {
        // The comma stands there even if no word comes before it.
        words.push(',');
        words.push_str(CODES);
    }
    (words, codes.into_iter().filter_map(status).collect())
}

/// A code that has a name in Go's `net/http`; other numbers are taken for words.
fn status(text: &str) -> Option<u32> {
    let code = text.parse().ok()?;
    let known = matches!(code, 100..=103 | 200..=208 | 226 | 300..=305 | 307 | 308 | 400..=418 | 421..=426)
        || matches!(code, 428 | 429 | 431 | 451 | 500..=508 | 510 | 511);
    known.then_some(code)
}

fn previous_hosts() -> Vec<RetryHostPredicate> {
    vec![RetryHostPredicate::new("envoy.retry_host_predicates.previous_hosts", PreviousHostsPredicate::default())]
}

fn previous_priorities() -> RetryPriority {
    let config = PreviousPrioritiesConfig { update_frequency: 2, ..Default::default() };
    RetryPriority::new("envoy.retry_priorities.previous_priorities", config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_among_the_conditions_are_taken_apart() {
        let table: [(&str, &str, &[u32]); 6] = [
            ("5xx,gateway-error", "5xx,gateway-error", &[]),
            (" 503 , reset ,", "reset,retriable-status-codes", &[503]),
            ("503", ",retriable-status-codes", &[503]),
            ("retriable-status-codes,503,504", "retriable-status-codes", &[503, 504]),
            ("999", "999", &[]),
            ("", "", &[]),
        ];
        for (text, words, codes) in table {
            assert_eq!(split_conditions(text), (words.to_owned(), codes.to_vec()), "{text}");
        }
    }
}
