//! Properties of generated clusters: many seeds on every core, and of a cluster
//! on which one fails what is left when everything beside the point is gone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use fallgate_model::{Cluster, Dialect};
use fallgate_oracle as oracle;
use fallgate_oracle::generate::{self, Knobs};
use fastrand::Rng;

/// What a property is asked about.
pub(crate) struct Case<'a> {
    pub(crate) seed: u64,
    pub(crate) cluster: &'a Cluster,
    pub(crate) dialect: &'a Dialect,
    /// True while a failure is made smaller: what is usually sampled is then
    /// asked in full, so that the failure is not lost between two samples.
    pub(crate) thorough: bool,
}

impl Case<'_> {
    /// The same dice whenever the property is asked again.
    pub(crate) fn rng(&self) -> Rng {
        Rng::with_seed(self.seed ^ 0x7468_656f_7265_6d00)
    }
}

/// Why a property does not hold, unless it does.
pub(crate) type Outcome = Result<(), String>;

/// Ends a property with a reason when a condition does not hold.
macro_rules! ensure {
    ($condition:expr, $($reason:tt)+) => {
        if !$condition {
            return Err(format!($($reason)+));
        }
    };
}
pub(crate) use ensure;

/// Holds a property against as many clusters as usual, or `FALLGATE_CASES`.
///
/// # Panics
///
/// When it fails on one: with the seed, the reason, and a cluster that has
/// nothing more in it than it takes to fail.
pub(crate) fn for_all(knobs: &Knobs, usual: u64, property: impl Fn(&Case<'_>) -> Outcome + Sync) {
    let told = std::env::var("FALLGATE_CASES").ok().and_then(|n| n.parse().ok());
    let cases = told.unwrap_or(usual);
    let ask = |cluster: &Cluster, dialect: &Dialect, seed, thorough| {
        let case = Case { seed, cluster, dialect, thorough };
        catch_unwind(AssertUnwindSafe(|| property(&case))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(format!("panicked: {}", text.unwrap_or("without a text")))
        })
    };

    // Seeds are handed out in order and none is given up, so that the lowest
    // that fails is the same however the threads run.
    let next = AtomicU64::new(0);
    let failed: Mutex<Option<u64>> = Mutex::new(None);
    let first = || *failed.lock().expect("no thread panics while it has the lock");
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while first().is_none() {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= cases {
                        return;
                    }
                    let cluster = generate::cluster(knobs, seed);
                    if ask(&cluster, &generate::dialect(seed), seed, false).is_err() {
                        let mut failed =
                            failed.lock().expect("no thread panics while it has the lock");
                        *failed = Some(failed.map_or(seed, |other| other.min(seed)));
                    }
                }
            });
        }
    });

    let Some(seed) = first() else { return };
    let (cluster, dialect) = (generate::cluster(knobs, seed), generate::dialect(seed));
    let why = ask(&cluster, &dialect, seed, false);
    let small = oracle::shrink(&cluster, |c| ask(c, &dialect, seed, true).is_err());
    let why = ask(&small, &dialect, seed, true).err().or(why.err());
    panic!("seed {seed}, {dialect:?}: {}\n{small:#?}", why.unwrap_or_default());
}
