//! Which failures are tried again, and when (Envoy 1.40 `source/common/router/retry_state_impl.cc`).

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use crate::envoy::Any;
use crate::envoy::route::RetryPolicy;
use crate::proxy::dice::Dice;
use crate::proxy::upstream::Failure;
use crate::trace::{HeaderTest, Headers, Request};

/// What is tried again, and how often yet.
#[derive(Debug, Default)]
pub struct Retries {
    on: On,
    codes: Vec<u16>,
    headers: Vec<HeaderTest>,
    left: u32,
    base: Duration,
    longest: Duration,
    /// Of tries so far.
    count: u32,
    /// Hosts that were tried are not tried again.
    pub avoids_hosts: bool,
    /// How often another host is looked for.
    pub host_attempts: u32,
    pub priorities: Priorities,
    pub per_try: Option<Duration>,
    pub per_try_idle: Option<Duration>,
}

/// The priorities that later tries leave out: those of earlier ones, put together anew after every so many tries
/// (`source/extensions/retry/priority/previous_priorities/previous_priorities.cc`).
#[derive(Debug, Default)]
pub struct Priorities {
    /// 0 if none is left out.
    frequency: usize,
    tried: Vec<u32>,
    left_out: Vec<u32>,
}

impl Priorities {
    fn new(policy: &RetryPolicy) -> Self {
        let config = policy.retry_priority.as_ref().and_then(|own| own.typed_config.as_ref());
        let frequency = match config {
            Some(Any::PreviousPriorities(config)) => usize::try_from(config.update_frequency).unwrap_or(0),
            _ => 0,
        };
        Self { frequency, ..Self::default() }
    }

    /// A try goes to a host of this priority.
    pub fn take(&mut self, priority: u32) {
        if self.frequency > 0 {
            self.tried.push(priority);
        }
    }

    /// What the next try leaves out. `has_another`: whether a priority is well that is none of these; if there is none,
    /// it all begins anew.
    pub fn left_out(&mut self, has_another: impl Fn(&[u32]) -> bool) -> &[u32] {
        if self.frequency == 0 || self.tried.len() < self.frequency {
            return &[];
        }
        if self.tried.len().is_multiple_of(self.frequency) {
            self.left_out.extend(&self.tried);
            self.left_out.sort_unstable();
            self.left_out.dedup();
            if !has_another(&self.left_out) {
                self.tried.clear();
                self.left_out.clear();
            }
        }
        &self.left_out
    }
}

#[derive(Debug, Default)]
struct On {
    server_error: bool,
    gateway_error: bool,
    reset: bool,
    reset_before_request: bool,
    connect_failure: bool,
    client_error: bool,
    refused_stream: bool,
    codes: bool,
    headers: bool,
    rate_limited: bool,
    /// Statuses of gRPC.
    grpc: Vec<&'static str>,
}

/// Whether something is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    No,
    Yes,
    /// It would be, but was tried as often as it may be.
    Exhausted,
}

const BASE: Duration = Duration::from_millis(25);

impl Retries {
    pub fn new(policy: Option<&RetryPolicy>, request: &Request) -> Self {
        let mut retries = Self::default();
        if let Some(policy) = policy {
            let back_off = policy.retry_back_off.as_ref();
            retries.on.read(&policy.retry_on);
            retries.codes = policy.retriable_status_codes.iter().filter_map(|code| u16::try_from(*code).ok()).collect();
            retries.headers = policy.retriable_headers.iter().map(HeaderTest::new).collect();
            retries.left = policy.num_retries.unwrap_or(1);
            retries.base = back_off.and_then(|own| own.base_interval).unwrap_or(BASE);
            retries.longest = back_off.and_then(|own| own.max_interval).unwrap_or(retries.base * 10);
            retries.avoids_hosts = policy.retry_host_predicate.iter().any(|predicate| {
                matches!(&predicate.typed_config, Some(config) if config.type_name().ends_with("PreviousHostsPredicate"))
                    || predicate.name.ends_with("previous_hosts")
            });
            retries.priorities = Priorities::new(policy);
            retries.host_attempts = u32::try_from(policy.host_selection_retry_max_attempts).unwrap_or(0).max(1);
            retries.per_try = positive(policy.per_try_timeout);
            retries.per_try_idle = positive(policy.per_try_idle_timeout);
        }
        retries.ask(request);
        retries
    }

