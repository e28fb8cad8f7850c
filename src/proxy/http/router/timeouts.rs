//! How long a request may take (Envoy 1.40 `FilterUtility::finalTimeout` in `source/common/router/router.cc`).

use std::time::Duration;

use crate::trace::{Request, Taken};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Of the whole request, with all tries; `None` for no limit.
    pub whole: Option<Duration>,
    /// The client of gRPC said so, and the upstream is told the same way.
    pub told_to_grpc: bool,
    /// Of the stream, from its beginning.
    pub stream: Option<Duration>,
}

impl Timeouts {
    /// `stream` is in force unless the route says otherwise.
    pub fn new(taken: &Taken<'_>, request: &Request, is_grpc: bool, stream: Option<Duration>) -> Self {
        let mut timeouts = Self { whole: taken.timeout(), told_to_grpc: false, stream };
        let asked = || request.headers.get("grpc-timeout").and_then(grpc_timeout);
        if let Some(most) = taken.action.max_grpc_timeout.filter(|_| is_grpc) {
            let asked = asked().unwrap_or_default();
            let limited = match (asked.is_zero(), most.is_zero()) {
                (_, true) => asked,
                (true, false) => most,
                (false, false) => asked.min(most),
            };
            timeouts.whole = Some(limited).filter(|own| !own.is_zero());
            timeouts.told_to_grpc = true;
        }
        if let Some(stream) = &taken.action.max_stream_duration {
            timeouts.stream = stream.max_stream_duration.map_or(timeouts.stream, Some).filter(|own| !own.is_zero());
            if let Some(most) = stream.grpc_timeout_header_max.filter(|_| is_grpc)
                && let Some(asked) = asked()
            {
                timeouts.stream = Some(if most.is_zero() { asked } else { asked.min(most) });
            }
        }
        let milliseconds = |name| request.headers.get(name).and_then(|value| value.parse().ok());
        if let Some(limit) = milliseconds("x-envoy-upstream-rq-timeout-ms") {
            timeouts.whole = Some(Duration::from_millis(limit)).filter(|own| !own.is_zero());
        }
        timeouts
    }

    /// What upstreams are told that the request may take from now on.
    pub fn expected(&self, per_try: Option<Duration>, passed: Duration) -> Option<Duration> {
        let left = self.whole.map(|whole| whole.saturating_sub(passed));
        match (per_try, left) {
            (Some(per_try), Some(left)) => Some(per_try.min(left)),
            (one, other) => one.or(other),
        }
    }
}

/// `10S`: up to eight digits and a unit.
fn grpc_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count: u64 = Some(digits).filter(|digits| digits.len() <= 8)?.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Timeouts, grpc_timeout};

    #[test]
    fn clients_of_grpc_write_units() {
        let table = [
            ("10S", Some(Duration::from_secs(10))),
            ("250m", Some(Duration::from_millis(250))),
            ("1H", Some(Duration::from_secs(3600))),
            ("S", None),
            ("", None),
            ("123456789S", None),
            ("5é", None),
        ];
        for (text, expected) in table {
            assert_eq!(grpc_timeout(text), expected, "{text}");
        }
    }

    #[test]
    fn upstreams_are_told_what_is_left() {
        let second = Duration::from_secs(1);
        let timeouts = Timeouts { whole: Some(second * 10), told_to_grpc: false, stream: None };
        assert_eq!(timeouts.expected(None, second), Some(second * 9));
        assert_eq!(timeouts.expected(Some(second * 2), second), Some(second * 2));
        assert_eq!(timeouts.expected(Some(second * 2), second * 9), Some(second));
        let endless = Timeouts { whole: None, ..timeouts };
        assert_eq!(endless.expected(None, second), None);
    }
}
