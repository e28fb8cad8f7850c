//! Load balancing: the host for a request, from hosts as they are now.
//!
//! A [`Balancer`] is made anew when hosts come, go, or change their health. Everything that can be computed then is;
//! choosing takes no lock that another worker may hold.

mod bounded;
mod edf;
mod hashes;
mod list;
mod loads;
mod maglev;
mod policy;
mod ring;
mod slow_start;
mod subset;

use std::cmp::Ordering;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::envoy::core::{HealthStatus, Locality};
use crate::proxy::dice::Dice;
use crate::proxy::per_worker::PerWorker;
use crate::proxy::stats::ClusterStats;

use super::host::Host;
use super::members::Place;
use bounded::{Bound, Busy};
use edf::Edf;
use list::List;
use loads::Availability;
pub(super) use loads::{Counts, Loads};
use maglev::Maglev;
use policy::Kind;
pub(super) use policy::Policy;
use ring::Ring;
pub(super) use subset::{SubsetConfig, Subsets};

/// Hosts, ready to be chosen from.
#[derive(Debug)]
pub(super) struct Balancer {
    kind: Kind,
    fail_on_panic: bool,
    loads: Loads,
    priorities: Vec<Priority>,
}

/// The hosts of one priority.
#[derive(Debug)]
struct Priority {
    all: List,
    healthy: List,
    degraded: List,
    /// If traffic is shared by the weights of localities.
    localities: Option<Localities>,
    hashed: Option<Hashed>,
}

/// The healthy hosts of each locality, and whose turn it is.
#[derive(Debug)]
struct Localities {
    lists: Vec<List>,
    weights: Vec<f64>,
    turns: PerWorker<Edf>,
}

#[derive(Debug)]
struct Hashed {
    hosts: Vec<Arc<Host>>,
    /// As parts of 1.
    weights: Vec<f64>,
    table: Table,
    bound: Option<Bound>,
}

#[derive(Debug)]
enum Table {
    Ring(Ring),
    Maglev(Maglev),
}

/// What a choice depends on beside the hosts.
#[derive(Clone, Copy)]
pub(super) struct Choice<'a> {
    pub hash: Option<u64>,
    /// Hosts that were tried before, and how often another is looked for because of them.
    pub avoid: &'a [SocketAddr],
    pub attempts: u32,
    /// Priorities that were tried before, and are left out if another one is well.
    pub left_out: &'a [u32],
    pub dice: &'a Dice,
    pub stats: &'a ClusterStats,
}

impl Balancer {
    pub fn new(places: &[Place], policy: &Policy, workers: usize, dice: &Dice) -> Self {
        let groups = groups(places);
        let counts: Vec<_> = groups.iter().map(|group| count(group)).collect();
        let loads = Loads::new(&counts, policy.overprovisioning, policy.panic_threshold);
        let priorities =
            groups.iter().zip(&loads.panic).map(|(group, panic)| Priority::new(group, *panic, policy, workers, dice));
        Self { kind: policy.kind, fail_on_panic: policy.fail_on_panic, priorities: priorities.collect(), loads }
    }

    pub fn pick(&self, choice: &Choice<'_>) -> Option<Arc<Host>> {
        let hash = choice.hash.unwrap_or_else(|| choice.dice.number());
        let mut picked = None;
        for attempt in 0..=if choice.avoid.is_empty() { 0 } else { choice.attempts } {
            let host = match self.kind {
                Kind::List(way) => self.pick_from_lists(way, choice),
                Kind::Ring(_) | Kind::Maglev { .. } => self.pick_by_hash(hash, attempt, choice),
            }?;
            let used = host.socket().is_some_and(|address| choice.avoid.contains(&address));
            picked = Some(host);
            if !used {
                break;
            }
        }
        picked.cloned()
    }