    /// What filters ask for in headers; clients cannot.
    fn ask(&mut self, request: &Request) {
        let number = |name: &str| request.headers.get(name).and_then(|value| value.parse::<u32>().ok());
        let asked = ["x-envoy-retry-on", "x-envoy-retry-grpc-on"].map(|name| request.headers.get(name));
        for on in asked.into_iter().flatten() {
            self.on.read(on);
            self.left = self.left.max(1);
            if self.base.is_zero() {
                (self.base, self.longest) = (BASE, BASE * 10);
            }
        }
        if let Some(most) = number("x-envoy-max-retries") {
            self.left = most;
        }
        if let Some(limit) = number("x-envoy-upstream-rq-per-try-timeout-ms") {
            self.per_try = positive(Some(Duration::from_millis(limit.into())));
        }
    }

    /// Of tries that came after the first.
    pub fn count(&self) -> u32 {
        self.count
    }

    pub fn on_response(&mut self, status: StatusCode, headers: &HeaderMap) -> Answer {
        let on = &self.on;
        let code = status.as_u16();
        if headers.contains_key("x-envoy-ratelimited") {
            return self.again(on.rate_limited);
        }
        let grpc = headers.get("grpc-status").and_then(|status| status.to_str().ok()).unwrap_or_default();
        let wanted = (on.server_error && code >= 500)
            || (on.gateway_error && (502..=504).contains(&code))
            || (on.client_error && code == 409)
            || (on.codes && self.codes.contains(&code))
            || (on.headers && self.has_header(headers))
            || on.grpc.contains(&grpc);
        self.again(wanted)
    }

    fn has_header(&self, headers: &HeaderMap) -> bool {
        if self.headers.is_empty() {
            return false;
        }
        let response = Request { headers: Headers::from(headers.clone()), ..Request::get("", "") };
        self.headers.iter().any(|test| test.matches(&response))
    }

    /// `began`: whether the upstream got anything of the request.
    pub fn on_failure(&mut self, failure: &Failure, began: bool) -> Answer {
        let on = &self.on;
        let of_connection = matches!(failure, Failure::Connect(_) | Failure::ConnectTimeout);
        let wanted = match failure {
            Failure::NoCluster | Failure::NoHealthyHost | Failure::Overflow => false,
            _ => {
                on.reset
                    || on.server_error
                    || on.gateway_error
                    || (on.reset_before_request && !began)
                    || (on.connect_failure && of_connection)
                    || (on.refused_stream && *failure == Failure::Refused)
            }
        };
        self.again(wanted)
    }

    /// A try took too long.
    pub fn on_timeout(&mut self) -> Answer {
        self.again(self.on.reset || self.on.server_error || self.on.gateway_error)
    }

    fn again(&mut self, wanted: bool) -> Answer {
        match (wanted, self.left) {
            (false, _) => Answer::No,
            (true, 0) => Answer::Exhausted,
            (true, left) => {
                self.left = left - 1;
                self.count += 1;
                Answer::Yes
            }
        }
    }

    /// How long to wait before the next try: a random part of what doubles each time.
    pub fn pause(&self, dice: &Dice) -> Duration {
        let most = self.base.saturating_mul(1 << (self.count.saturating_sub(1)).min(20)).min(self.longest);
        most.mul_f64(dice.fraction())
    }
}

fn positive(duration: Option<Duration>) -> Option<Duration> {
    duration.filter(|duration| !duration.is_zero())
}

