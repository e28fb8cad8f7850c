//! State that each worker has of its own, so that workers do not wait for each other.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

thread_local! {
    static WORKER: usize = NEXT.fetch_add(1, Ordering::Relaxed);
}

static NEXT: AtomicUsize = AtomicUsize::new(0);

/// One value for each worker. A thread counts as a worker from its first use on; more threads than values share them.
#[derive(Debug)]
pub struct PerWorker<T>(Box<[Slot<T>]>);

/// On a cache line of its own.
#[derive(Debug)]
#[repr(align(64))]
struct Slot<T>(Mutex<T>);

impl<T> PerWorker<T> {
    pub fn new(workers: usize, make: impl FnMut(usize) -> T) -> Self {
        Self((0..workers.max(1)).map(make).map(|value| Slot(Mutex::new(value))).collect())
    }

    /// The value of the calling worker. Never hold it over an `await`.
    pub fn own(&self) -> MutexGuard<'_, T> {
        lock(&self.0[WORKER.with(|worker| *worker) % self.0.len()].0)
    }
}

/// What a panic elsewhere left behind is still used: nothing here is changed in steps that may be seen half done.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
