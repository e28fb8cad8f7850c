use super::Reason;
use super::text::text_type;

/// The conditions of a retry, joined by `,` without spaces (`validateRetryOn` and `supportedRetryOnPolicies` of Istio):
/// names, and statuses for which Go has a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RetryOn<'a>(&'a str);

text_type!(RetryOn);

const CONDITIONS: [&str; 16] = [
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
    "retriable-headers",
    "envoy-ratelimited",
    "http3-post-connect-failure",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
];

impl<'a> RetryOn<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        match text.split(',').find(|condition| !is_condition(condition)) {
            None => Ok(Self(text)),
            Some(condition) => Err(not_a_condition(condition, text)),
        }
    }

    pub fn conditions(self) -> impl Iterator<Item = &'a str> {
        self.0.split(',')
    }
}

fn is_condition(text: &str) -> bool {
    CONDITIONS.contains(&text) || text.parse().is_ok_and(has_status_text)
}

/// Whether `StatusText` of Go's net/http knows the status.
fn has_status_text(status: i64) -> bool {
    matches!(status,
        100..=103 | 200..=208 | 226 | 300..=305 | 307 | 308 | 400..=418 | 421..=426 | 428 | 429 | 431 | 451 | 500..=508 | 510 | 511)
}

fn not_a_condition(condition: &str, text: &str) -> Reason {
    let trimmed = condition.trim();
    if condition.is_empty() {
        return Reason::new(format!("`{text}` has nothing at the start, at the end or between two commas"));
    }
    if is_condition(trimmed) {
        let without_spaces = text.split(',').map(str::trim).collect::<Vec<_>>().join(",");
        let reason = Reason::new(format!("`{text}` has a space beside a comma, so `{trimmed}` is not recognized"));
        return reason.help(format!("write `{without_spaces}`"));
    }
    let reason = Reason::new(format!("`{trimmed}` is not a condition for a retry"));
    let meant = trimmed.to_ascii_lowercase().replace('_', "-");
    match CONDITIONS.contains(&meant.as_str()) {
        true => reason.help(format!("write `{meant}`")),
        false => reason.help(format!("use a status such as `503`, or one of `{}`", CONDITIONS.join("`, `"))),
    }
}

#[cfg(test)]
mod tests {
    use super::RetryOn;

    #[test]
    fn conditions_of_retries() {
        let table = [
            ("5xx", true),
            ("5xx,reset", true),
            ("503,retriable-status-codes", true),
            ("418", true),
            ("+503", true),
            ("5xx, reset", false),
            ("5xx,", false),
            ("", false),
            ("5XX", false),
            ("306", false),
            ("600", false),
            ("511", true),
            ("http-5xx", false),
        ];
        for (text, legal) in table {
            assert_eq!(RetryOn::parse(text).is_ok(), legal, "{text}");
        }
        assert_eq!(RetryOn::parse("5xx, reset").unwrap_err().instruction(), Some("write `5xx,reset`"));
        assert_eq!(RetryOn::parse("Gateway_Error").unwrap_err().instruction(), Some("write `gateway-error`"));
    }
}
