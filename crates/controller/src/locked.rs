//! What several tasks share.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks it, whoever panicked before: everything here is changed in one step, or
/// says by itself that it is broken.
pub(crate) fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
