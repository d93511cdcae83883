//! Many runs, on as many threads as there are processors.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Whether there is time for the long form.
pub(crate) fn thorough() -> bool {
    std::env::var_os("FALLGATE_SEEDS").is_some()
}

/// Whether every case is to be tried, however long that takes.
pub(crate) fn all_cases() -> bool {
    std::env::var("FALLGATE_CASES").is_ok_and(|cases| cases == "all")
}

/// A number that somebody set.
pub(crate) fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.trim().parse().ok()
}

/// Does the same with each, several at once, and collects what it gives in the
/// order of the input.
pub(crate) fn each<'a, T: Sync, R: Send>(all: &'a [T], work: impl Fn(&'a T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(one) = all.get(at) else { break };
                    let result = work(one);
                    done.lock().unwrap().push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
