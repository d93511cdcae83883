/// What went wrong while reading or writing: a full disk, a bad sector.
pub type StorageError = std::io::Error;

/// Where a record is kept. The one door of this crate to the outside.
///
/// A call that fails may have done any part of its work.
pub trait Storage {
    /// How many bytes there are.
    ///
    /// # Errors
    ///
    /// When it cannot be told.
    fn size(&mut self) -> Result<u64, StorageError>;

    /// Reads from a position on into the buffer, and returns how many bytes;
    /// none at the end and none elsewhere.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    fn read_at(&mut self, at: u64, into: &mut [u8]) -> Result<usize, StorageError>;

    /// Writes all these bytes from a position on, over what is there or behind it.
    ///
    /// # Errors
    ///
    /// When not all of them could be written.
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> Result<(), StorageError>;

    /// Forgets everything from a position on.
    ///
    /// # Errors
    ///
    /// When it could not be done.
    fn truncate(&mut self, size: u64) -> Result<(), StorageError>;

    /// Returns when everything before is where a loss of power does not reach it.
    ///
    /// # Errors
    ///
    /// When that is not certain.
    fn sync(&mut self) -> Result<(), StorageError>;
}

/// A record in memory, for rehearsals and tests.
impl Storage for Vec<u8> {
    fn size(&mut self) -> Result<u64, StorageError> {
        Ok(self.len() as u64)
    }

    fn read_at(&mut self, at: u64, into: &mut [u8]) -> Result<usize, StorageError> {
        let rest = usize::try_from(at).ok().and_then(|at| self.get(at..)).unwrap_or_default();
        let read = rest.len().min(into.len());
        into.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Ok(read)
    }

    fn write_at(&mut self, at: u64, bytes: &[u8]) -> Result<(), StorageError> {
        let at = usize::try_from(at).map_err(StorageError::other)?;
        let size = at.checked_add(bytes.len()).ok_or_else(|| StorageError::other("no room"))?;
        if self.len() < size {
            self.resize(size, 0);
        }
        self.iter_mut().skip(at).zip(bytes).for_each(|(to, from)| *to = *from);
        Ok(())
    }

    fn truncate(&mut self, size: u64) -> Result<(), StorageError> {
        Vec::truncate(self, usize::try_from(size).unwrap_or(usize::MAX));
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        Ok(())
    }
}

/// Whatever it is that keeps the record, behind a pointer.
impl<S: Storage + ?Sized> Storage for Box<S> {
    fn size(&mut self) -> Result<u64, StorageError> {
        (**self).size()
    }

    fn read_at(&mut self, at: u64, into: &mut [u8]) -> Result<usize, StorageError> {
        (**self).read_at(at, into)
    }

    fn write_at(&mut self, at: u64, bytes: &[u8]) -> Result<(), StorageError> {
        (**self).write_at(at, bytes)
    }

    fn truncate(&mut self, size: u64) -> Result<(), StorageError> {
        (**self).truncate(size)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        (**self).sync()
    }
}
