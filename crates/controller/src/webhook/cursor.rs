//! How far each receiver was told, kept over a crash.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use fallgate_ledger::{Digest, Head};

/// Keeps how far receivers were told.
pub trait Cursors: Send {
    /// Keeps it; when this returns, it is kept.
    ///
    /// # Errors
    ///
    /// When it is not.
    fn save(&mut self, receiver: &str, told: Head) -> Result<(), String>;
}

/// Keeps them in a directory that is there, each in a file.
#[derive(Clone, Debug)]
pub struct FileCursors(PathBuf);

impl FileCursors {
    /// In this directory.
    pub fn new(directory: &Path) -> FileCursors {
        FileCursors(directory.to_owned())
    }

    /// How far a receiver was told; [`Head::EMPTY`] where it never was.
    ///
    /// # Errors
    ///
    /// When what is kept cannot be read. To tell a receiver everything again,
    /// delete the file.
    pub fn load(&self, receiver: &str) -> Result<Head, String> {
        let path = self.path(receiver);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Head::EMPTY),
            Err(error) => return Err(format!("`{}` cannot be read: {error}", path.display())),
        };
        read(&text).ok_or_else(|| {
            let path = path.display();
            format!("`{path}` must be a number and a hash; delete it to tell everything again")
        })
    }

    /// Names are anybody's text: a file has the hash of it.
    fn path(&self, receiver: &str) -> PathBuf {
        let digest = Digest::of(receiver.as_bytes()).to_string();
        self.0.join(format!("told-{}", digest.trim_start_matches("sha256:")))
    }
}

impl Cursors for FileCursors {
    fn save(&mut self, receiver: &str, told: Head) -> Result<(), String> {
        let path = self.path(receiver);
        let new = path.with_extension("new");
        let write = || {
            let mut file = File::create(&new)?;
            writeln!(file, "{} {}", told.seq, told.hash)?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            File::open(&self.0)?.sync_all()
        };
        write().map_err(|error: std::io::Error| {
            format!("`{}` cannot be written: {error}", path.display())
        })
    }
}

fn read(text: &str) -> Option<Head> {
    let (seq, hash) = text.strip_suffix('\n')?.split_once(' ')?;
    Some(Head { seq: seq.parse().ok()?, hash: hash.parse().ok()? })
}
