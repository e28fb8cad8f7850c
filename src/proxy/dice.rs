//! Random choices, repeatable from a seed. Nothing that must be unpredictable is drawn here.

use std::fmt;

use super::per_worker::PerWorker;

/// A generator for each worker. With a seed and one worker, equal requests in equal order get equal choices.
pub struct Dice(PerWorker<fastrand::Rng>);

impl Dice {
    pub fn new(seed: Option<u64>, workers: usize) -> Self {
        Self(PerWorker::new(workers, |worker| match seed {
            Some(seed) => fastrand::Rng::with_seed(seed.wrapping_add(worker as u64)),
            None => fastrand::Rng::new(),
        }))
    }

    /// Any number.
    pub fn number(&self) -> u64 {
        self.0.own().u64(..)
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&self, limit: u64) -> u64 {
        self.0.own().u64(..limit)
    }

    /// Whether something happens that does so `parts` times out of `of`.
    pub fn chance(&self, parts: u64, of: u64) -> bool {
        parts >= of || (parts > 0 && self.below(of) < parts)
    }

    /// A number from 0 to below 1.
    pub fn fraction(&self) -> f64 {
        self.0.own().f64()
    }
}

impl fmt::Debug for Dice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dice")
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn a_seed_fixes_all_choices() {
        let throw = |seed| {
            let dice = Dice::new(Some(seed), 1);
            (0..20).map(|_| dice.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(throw(7), throw(7));
        assert_ne!(throw(7), throw(8));
    }

    #[test]
    fn never_and_always_are_certain() {
        let dice = Dice::new(Some(1), 1);
        assert!((0..1_000).all(|_| !dice.chance(0, 100) && dice.chance(100, 100)));
        let hits = (0..10_000).filter(|_| dice.chance(25, 100)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
    }
}
