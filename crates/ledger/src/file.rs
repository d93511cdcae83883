//! A record in a file: the only module here that touches one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::storage::{Storage, StorageError};

/// A file that a record is appended to. As long as it exists, nobody else gets one
/// of the same file.
#[derive(Debug)]
pub struct FileStorage {
    file: File,
    path: PathBuf,
}

/// Why a file cannot be appended to.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Somebody else appends to it.
    #[error("{}: another program appends to this record; there can be one at a time", .0.display())]
    Locked(PathBuf),
    /// It is a directory or a device.
    #[error("{}: is not a file", .0.display())]
    NotAFile(PathBuf),
    /// What the system says.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file, or its directory.
        path: PathBuf,
        /// What it says.
        error: StorageError,
    },
}

impl FileStorage {
    /// Opens a file, or creates it for its owner alone; its directory must be there.
    ///
    /// # Errors
    ///
    /// When it cannot be had for ourselves.
    pub fn open(path: &Path) -> Result<FileStorage, FileError> {
        let io = |error| FileError::Io { path: path.to_owned(), error };
        match fs::metadata(path) {
            // Opening a pipe waits for somebody at its other end.
            Ok(metadata) if !metadata.is_file() => {
                return Err(FileError::NotAFile(path.to_owned()));
            }
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FileError::Locked(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        file.sync_all().map_err(io)?;
        sync_directory(path)?;
        Ok(FileStorage { file, path: path.to_owned() })
    }

    /// Whether the path still names the file: what is appended to a file that
    /// was deleted or replaced is lost when it is closed.
    #[cfg(unix)]
    fn still_there(&self) -> Result<(), StorageError> {
        use std::os::unix::fs::MetadataExt;
        let ours = self.file.metadata()?;
        let same = fs::metadata(&self.path)
            .is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino()));
        if same {
            Ok(())
        } else {
            Err(StorageError::other(format!(
                "{} was deleted, moved or replaced while it was written to",
                self.path.display()
            )))
        }
    }

    #[cfg(not(unix))]
    fn still_there(&self) -> Result<(), StorageError> {
        fs::metadata(&self.path).map(|_| ())
    }
}

/// A file that was created is there after a crash only when its directory is on
/// disk, too. Done at each opening: whoever created it may have crashed before.
fn sync_directory(path: &Path) -> Result<(), FileError> {
    if cfg!(unix) {
        let target = fs::canonicalize(path)
            .map_err(|error| FileError::Io { path: path.to_owned(), error })?;
        if let Some(directory) = target.parent() {
            File::open(directory)
                .and_then(|directory| directory.sync_all())
                .map_err(|error| FileError::Io { path: directory.to_owned(), error })?;
        }
    }
    Ok(())
}

impl Storage for FileStorage {
    fn size(&mut self) -> Result<u64, StorageError> {
        Ok(self.file.metadata()?.len())
    }

    fn read_at(&mut self, at: u64, into: &mut [u8]) -> Result<usize, StorageError> {
        self.file.seek(SeekFrom::Start(at))?;
        loop {
            match self.file.read(into) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn write_at(&mut self, at: u64, bytes: &[u8]) -> Result<(), StorageError> {
        self.file.seek(SeekFrom::Start(at))?;
        self.file.write_all(bytes)
    }

    fn truncate(&mut self, size: u64) -> Result<(), StorageError> {
        self.file.set_len(size)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.file.sync_data()?;
        self.still_there()
    }
}
