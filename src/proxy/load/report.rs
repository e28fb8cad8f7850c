//! What came back, counted.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::client::Answer;

/// What all clients saw.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub elapsed: Duration,
    /// Of the targets.
    pub(super) urls: Vec<String>,
    /// By target.
    counts: BTreeMap<(usize, Answer), u64>,
    latencies: Vec<Duration>,
}

/// Answers of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answers {
    pub url: String,
    /// That of HTTP, or a word for what happened instead.
    pub status: String,
    /// The echo that answered; `None` if a proxy did, or nobody.
    pub by: Option<String>,
    pub count: u64,
}

/// How long answers took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Percentiles {
    pub mean: Duration,
    pub p50: Duration,
    pub p75: Duration,
    pub p90: Duration,
    pub p99: Duration,
    pub p999: Duration,
    pub max: Duration,
}

impl Report {
    pub(super) fn record(&mut self, target: usize, answer: Answer, latency: Duration) {
        *self.counts.entry((target, answer)).or_default() += 1;
        self.latencies.push(latency);
    }

    pub(super) fn add(&mut self, other: Report) {
        other.counts.into_iter().for_each(|(kind, count)| *self.counts.entry(kind).or_default() += count);
        self.latencies.extend(other.latencies);
    }

    pub(super) fn finish(mut self) -> Self {
        self.latencies.sort_unstable();
        self
    }

    pub fn requests(&self) -> u64 {
        self.latencies.len() as u64
    }

    /// In the order of the URLs, then by status and who answered.
    pub fn answers(&self) -> Vec<Answers> {
        let answers = self.counts.iter().map(|((target, answer), count)| Answers {
            url: self.urls.get(*target).cloned().unwrap_or_default(),
            status: answer.status.clone(),
            by: answer.by.clone(),
            count: *count,
        });
        answers.collect()
    }

    pub fn percentiles(&self) -> Percentiles {
        let at = |parts: usize| self.percentile(parts);
        let count = u32::try_from(self.latencies.len()).unwrap_or(u32::MAX).max(1);
        let mean = self.latencies.iter().sum::<Duration>() / count;
        Percentiles { mean, p50: at(500), p75: at(750), p90: at(900), p99: at(990), p999: at(999), max: at(1000) }
    }

    /// The least latency that this many of a thousand requests did not exceed.
    fn percentile(&self, parts: usize) -> Duration {
        let rank = (self.latencies.len() * parts).div_ceil(1000).max(1);
        self.latencies.get(rank - 1).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: &str) -> Answer {
        Answer { status: status.to_owned(), by: None }
    }

    #[test]
    fn percentiles_are_latencies_that_were() {
        let mut report = Report::default();
        (1..=1000).rev().for_each(|millis| report.record(0, answer("200"), Duration::from_millis(millis)));
        let found = report.finish().percentiles();
        let Percentiles { mean, p50, p75, p90, p99, p999, max } = found;
        let shown = [mean, p50, p75, p90, p99, p999, max].map(|it| it.as_micros());
        assert_eq!(shown, [500_500, 500_000, 750_000, 900_000, 990_000, 999_000, 1_000_000]);
        assert_eq!(Report::default().percentiles(), Percentiles::default());
        let mut one = Report::default();
        one.record(0, answer("200"), Duration::from_millis(7));
        assert_eq!(one.finish().percentiles().p50.as_millis(), 7);
    }

    #[test]
    fn answers_of_all_clients_are_counted_together() {
        let (mut one, mut other) = (Report::default(), Report::default());
        one.record(1, answer("503"), Duration::ZERO);
        one.record(0, answer("200"), Duration::ZERO);
        other.record(0, answer("200"), Duration::ZERO);
        one.add(other);
        one.urls = vec!["a".to_owned(), "b".to_owned()];
        let shown: Vec<_> = one.answers().into_iter().map(|it| (it.url, it.status, it.count)).collect();
        assert_eq!(shown, [("a".to_owned(), "200".to_owned(), 2), ("b".to_owned(), "503".to_owned(), 1)]);
    }
}
