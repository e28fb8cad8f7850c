//! Ring hash (`source/extensions/load_balancing_policies/ring_hash/ring_hash_lb.cc`).

use super::hashes::{murmur2, xx};
use crate::envoy::cluster::HashFunction;

/// Hashes with the index of their hosts, sorted.
#[derive(Debug)]
pub struct Ring(Vec<(u64, u32)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingSize {
    pub least: u64,
    pub most: u64,
    pub function: HashFunction,
}

impl Ring {
    /// `hosts`: what each is hashed by, and its weight as a part of 1.
    pub fn new(hosts: &[(&str, f64)], size: RingSize) -> Self {
        let lightest = hosts.iter().map(|(_, weight)| *weight).fold(1.0, f64::min);
        // The lightest host gets a whole number of hashes, unless the ring gets too large.
        let scale = ((lightest * size.least as f64).ceil() / lightest).min(size.most as f64);
        let mut ring = Vec::with_capacity(scale.ceil() as usize);
        let (mut made, mut wanted) = (0.0, 0.0);
        let mut key = String::new();
        for (index, (name, weight)) in hosts.iter().enumerate() {
            wanted += scale * weight;
            let mut number = 0;
            while made < wanted {
                key.clear();
                key.push_str(name);
                key.push('_');
                key.push_str(&number.to_string());
                let hash = match size.function {
                    HashFunction::MurmurHash2 => murmur2(key.as_bytes()),
                    _ => xx(0, key.as_bytes()),
                };
                ring.push((hash, index as u32));
                number += 1;
                made += 1.0;
            }
        }
        ring.sort_by_key(|(hash, _)| *hash);
        Self(ring)
    }

    /// The index of the host whose hash is the next. Each further attempt goes one on.
    pub fn host(&self, hash: u64, attempt: u32) -> Option<usize> {
        let place = self.0.partition_point(|(own, _)| *own < hash) + attempt as usize;
        let (_, index) = self.0.get(place.checked_rem(self.0.len())?)?;
        Some(*index as usize)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{Ring, RingSize};
    use crate::envoy::cluster::HashFunction;

    /// `RingHashLoadBalancerTest.Basic` of Envoy (`test/extensions/load_balancing_policies/ring_hash/ring_hash_lb_test.cc`):
    /// six hosts, a ring of 12.
    #[test]
    fn the_ring_is_that_of_envoys_test() {
        let names: Vec<_> = (90..96).map(|port| format!("127.0.0.1:{port}")).collect();
        let hosts: Vec<_> = names.iter().map(|name| (name.as_str(), 1.0 / 6.0)).collect();
        let ring = Ring::new(&hosts, RingSize { least: 12, most: 8 << 20, function: HashFunction::XxHash });
        assert_eq!(ring.len(), 12);
        let table = [
            (0, 94),
            (833437586790550860, 94),
            (833437586790550861, 92),
            (928266305478181109, 90),
            (3551244743356806947, 95),
            (3551244743356806948, 93),
            (5583722120771150861, 91),
            (6311230543546372929, 93),
            (16117243373044804889, 90),
            (u64::MAX, 94),
        ];
        for (hash, port) in table {
            assert_eq!(ring.host(hash, 0), Some(port - 90), "{hash}");
        }
        assert_eq!(ring.host(0, 1), Some(2));
    }

    #[test]
    fn the_lightest_host_decides_the_size() {
        let hosts = [("a", 0.25), ("b", 0.75)];
        let size = |least, most| Ring::new(&hosts, RingSize { least, most, function: HashFunction::XxHash }).len();
        assert_eq!(size(6, 100), 8);
        assert_eq!(size(100, 50), 50);
    }
}
