//! Maglev (`source/extensions/load_balancing_policies/maglev/maglev_lb.cc`).

use super::hashes::xx;

/// For each place, the index of a host.
#[derive(Debug)]
pub struct Maglev(Vec<u32>);

pub const DEFAULT_SIZE: u64 = 65_537;

const FREE: u32 = u32::MAX;

struct Entry {
    index: u32,
    offset: u64,
    skip: u64,
    weight: f64,
    due: f64,
    next: u64,
}

impl Maglev {
    /// `hosts`: what each is hashed by, and its weight as a part of 1. `size` is a prime.
    pub fn new(hosts: &[(&str, f64)], size: u64) -> Self {
        let mut table = vec![FREE; if hosts.is_empty() { 0 } else { size as usize }];
        let heaviest = hosts.iter().map(|(_, weight)| *weight).fold(0.0, f64::max);
        let mut sorted: Vec<_> = hosts.iter().enumerate().collect();
        sorted.sort_by_key(|(_, (name, _))| *name);
        let mut entries: Vec<_> = sorted.into_iter().map(|(index, host)| Entry::new(index, *host, size)).collect();
        let mut filled = 0;
        // A host with a third of the greatest weight takes part in each third round.
        for round in 1.. {
            for entry in &mut entries {
                if filled == table.len() {
                    return Self(table);
                }
                if f64::from(round) * entry.weight < entry.due {
                    continue;
                }
                entry.due += heaviest;
                while table[entry.place(size)] != FREE {
                    entry.next += 1;
                }
                table[entry.place(size)] = entry.index;
                entry.next += 1;
                filled += 1;
            }
            if entries.is_empty() {
                break;
            }
        }
        Self(table)
    }

    /// The index of the host. Each further attempt looks elsewhere.
    pub fn host(&self, hash: u64, attempt: u32) -> Option<usize> {
        let hash = if attempt == 0 { hash } else { hash ^ (u64::MAX - u64::from(attempt) + 1) };
        let place = hash.checked_rem(self.0.len() as u64)?;
        Some(self.0[place as usize] as usize)
    }
}

impl Entry {
    fn new(index: usize, (name, weight): (&str, f64), size: u64) -> Self {
        let offset = xx(0, name.as_bytes()) % size;
        let skip = xx(1, name.as_bytes()) % (size - 1) + 1;
        Self { index: index as u32, offset, skip, weight, due: 0.0, next: 0 }
    }

    fn place(&self, size: u64) -> usize {
        // The product is below the square of the size, which Envoy limits to 5,000,011.
        ((self.offset + self.skip * (self.next % size)) % size) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::Maglev;

    /// `MaglevLoadBalancerTest.Basic` and `Weighted` of Envoy
    /// (`test/extensions/load_balancing_policies/maglev/maglev_lb_test.cc`), with tables of 7 and 17 places.
    #[test]
    fn tables_are_those_of_envoys_tests() {
        let names: Vec<_> = (90..96).map(|port| format!("127.0.0.1:{port}")).collect();
        let hosts: Vec<_> = names.iter().map(|name| (name.as_str(), 1.0 / 6.0)).collect();
        let maglev = Maglev::new(&hosts, 7);
        let table: Vec<_> = (0..7).map(|hash| 90 + maglev.host(hash, 0).unwrap()).collect();
        assert_eq!(table, [92, 94, 90, 91, 95, 90, 93]);
        let maglev = Maglev::new(&[("127.0.0.1:90", 1.0 / 3.0), ("127.0.0.1:91", 2.0 / 3.0)], 17);
        let table: Vec<_> = (0..17).map(|hash| 90 + maglev.host(hash, 0).unwrap()).collect();
        assert_eq!(table, [91, 90, 90, 91, 90, 91, 91, 90, 91, 91, 91, 91, 91, 90, 91, 90, 91]);
    }

    #[test]
    fn a_table_without_hosts_has_none() {
        assert_eq!(Maglev::new(&[], 7).host(1, 0), None);
    }
}