    fn pick_from_lists(&self, way: list::Way, choice: &Choice<'_>) -> Option<&Arc<Host>> {
        let (priority, availability) = self.choose_priority(choice.dice.number(), choice)?;
        let hosts = &self.priorities[priority];
        if self.loads.panic[priority] {
            return if self.fail_on_panic { None } else { hosts.all.pick(way, choice.dice) };
        }
        let by_locality = hosts.localities.as_ref().filter(|_| availability == Availability::Healthy);
        if let Some(list) = by_locality.and_then(Localities::next) {
            return list.pick(way, choice.dice);
        }
        match availability {
            Availability::Healthy => hosts.healthy.pick(way, choice.dice),
            Availability::Degraded => hosts.degraded.pick(way, choice.dice),
        }
    }

    /// The hash chooses the priority, too (`thread_aware_lb_impl.cc`, `LoadBalancerImpl::chooseHost`).
    fn pick_by_hash(&self, hash: u64, attempt: u32, choice: &Choice<'_>) -> Option<&Arc<Host>> {
        let (priority, _) = self.choose_priority(hash, choice)?;
        self.priorities[priority].hashed.as_ref()?.pick(hash, attempt, choice.stats)
    }

    /// Whether a priority is well that is none of these.
    pub fn has_another(&self, left_out: &[u32]) -> bool {
        self.loads.without(left_out).is_some()
    }

    fn choose_priority(&self, number: u64, choice: &Choice<'_>) -> Option<(usize, Availability)> {
        let other = if choice.left_out.is_empty() { None } else { self.loads.without(choice.left_out) };
        let (priority, availability) = other.as_ref().unwrap_or(&self.loads).choose(number);
        if *self.loads.panic.get(priority)? {
            choice.stats.lb_healthy_panic.increment();
        }
        Some((priority, availability))
    }
}

impl Priority {
    fn new(places: &[&Place], panic: bool, policy: &Policy, workers: usize, dice: &Dice) -> Self {
        let all: Vec<_> = places.iter().flat_map(|place| &place.hosts).cloned().collect();
        let some = |keep: fn(&Host) -> bool| all.iter().filter(|host| keep(host)).cloned().collect::<Vec<_>>();
        let list = |hosts: Vec<Arc<Host>>| List::new(hosts, policy.slow_start, workers, dice);
        let hashed = match policy.kind {
            Kind::List(_) => None,
            Kind::Ring(_) | Kind::Maglev { .. } => Some(Hashed::new(places, panic, policy)),
        };
        let by_locality = policy.by_locality && hashed.is_none();
        Self {
            healthy: list(some(is_usable)),
            degraded: list(some(is_degraded)),
            localities: by_locality.then(|| Localities::new(places, policy, workers, dice)).flatten(),
            all: list(all),
            hashed,
        }
    }
}

impl Localities {
    /// A locality counts for less when too few of its hosts are healthy (`locality_wrr.cc`, `effectiveLocalityWeight`).
    fn new(places: &[&Place], policy: &Policy, workers: usize, dice: &Dice) -> Option<Self> {
        let factor = policy.overprovisioning;
        let mut lists = Vec::new();
        let mut weights = Vec::new();
        for place in places {
            let healthy: Vec<_> = place.hosts.iter().filter(|host| is_usable(host)).cloned().collect();
            let health = healthy.len() as f64 / place.hosts.len().max(1) as f64;
            let weight = f64::from(place.weight) * (factor as f64 / 100.0 * health).min(1.0);
            if weight > 0.0 {
                lists.push(List::new(healthy, policy.slow_start, workers, dice));
                weights.push(weight);
            }
        }
        let edf = Edf::new(&weights, dice.number() >> 32);
        (!lists.is_empty()).then(|| Self { lists, weights, turns: PerWorker::new(workers, |_| edf.clone()) })
    }

    fn next(&self) -> Option<&List> {
        let index = self.turns.own().next(|index| self.weights[index])?;
        self.lists.get(index)
    }
}