impl On {
    /// Words that are not known are passed over.
    fn read(&mut self, words: &str) {
        for word in words.split(',').map(str::trim) {
            match word {
                "5xx" => self.server_error = true,
                "gateway-error" => self.gateway_error = true,
                "reset" => self.reset = true,
                "reset-before-request" => self.reset_before_request = true,
                "connect-failure" => self.connect_failure = true,
                "retriable-4xx" => self.client_error = true,
                "refused-stream" => self.refused_stream = true,
                "retriable-status-codes" => self.codes = true,
                "retriable-headers" => self.headers = true,
                "envoy-ratelimited" => self.rate_limited = true,
                "cancelled" => self.grpc.push("1"),
                "deadline-exceeded" => self.grpc.push("4"),
                "resource-exhausted" => self.grpc.push("8"),
                "internal" => self.grpc.push("13"),
                "unavailable" => self.grpc.push("14"),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, StatusCode};
    use serde_json::{Value, json};

    use super::{Answer, Retries};
    use crate::envoy::Json;
    use crate::envoy::route::RetryPolicy;
    use crate::proxy::dice::Dice;
    use crate::proxy::upstream::Failure;
    use crate::trace::Request;

    fn retries(policy: &Value) -> Retries {
        Retries::new(Some(&RetryPolicy::read(policy).unwrap()), &Request::get("a", "/"))
    }

    fn on_status(policy: &Value, status: u16) -> Answer {
        retries(policy).on_response(StatusCode::from_u16(status).unwrap(), &HeaderMap::new())
    }

    #[test]
    fn statuses_are_tried_again_as_the_policy_says() {
        let usual = json!({"retryOn": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"});
        let table = [
            (json!({"retryOn": "5xx"}), 500, Answer::Yes),
            (json!({"retryOn": "5xx"}), 404, Answer::No),
            (json!({"retryOn": "5xx", "numRetries": 0}), 500, Answer::Exhausted),
            (json!({"retryOn": "gateway-error"}), 500, Answer::No),
            (json!({"retryOn": "gateway-error"}), 503, Answer::Yes),
            (json!({"retryOn": "retriable-4xx"}), 409, Answer::Yes),
            (json!({"retryOn": "retriable-status-codes", "retriableStatusCodes": [418]}), 418, Answer::Yes),
            (usual, 503, Answer::No),
            (json!({}), 503, Answer::No),
        ];
        for (policy, status, expected) in table {
            assert_eq!(on_status(&policy, status), expected, "{policy} {status}");
        }
    }

    #[test]
    fn priorities_that_were_tried_are_left_out() {
        let config = json!({
            "@type": "type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
            "updateFrequency": 2,
        });
        let mut retries = retries(&json!({"retryPriority": {"name": "previous", "typedConfig": config}}));
        // There are two priorities.
        let has_another = |left_out: &[u32]| left_out.len() < 2;
        let mut left_out = Vec::new();
        for priority in [0, 0, 1, 1, 0] {
            retries.priorities.take(priority);
            left_out.push(retries.priorities.left_out(has_another).to_vec());
        }
        assert_eq!(left_out, [vec![], vec![0], vec![0], vec![], vec![]]);
    }

    #[test]
    fn statuses_of_grpc_are_in_headers() {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-status", 14.into());
        let answer = |words: &str| retries(&json!({"retryOn": words})).on_response(StatusCode::OK, &headers);
        assert_eq!([answer("unavailable"), answer("cancelled")], [Answer::Yes, Answer::No]);
    }

    #[test]
    fn failures_are_tried_again_as_the_policy_says() {
        let table = [
            ("connect-failure", Failure::Connect(None), false, Answer::Yes),
            ("connect-failure", Failure::Reset, true, Answer::No),
            ("reset-before-request", Failure::Terminated, false, Answer::Yes),
            ("reset-before-request", Failure::Terminated, true, Answer::No),
            ("refused-stream", Failure::Refused, true, Answer::Yes),
            ("5xx", Failure::Terminated, true, Answer::Yes),
            ("5xx", Failure::Overflow, false, Answer::No),
            ("5xx", Failure::NoHealthyHost, false, Answer::No),
        ];
        for (words, failure, began, expected) in table {
            assert_eq!(
                retries(&json!({"retryOn": words})).on_failure(&failure, began),
                expected,
                "{words} {failure:?}"
            );
        }
    }

    #[test]
    fn pauses_grow_up_to_ten_times_the_first() {
        let dice = Dice::new(Some(1), 1);
        let mut retries =
            retries(&json!({"retryOn": "reset", "numRetries": 9, "retryBackOff": {"baseInterval": "0.1s"}}));
        for most in [100, 200, 400, 800, 1000, 1000] {
            assert_eq!(retries.on_failure(&Failure::Reset, true), Answer::Yes);
            assert!((0..50).all(|_| retries.pause(&dice) <= Duration::from_millis(most)));
        }
    }
}
