//! Distributions of times and sizes.

use std::sync::atomic::{AtomicU64, Ordering};

/// Upper bounds of the buckets in Prometheus' format, as Envoy has them by default
/// (`source/common/stats/histogram_impl.cc`, `ConstSupportedBuckets::default`); the last bucket is for all above.
pub const BOUNDS: [f64; 19] = [
    0.5,
    1.0,
    5.0,
    10.0,
    25.0,
    50.0,
    100.0,
    250.0,
    500.0,
    1_000.0,
    2_500.0,
    5_000.0,
    10_000.0,
    30_000.0,
    60_000.0,
    300_000.0,
    600_000.0,
    1_800_000.0,
    3_600_000.0,
];

/// Counts values per bucket; times are in milliseconds.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    sum: AtomicU64,
}

impl Histogram {
    pub fn record(&self, value: u64) {
        let bucket = BOUNDS.partition_point(|bound| (value as f64) > *bound);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).sum()
    }

    pub fn sum(&self) -> u64 {
        self.sum.load(Ordering::Relaxed)
    }

    /// For each bound, how many values are not above it.
    pub fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        let counts = self.buckets.iter().scan(0, |total, bucket| {
            *total += bucket.load(Ordering::Relaxed);
            Some(*total)
        });
        BOUNDS.into_iter().zip(counts)
    }

    /// The value below which this part of all values lies, as exact as the buckets are.
    pub fn quantile(&self, part: f64) -> Option<f64> {
        let count = self.count();
        let rank = part * count as f64;
        let mut below = (0.0, 0);
        for (bound, total) in self.cumulative() {
            if total > below.1 && total as f64 >= rank {
                let inside = ((rank - below.1 as f64) / (total - below.1) as f64).clamp(0.0, 1.0);
                return Some(below.0 + inside * (bound - below.0));
            }
            below = (bound, total);
        }
        (count > 0).then_some(below.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Histogram;

    #[test]
    fn quantiles_lie_within_the_bucket() {
        let histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), None);
        (0..100).for_each(|_| histogram.record(7));
        assert_eq!((histogram.count(), histogram.sum()), (100, 700));
        assert_eq!(histogram.quantile(0.5), Some(7.5));
        assert_eq!(histogram.quantile(1.0), Some(10.0));
    }
}
