//! Earliest deadline first: each entry is due again after a time that its weight divides.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Which of some entries is next, in proportion to their weights (`source/common/upstream/edf_scheduler.h`).
#[derive(Clone, Debug)]
pub struct Edf {
    now: f64,
    /// Entries that are due at the same time come in the order in which they were added.
    order: u64,
    queue: BinaryHeap<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    due: f64,
    order: u64,
    index: usize,
}

impl Edf {
    /// As if `picks` had been made before: proxies that start together do not all begin with the same entry
    /// (`EdfScheduler::createWithPicks`).
    pub fn new(weights: &[f64], picks: u64) -> Self {
        let sum: f64 = weights.iter().sum();
        let picks = picks % MOST_PICKS;
        let mut edf = Self { now: 0.0, order: 0, queue: BinaryHeap::with_capacity(weights.len()) };
        let mut made = 0;
        for (index, weight) in weights.iter().enumerate() {
            let share = (weight * picks as f64 / sum) as u64;
            made += share;
            edf.now = edf.now.max(share as f64 / weight);
            edf.push((share + 1) as f64 / weight, index);
        }
        for _ in made..picks {
            edf.next(|index| weights[index]);
        }
        edf
    }

    /// The next entry. `weight` is what it weighs from now on.
    pub fn next(&mut self, weight: impl Fn(usize) -> f64) -> Option<usize> {
        let entry = self.queue.pop()?;
        self.now = entry.due;
        self.push(self.now + 1.0 / weight(entry.index), entry.index);
        Some(entry.index)
    }

    fn push(&mut self, due: f64, index: usize) {
        self.queue.push(Entry { due, order: self.order, index });
        self.order += 1;
    }
}

/// More would add nothing but errors of rounding.
const MOST_PICKS: u64 = 429_496_729;

impl Ord for Entry {
    /// The heap has the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        other.due.total_cmp(&self.due).then(other.order.cmp(&self.order))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

#[cfg(test)]
mod tests {
    use super::Edf;

    #[test]
    fn entries_come_as_often_as_they_weigh() {
        let weights = [1.0, 2.0, 3.0];
        for picks in [0, 1, 5, 1_000_003] {
            let mut edf = Edf::new(&weights, picks);
            let mut counts = [0; 3];
            (0..600).for_each(|_| counts[edf.next(|index| weights[index]).unwrap()] += 1);
            for (count, expected) in counts.into_iter().zip([100i32, 200, 300]) {
                assert!((count - expected).abs() <= 1, "{counts:?} after {picks}");
            }
        }
    }

    #[test]
    fn the_order_is_known() {
        let weights = [3.0, 1.0];
        let mut edf = Edf::new(&weights, 0);
        let picked: Vec<_> = (0..8).map(|_| edf.next(|index| weights[index]).unwrap()).collect();
        assert_eq!(picked, [0, 0, 1, 0, 0, 0, 0, 1]);
    }
}
