//! Time as the configuration means it, which may run faster than the clock on the wall.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;
use tokio::time::error::Elapsed;

/// Every timeout, interval and delay goes through this.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// Seconds on the wall for each second of the configuration.
    scale: f64,
}

impl Default for Time {
    fn default() -> Self {
        Self::scaled(1.0)
    }
}

impl Time {
    /// With 0.01, an ejection of 30 s is over after 0.3 s.
    pub fn scaled(scale: f64) -> Self {
        Self { scale: if scale.is_finite() && scale > 0.0 { scale } else { 1.0 } }
    }

    /// How long something of this length takes on the wall.
    pub fn on_wall(&self, configured: Duration) -> Duration {
        if self.scale == 1.0 {
            return configured;
        }
        Duration::try_from_secs_f64(configured.as_secs_f64() * self.scale).unwrap_or(FOREVER).min(FOREVER)
    }

    /// How long ago an instant was, in the time of the configuration.
    pub fn since(&self, instant: Instant) -> Duration {
        let elapsed = instant.elapsed();
        if self.scale == 1.0 { elapsed } else { elapsed.div_f64(self.scale) }
    }

    /// The instant that is so far ahead.
    pub fn after(&self, configured: Duration) -> Instant {
        let now = Instant::now();
        now.checked_add(self.on_wall(configured)).unwrap_or(now + FOREVER)
    }

    pub async fn sleep(&self, configured: Duration) {
        tokio::time::sleep(self.on_wall(configured)).await;
    }

    pub async fn timeout<F: Future>(&self, configured: Duration, future: F) -> Result<F::Output, Elapsed> {
        tokio::time::timeout(self.on_wall(configured), future).await
    }
}

/// Ten years: no proxy runs longer, and no sum with it overflows.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Time;

    #[test]
    fn time_runs_as_fast_as_it_is_told() {
        let fast = Time::scaled(0.01);
        assert_eq!(fast.on_wall(Duration::from_secs(30)), Duration::from_millis(300));
        assert_eq!(Time::default().on_wall(Duration::from_secs(30)), Duration::from_secs(30));
        assert_eq!(Time::scaled(0.0).on_wall(Duration::from_secs(1)), Duration::from_secs(1));
        assert!(Time::scaled(1e9).on_wall(Duration::MAX) > Duration::from_secs(1 << 28));
    }
}
