//! Hosts among which one is chosen without regard to where they are.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::proxy::dice::Dice;
use crate::proxy::per_worker::PerWorker;
use crate::proxy::upstream::host::Host;

use super::edf::Edf;
use super::slow_start::SlowStart;

/// How a host is chosen from a list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Way {
    RoundRobin,
    /// Of so many random hosts the one with the fewest requests. `bias`: how much requests count against weight.
    LeastRequest {
        choices: u32,
        bias: f64,
    },
    Random,
}

#[derive(Debug)]
pub struct List {
    pub hosts: Vec<Arc<Host>>,
    /// Each worker goes around on its own, as in Envoy.
    turns: PerWorker<Turn>,
    /// Of hosts that are new.
    slow: Option<SlowStart>,
}

#[derive(Debug)]
enum Turn {
    /// All weigh the same.
    Even(u64),
    Weighted(Edf),
}

impl List {
    /// Starts at a random place, so that proxies that start together do not all begin with the same host
    /// (`source/extensions/load_balancing_policies/common/load_balancer_impl.cc`, `EdfLoadBalancerBase`).
    pub fn new(hosts: Vec<Arc<Host>>, slow: Option<SlowStart>, workers: usize, dice: &Dice) -> Self {
        let slow = slow.filter(|slow| hosts.iter().any(|host| slow.is_new(host)));
        let even = slow.is_none() && hosts.windows(2).all(|pair| pair[0].weight == pair[1].weight);
        let weights: Vec<_> = hosts.iter().map(|host| weight(host, slow)).collect();
        let seed = dice.number() >> 32;
        let turns =
            PerWorker::new(workers, |_| if even { Turn::Even(seed) } else { Turn::Weighted(Edf::new(&weights, seed)) });
        Self { hosts, turns, slow }
    }

    pub fn pick(&self, way: Way, dice: &Dice) -> Option<&Arc<Host>> {
        let count = self.hosts.len() as u64;
        if count == 0 {
            return None;
        }
        let index = match (way, &mut *self.turns.own()) {
            (Way::Random, _) => dice.below(count) as usize,
            (Way::RoundRobin, Turn::Even(next)) => {
                *next = next.wrapping_add(1);
                (next.wrapping_sub(1) % count) as usize
            }
            (Way::RoundRobin, Turn::Weighted(edf)) => edf.next(|index| weight(&self.hosts[index], self.slow))?,
            (Way::LeastRequest { choices, .. }, Turn::Even(_)) => self.least_busy(choices, count, dice)?,
            (Way::LeastRequest { bias, .. }, Turn::Weighted(edf)) => edf.next(|index| self.lightened(index, bias))?,
        };
        self.hosts.get(index)
    }

    fn least_busy(&self, choices: u32, count: u64, dice: &Dice) -> Option<usize> {
        let candidates = (0..choices.max(1)).map(|_| dice.below(count) as usize);
        // The first of equals.
        candidates.min_by_key(|index| self.hosts[*index].stats.rq_active.load(Ordering::Relaxed))
    }

    /// Requests that are under way make a host count less
    /// (`source/extensions/load_balancing_policies/least_request/least_request_lb.cc`, `hostWeight`).
    fn lightened(&self, index: usize, bias: f64) -> f64 {
        let host = &self.hosts[index];
        let active = host.stats.rq_active.load(Ordering::Relaxed) as f64 + 1.0;
        weight(host, self.slow) / active.powf(bias)
    }
}

fn weight(host: &Host, slow: Option<SlowStart>) -> f64 {
    f64::from(host.weight) * slow.map_or(1.0, |slow| slow.share(host))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    use super::{List, Way};
    use crate::proxy::dice::Dice;
    use crate::proxy::upstream::host::Host;

    fn list(weights: &[u32], dice: &Dice) -> List {
        let hosts = weights.iter().enumerate().map(|(index, weight)| {
            let mut host = Host::at(([127, 0, 0, 1], index as u16).into(), 1);
            host.weight = *weight;
            Arc::new(host)
        });
        List::new(hosts.collect(), None, 1, dice)
    }

    fn counts(list: &List, way: Way, dice: &Dice, picks: usize) -> Vec<usize> {
        let mut counts = BTreeMap::new();
        for _ in 0..picks {
            *counts.entry(list.pick(way, dice).unwrap().socket().unwrap().port()).or_insert(0) += 1;
        }
        counts.into_values().collect()
    }

    #[test]
    fn hosts_take_turns_by_weight() {
        let dice = Dice::new(Some(1), 1);
        assert_eq!(counts(&list(&[1, 1, 1], &dice), Way::RoundRobin, &dice, 30), [10, 10, 10]);
        assert_eq!(counts(&list(&[7, 7], &dice), Way::RoundRobin, &dice, 30), [15, 15]);
        let weighted = counts(&list(&[1, 3], &dice), Way::RoundRobin, &dice, 400);
        assert!(weighted[0].abs_diff(100) <= 1, "{weighted:?}");
        assert!(list(&[], &dice).pick(Way::RoundRobin, &dice).is_none());
    }

    #[test]
    fn a_busy_host_is_left_alone() {
        let dice = Dice::new(Some(1), 1);
        let way = Way::LeastRequest { choices: 2, bias: 1.0 };
        let even = list(&[1, 1], &dice);
        even.hosts[0].stats.rq_active.store(5, Ordering::Relaxed);
        // Only if both choices fall on it is it taken: one time of four.
        let picked = counts(&even, way, &dice, 4_000);
        assert!((900..1_100).contains(&picked[0]), "{picked:?}");
        let weighted = list(&[1, 2], &dice);
        weighted.hosts[1].stats.rq_active.store(1, Ordering::Relaxed);
        let picked = counts(&weighted, way, &dice, 4_000);
        assert!((1_990..2_010).contains(&picked[0]), "{picked:?}");
    }
}