impl Hashed {
    /// Weights are made parts of 1, by locality first if that is wanted (`thread_aware_lb_impl.cc`, `normalizeWeights`).
    fn new(places: &[&Place], panic: bool, policy: &Policy) -> Self {
        let all_localities: u32 = places.iter().map(|place| place.weight).sum();
        let usable = |place: &Place| -> Vec<Arc<Host>> {
            place.hosts.iter().filter(|host| panic || is_usable(host)).cloned().collect()
        };
        let groups: Vec<(Vec<Arc<Host>>, f64)> = if policy.by_locality {
            let share = |place: &&Place| f64::from(place.weight) / f64::from(all_localities);
            places.iter().filter(|place| place.weight > 0).map(|place| (usable(place), share(place))).collect()
        } else {
            vec![(places.iter().flat_map(|place| usable(place)).collect(), 1.0)]
        };
        let mut hosts = Vec::new();
        let mut weights = Vec::new();
        for (group, share) in groups {
            let sum: f64 = group.iter().map(|host| f64::from(host.weight)).sum();
            weights.extend(group.iter().map(|host| f64::from(host.weight) * share / sum));
            hosts.extend(group);
        }
        let names: Vec<_> = hosts.iter().map(|host| host.hash_key(policy.by_hostname)).collect();
        let keyed: Vec<_> = names.iter().map(String::as_str).zip(weights.iter().copied()).collect();
        let table = match policy.kind {
            Kind::Ring(size) if !keyed.is_empty() => Table::Ring(Ring::new(&keyed, size)),
            Kind::Maglev { size } => Table::Maglev(Maglev::new(&keyed, size)),
            _ => Table::Maglev(Maglev::new(&[], maglev::DEFAULT_SIZE)),
        };
        Self { hosts, weights, table, bound: policy.bound }
    }

    fn pick(&self, hash: u64, attempt: u32, stats: &ClusterStats) -> Option<&Arc<Host>> {
        let first = match &self.table {
            Table::Ring(ring) => ring.host(hash, attempt),
            Table::Maglev(maglev) => maglev.host(hash, attempt),
        }?;
        let busy = || Busy {
            all: u64::try_from(stats.upstream_rq_active.value()).unwrap_or_default(),
            of: |index: usize| self.hosts[index].stats.rq_active.load(Relaxed),
        };
        self.hosts.get(self.bound.map_or(first, |bound| bound.settle(hash, first, &self.weights, &busy())))
    }
}

/// The places of each priority.
fn groups(places: &[Place]) -> Vec<Vec<&Place>> {
    let last = places.iter().map(|place| place.priority).max().unwrap_or(0);
    let group = |priority| {
        let mut group: Vec<_> = places.iter().filter(|place| place.priority == priority).collect();
        group.sort_by(|one, other| by_locality(&one.locality, &other.locality));
        group
    };
    (0..=last).map(group).collect()
}

/// How many hosts each priority has.
pub(super) fn counts(places: &[Place]) -> Vec<Counts> {
    groups(places).iter().map(|group| count(group)).collect()
}

fn count(places: &[&Place]) -> Counts {
    let hosts = || places.iter().flat_map(|place| &place.hosts);
    Counts {
        all: hosts().count() as u64,
        healthy: hosts().filter(|host| is_usable(host)).count() as u64,
        degraded: hosts().filter(|host| is_degraded(host)).count() as u64,
    }
}

fn is_degraded(host: &Host) -> bool {
    host.health == HealthStatus::Degraded && host.is_healthy()
}

fn is_usable(host: &Host) -> bool {
    host.health != HealthStatus::Degraded && host.is_healthy()
}

/// The order in which Envoy keeps localities (`source/common/upstream/locality.h`, `LocalityLess`).
fn by_locality(one: &Locality, other: &Locality) -> Ordering {
    let key = |locality: &Locality| (locality.region.clone(), locality.zone.clone(), locality.sub_zone.clone());
    key(one).cmp(&key(other))
}
