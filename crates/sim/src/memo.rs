//! Results that are worth keeping, by what they were made of.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many results one memo keeps before it starts anew.
const MOST: usize = 512;

/// Compiled schemas and policies, shared by all servers of a process: a
/// simulation starts thousands of servers with the same files, and compiling
/// those takes longer than what is simulated.
pub(crate) struct Memo<T>(Mutex<BTreeMap<String, Arc<T>>>);

impl<T> Memo<T> {
    pub(crate) const fn new() -> Memo<T> {
        Memo(Mutex::new(BTreeMap::new()))
    }

    /// The result for a key, which holds all that it depends on.
    pub(crate) fn get(&self, key: String, make: impl FnOnce() -> T) -> Arc<T> {
        if let Some(found) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return found.clone();
        }
        // Made outside of the lock: whoever comes second makes it again.
        let made = Arc::new(make());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(key, made.clone());
        made
    }
}
