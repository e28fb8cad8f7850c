//! How much of the traffic each priority gets (`source/common/upstream/load_balancer_impl.cc`,
//! `LoadBalancerBase::recalculatePerPriorityState` and `recalculatePerPriorityPanic`).

/// How many hosts a priority has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub all: u64,
    pub healthy: u64,
    pub degraded: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loads {
    /// In percent, by priority; together with `degraded` they are 100.
    pub healthy: Vec<u64>,
    pub degraded: Vec<u64>,
    /// Where healthy hosts are so few that all are used.
    pub panic: Vec<bool>,
    /// How much each priority could bear, healthy and degraded.
    able: [Vec<u64>; 2],
}

/// Which hosts of a priority are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    Healthy,
    Degraded,
}

impl Loads {
    /// `factor`: the overprovisioning in percent, 140 by default. `threshold`: the percentage of healthy hosts below which
    /// there is panic.
    pub fn new(counts: &[Counts], factor: u64, threshold: f64) -> Self {
        let part = |some: u64, all: u64| (factor * some).checked_div(all).unwrap_or(0).min(100);
        let health: Vec<_> = counts.iter().map(|count| part(count.healthy, count.all)).collect();
        let degraded: Vec<_> = counts.iter().map(|count| part(count.degraded, count.all)).collect();
        let total = health.iter().chain(&degraded).sum::<u64>().min(100);
        let mut loads = Self::spread(&health, &degraded, total);
        loads.able = [health, degraded];
        loads.panic = vec![false; counts.len()];
        let threshold = threshold.clamp(0.0, 100.0).floor();
        // While all together are well, there is no panic anywhere.
        if total < 100 {
            loads.panic = counts.iter().map(|count| count.is_below(threshold)).collect();
        }
        loads.in_total_panic(counts)
    }

    /// The highest priorities get as much as they can bear.
    fn spread(health: &[u64], degraded: &[u64], total: u64) -> Self {
        let mut loads = Self { healthy: vec![0; health.len()], degraded: vec![0; health.len()], ..Self::default() };
        if total == 0 {
            loads.healthy.iter_mut().take(1).for_each(|first| *first = 100);
            return loads;
        }
        let rest = distribute(&mut loads.healthy, health, 100, total);
        let rest = distribute(&mut loads.degraded, degraded, rest, total);
        // What rounding left over.
        let first = |available: &[u64]| available.iter().position(|available| *available > 0);
        match (first(health), first(degraded)) {
            (Some(priority), _) => loads.healthy[priority] += rest,
            (None, Some(priority)) => loads.degraded[priority] += rest,
            (None, None) => {}
        }
        loads
    }

    /// If no priority is well, each gets traffic by the number of its hosts.
    fn in_total_panic(mut self, counts: &[Counts]) -> Self {
        if !self.panic.iter().all(|panic| *panic) {
            return self;
        }
        let all: u64 = counts.iter().map(|count| count.all).sum();
        let Some(first) = counts.iter().position(|count| count.all > 0) else { return self };
        self.healthy = counts.iter().map(|count| 100 * count.all / all).collect();
        self.degraded.fill(0);
        self.healthy[first] += 100 - self.healthy.iter().sum::<u64>();
        self
    }

    /// As if nobody in these priorities were well; `None` if nobody is elsewhere
    /// (`source/extensions/retry/priority/previous_priorities/previous_priorities.cc`, `adjustForAttemptedPriorities`).
    pub fn without(&self, priorities: &[u32]) -> Option<Self> {
        let [health, degraded] = self.able.clone().map(|mut able| {
            for priority in priorities {
                able.get_mut(*priority as usize).into_iter().for_each(|own| *own = 0);
            }
            able
        });
        let total = health.iter().chain(&degraded).sum::<u64>().min(100);
        (total > 0).then(|| Self { panic: self.panic.clone(), ..Self::spread(&health, &degraded, total) })
    }

