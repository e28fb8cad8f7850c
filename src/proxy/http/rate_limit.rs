//! The local rate limit: a bucket of tokens (Envoy 1.40 `source/extensions/filters/http/local_ratelimit`,
//! `source/common/common/token_bucket_impl.h`).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use rustc_hash::FxHashMap;
use serde_json::Value;
use tokio::time::Instant;

use crate::envoy::core::HeaderValueOption;
use crate::envoy::{Any, Object};
use crate::proxy::per_worker::lock;
use crate::proxy::runtime::Runtime;
use crate::proxy::stats::Counter;
use crate::trace::{ALL, Message};

use super::reply::Reply;
use crate::trace::fields::{duration, field, header_options, message, millionths, number};

/// The filter, with a bucket for each route that has a limit of its own.
#[derive(Debug)]
pub struct RateLimit {
    own: Arc<Limit>,
    runtime: Arc<Runtime>,
    of_routes: Mutex<FxHashMap<usize, Arc<Limit>>>,
}

#[derive(Debug)]
struct Limit {
    /// Without one nothing is limited.
    bucket: Option<Mutex<Bucket>>,
    enabled: u64,
    enforced: u64,
    status: u16,
    headers: Vec<HeaderValueOption>,
    stats: Stats,
}

#[derive(Debug)]
struct Stats {
    enabled: Counter,
    ok: Counter,
    limited: Counter,
    enforced: Counter,
}

/// Tokens come all the time, a fraction of one at a time.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    most: f64,
    per_second: f64,
    filled: Instant,
}

/// The name under which routes configure the filter.
pub const NAME: &str = "envoy.filters.http.local_ratelimit";

impl RateLimit {
    pub fn new(config: &Object, runtime: &Arc<Runtime>) -> Self {
        let own = Arc::new(Limit::new(config, runtime));
        Self { own, runtime: Arc::clone(runtime), of_routes: Mutex::default() }
    }

    /// The reply to a request for which there is no token. `of_route`: what the route says for this filter.
    pub fn check(&self, of_route: Option<&Any>) -> Option<Reply> {
        let limit = match of_route {
            // The configuration lives as long as this filter does, so its address is its name.
            Some(Any::Other(config)) => {
                let mut of_routes = lock(&self.of_routes);
                let address = std::ptr::from_ref(&**config) as usize;
                let made =
                    of_routes.entry(address).or_insert_with(|| Arc::new(Limit::new(&config.fields, &self.runtime)));
                Arc::clone(made)
            }
            _ => Arc::clone(&self.own),
        };
        limit.check(&self.runtime)
    }
}

impl Limit {
    fn new(config: &Object, runtime: &Runtime) -> Self {
        let prefix = field(config, "stat_prefix").and_then(Value::as_str).unwrap_or_default();
        let status = message(config, "status").and_then(|status| field(status, "code")).and_then(status_code);
        let prefix = format!("{prefix}.http_local_rate_limit");
        let scope = runtime.stats.scope(crate::proxy::stats::Scope::Other(prefix));
        Self {
            bucket: message(config, "token_bucket").map(|bucket| Mutex::new(Bucket::new(bucket))),
            enabled: millionths(config, "filter_enabled"),
            enforced: millionths(config, "filter_enforced"),
            status: status.unwrap_or(429),
            headers: header_options(config, "response_headers_to_add"),
            stats: Stats {
                enabled: scope.counter("enabled"),
                ok: scope.counter("ok"),
                limited: scope.counter("rate_limited"),
                enforced: scope.counter("enforced"),
            },
        }
    }

    fn check(&self, runtime: &Runtime) -> Option<Reply> {
        if !runtime.dice.chance(self.enabled, ALL) {
            return None;
        }
        self.stats.enabled.increment();
        let has_token = match &self.bucket {
            Some(bucket) => {
                let mut bucket = lock(bucket);
                let passed = runtime.time.since(bucket.filled);
                bucket.take(passed)
            }
            None => true,
        };
        if has_token {
            self.stats.ok.increment();
            return None;
        }
        self.stats.limited.increment();
        if !runtime.dice.chance(self.enforced, ALL) {
            return None;
        }
        self.stats.enforced.increment();
        let mut reply = Reply::new(self.status, "local_rate_limited", "local_rate_limited").flagged("RL");
        for header in self.headers.iter().filter_map(|option| option.header.as_ref()) {
            reply.headers.set(&header.key, header.value.clone());
        }
        Some(reply)
    }
}

impl Bucket {
    fn new(config: &Object) -> Self {
        let most = number(config, "max_tokens").unwrap_or(0) as f64;
        let interval = duration(config, "fill_interval").unwrap_or(Duration::from_secs(1)).as_secs_f64().max(0.001);
        let per_second = number(config, "tokens_per_fill").unwrap_or(1) as f64 / interval;
        Self { tokens: most, most, per_second, filled: Instant::now() }
    }

    /// Takes a token, if one is there after this time.
    fn take(&mut self, passed: Duration) -> bool {
        self.tokens = (self.tokens + passed.as_secs_f64() * self.per_second).min(self.most);
        self.filled = Instant::now();
        let has = self.tokens >= 1.0;
        if has {
            self.tokens -= 1.0;
        }
        has
    }
}

/// `TooManyRequests`, or its number.
pub fn status_code(code: &Value) -> Option<u16> {
    if let Some(number) = code.as_u64() {
        return u16::try_from(number).ok().filter(|number| *number >= 400);
    }
    let name = code.as_str()?;
    (400..600).find(|number| {
        let reason = StatusCode::from_u16(*number).ok().and_then(|status| status.canonical_reason());
        reason.is_some_and(|reason| reason.replace([' ', '-'], "").eq_ignore_ascii_case(name))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{Bucket, RateLimit, status_code};
    use crate::proxy::runtime::Runtime;

    #[test]
    fn tokens_come_back_with_time() {
        let bucket = json!({"maxTokens": 2, "tokensPerFill": 1, "fillInterval": "10s"});
        let mut bucket = Bucket::new(bucket.as_object().unwrap());
        let taken = [0, 0, 0, 5, 5, 20, 0, 0].map(|seconds| bucket.take(Duration::from_secs(seconds)));
        assert_eq!(taken, [true, true, false, false, true, true, true, false]);
    }

    #[test]
    fn only_what_is_enforced_is_refused() {
        let runtime = Runtime::new(Some(1), 1.0, 1);
        let limit = |enforced: u32| {
            let config = json!({"stat_prefix": "p", "token_bucket": {"max_tokens": 1, "fill_interval": "60s"},
                "filter_enabled": {"default_value": {"numerator": 100}},
                "filter_enforced": {"default_value": {"numerator": enforced, "denominator": "HUNDRED"}}});
            RateLimit::new(config.as_object().unwrap(), &runtime)
        };
        let strict = limit(100);
        assert!(strict.check(None).is_none());
        assert_eq!(strict.check(None).map(|reply| reply.status), Some(429));
        let lenient = limit(0);
        assert!((0..3).all(|_| lenient.check(None).is_none()));
    }

    #[test]
    fn statuses_have_names() {
        assert_eq!(status_code(&json!("ServiceUnavailable")), Some(503));
        assert_eq!(status_code(&json!(430)), Some(430));
    }
}
