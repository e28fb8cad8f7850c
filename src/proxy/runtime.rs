//! What all parts of a running proxy share.

use std::sync::Arc;

use super::dice::Dice;
use super::stats::Stats;
use super::time::Time;

#[derive(Debug)]
pub struct Runtime {
    pub dice: Dice,
    pub time: Time,
    pub stats: Stats,
    /// How many threads serve, each with an event loop of its own.
    pub workers: usize,
}

impl Runtime {
    /// `seed` fixes every random choice. `time_scale` is how many seconds a configured second takes.
    pub fn new(seed: Option<u64>, time_scale: f64, workers: usize) -> Arc<Self> {
        let time = Time::scaled(time_scale);
        Arc::new(Self { dice: Dice::new(seed, workers), time, stats: Stats::default(), workers: workers.max(1) })
    }
}
