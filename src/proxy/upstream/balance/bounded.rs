//! Bounded loads: a host that a hash leads to passes on what is more than its part
//! (`source/extensions/load_balancing_policies/common/thread_aware_lb_impl.cc`, `BoundedLoadHashingLoadBalancer`).

/// In percent, at least 100: how much more than the average a host takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound(pub u64);

/// The requests that are under way.
pub struct Busy<F> {
    pub all: u64,
    /// Those of a host.
    pub of: F,
}

impl Bound {
    /// The host that takes the request in the place of the first: the next in an order that the hash decides. If all have
    /// too much to do, the one that has the least too much. `weights` are parts of 1.
    pub fn settle(self, hash: u64, first: usize, weights: &[f64], busy: &Busy<impl Fn(usize) -> u64>) -> usize {
        let overload = |index: usize| {
            let slots = ((busy.all + 1) * self.0).div_ceil(100);
            let own = (slots as f64 * weights[index]).ceil().max(1.0);
            (busy.of)(index) as f64 / own
        };
        let mut least = (overload(first), first);
        if least.0 <= 1.0 {
            return first;
        }
        let mut random = Mersenne::new(hash as u32);
        let mut order: Vec<_> = (0..weights.len()).collect();
        for place in 0..order.len() {
            order.swap(place, place + random.below((weights.len() - place) as u32) as usize);
            let other = order[place];
            if other == first {
                continue;
            }
            let own = overload(other);
            if own <= 1.0 {
                return other;
            }
            if own < least.0 {
                least = (own, other);
            }
        }
        least.1
    }
}

/// MT19937, as in C++: the order must be the same in each proxy.
struct Mersenne {
    state: [u32; Self::SIZE],
    next: usize,
}

impl Mersenne {
    const SIZE: usize = 624;
    const SHIFT: usize = 397;

    fn new(seed: u32) -> Self {
        let mut state = [seed; Self::SIZE];
        for index in 1..Self::SIZE {
            let before = state[index - 1];
            state[index] = (before ^ (before >> 30)).wrapping_mul(1_812_433_253).wrapping_add(index as u32);
        }
        Self { state, next: Self::SIZE }
    }

    fn number(&mut self) -> u32 {
        if self.next == Self::SIZE {
            self.twist();
        }
        let mut number = self.state[self.next];
        self.next += 1;
        number ^= number >> 11;
        number ^= (number << 7) & 0x9d2c_5680;
        number ^= (number << 15) & 0xefc6_0000;
        number ^ (number >> 18)
    }

    fn twist(&mut self) {
        for index in 0..Self::SIZE {
            let mixed = (self.state[index] & 0x8000_0000) | (self.state[(index + 1) % Self::SIZE] & 0x7fff_ffff);
            let odd = if mixed & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[index] = self.state[(index + Self::SHIFT) % Self::SIZE] ^ (mixed >> 1) ^ odd;
        }
        self.next = 0;
    }

    fn below(&mut self, limit: u32) -> u32 {
        let part = (1u64 << 32) / u64::from(limit);
        loop {
            let number = (u64::from(self.number()) / part) as u32;
            if number < limit {
                return number;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bound, Busy, Mersenne};

    /// The C++ standard says what the 10,000th number is (`[rand.predef]`).
    #[test]
    fn numbers_are_those_of_the_standard() {
        let mut random = Mersenne::new(5489);
        let last = (0..10_000).map(|_| random.number()).last();
        assert_eq!(last, Some(4_123_659_995));
    }

    #[test]
    fn a_host_with_its_part_passes_requests_on() {
        let weights = [0.25; 4];
        let settle = |busy: [u64; 4]| {
            let all = busy.iter().sum();
            Bound(120).settle(7, 0, &weights, &Busy { all, of: |index: usize| busy[index] })
        };
        // Each may have ceil(ceil((8 + 1) * 1.2) / 4) = 3.
        assert_eq!(settle([3, 2, 2, 1]), 0);
        let other = settle([4, 2, 1, 1]);
        assert_ne!(other, 0);
        assert_eq!(settle([4, 2, 1, 1]), other);
    }
}
