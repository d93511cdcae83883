//! A disk that lasts as long as the program.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fallgate_ledger::Storage;

/// A record in memory. Clones are the same record, as a disk that one process
/// leaves to the next.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    /// What was written.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for Memory {
    fn size(&mut self) -> io::Result<u64> {
        self.lock().size()
    }

    fn read_at(&mut self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        self.lock().read_at(at, into)
    }

    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.lock().write_at(at, bytes)
    }

    fn truncate(&mut self, size: u64) -> io::Result<()> {
        Storage::truncate(&mut *self.lock(), size)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.lock().sync()
    }
}