    /// The priority for a random number or hash.
    pub fn choose(&self, number: u64) -> (usize, Availability) {
        let mut rest = number % 100 + 1;
        let healthy = self.healthy.iter().enumerate().map(|(priority, load)| (priority, Availability::Healthy, load));
        let degraded =
            self.degraded.iter().enumerate().map(|(priority, load)| (priority, Availability::Degraded, load));
        for (priority, availability, load) in healthy.chain(degraded) {
            if rest <= *load {
                return (priority, availability);
            }
            rest -= load;
        }
        (0, Availability::Healthy)
    }
}

impl Counts {
    fn is_below(&self, threshold: f64) -> bool {
        let available =
            if self.all == 0 { 0.0 } else { 100.0 * (self.healthy + self.degraded) as f64 / self.all as f64 };
        available < threshold
    }
}

fn distribute(loads: &mut [u64], available: &[u64], mut rest: u64, total: u64) -> u64 {
    for (load, available) in loads.iter_mut().zip(available) {
        *load = rest.min(available * 100 / total);
        rest -= *load;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::{Availability, Counts, Loads};

    fn counts(healthy: &[(u64, u64)]) -> Vec<Counts> {
        healthy.iter().map(|(healthy, all)| Counts { all: *all, healthy: *healthy, degraded: 0 }).collect()
    }

    /// Most are in Envoy's documentation (`docs/root/intro/arch_overview/upstream/load_balancing/`, `priority.rst` and
    /// `panic_threshold.rst`).
    #[test]
    fn priorities_share_the_load_as_envoys_documentation_says() {
        type Row<'r> = (&'r [(u64, u64)], &'r [u64], &'r [bool]);
        let table: &[Row<'_>] = &[
            (&[(100, 100), (100, 100)], &[100, 0], &[false, false]),
            (&[(72, 100), (72, 100)], &[100, 0], &[false, false]),
            (&[(71, 100), (71, 100)], &[99, 1], &[false, false]),
            (&[(50, 100), (50, 100)], &[70, 30], &[false, false]),
            (&[(25, 100), (100, 100)], &[35, 65], &[false, false]),
            (&[(25, 100), (25, 100)], &[50, 50], &[true, true]),
            (&[(5, 100), (65, 100)], &[8, 92], &[true, false]),
            (&[(0, 100), (0, 100)], &[50, 50], &[true, true]),
            (&[(1, 1)], &[100], &[false]),
            (&[(0, 0), (1, 1)], &[0, 100], &[false, false]),
        ];
        for (hosts, healthy, panic) in table {
            let loads = Loads::new(&counts(hosts), 140, 50.0);
            assert_eq!((loads.healthy.as_slice(), loads.panic.as_slice()), (*healthy, *panic), "{hosts:?}");
        }
    }

    #[test]
    fn without_a_threshold_there_is_no_panic() {
        let loads = Loads::new(&counts(&[(0, 10)]), 140, 0.0);
        assert_eq!(loads.panic, [false]);
        let loads = Loads::new(&counts(&[(1, 10)]), 140, 0.0);
        assert_eq!((loads.panic, loads.healthy), (vec![false], vec![100]));
    }

    #[test]
    fn priorities_that_were_tried_are_left_out() {
        let loads = Loads::new(&counts(&[(10, 10), (10, 10), (5, 10)]), 140, 50.0);
        let without = |priorities: &[u32]| loads.without(priorities).map(|loads| loads.healthy);
        assert_eq!(without(&[0]), Some(vec![0, 100, 0]));
        assert_eq!(without(&[0, 1]), Some(vec![0, 0, 100]));
        assert_eq!(without(&[0, 1, 2]), None);
    }

    #[test]
    fn a_number_finds_its_priority() {
        let loads = Loads::new(&counts(&[(50, 100), (50, 100)]), 140, 50.0);
        assert_eq!(loads.choose(69), (0, Availability::Healthy));
        assert_eq!(loads.choose(70), (1, Availability::Healthy));
        let degraded = [Counts { all: 10, healthy: 5, degraded: 5 }];
        let loads = Loads::new(&degraded, 140, 50.0);
        assert_eq!((loads.healthy[0], loads.degraded[0]), (70, 30));
        assert_eq!(loads.choose(99), (0, Availability::Degraded));
    }
}
