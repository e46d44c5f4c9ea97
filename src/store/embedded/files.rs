//! The embedded store's directory: its files, who may read them, and the lock of its process.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::store::StoreError;

const DATA: &str = "warmline.db";
const LOCK: &str = "warmline.lock";

/// Makes the directory, for this user alone. One that exists keeps its permissions.
pub(super) fn make_dir(dir: &Path) -> Result<(), StoreError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|error| unusable(dir, &error))
}

/// What makes this the store's one running process, until it is dropped or the process ends.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing alone would not do where another thread is just starting a child process, which
        // for a moment has the file open too.
        let _unlocked = self.0.unlock();
    }
}

/// Takes the lock.
pub(super) fn lock(dir: &Path) -> Result<Lock, StoreError> {
    let path = dir.join(LOCK);
    let file = private(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(dir.display().to_string())),
        Err(TryLockError::Error(error)) => Err(unusable(&path, &error)),
    }
}

/// The data file, made empty where it is missing. SQLite gives its side files the same permissions.
pub(super) fn make_file(dir: &Path) -> Result<PathBuf, StoreError> {
    let path = dir.join(DATA);
    private(&path)?;
    Ok(path)
}

/// The data file of a store that exists.
pub(super) fn existing(dir: &Path) -> Result<PathBuf, StoreError> {
    let path = dir.join(DATA);
    if path.is_file() {
        return Ok(path);
    }
    let why = format!("there is no store in {}", dir.display());
    Err(StoreError::BadUrl(why))
}

/// Makes new names in the directory survive the loss of power.
pub(super) fn sync(dir: &Path) -> Result<(), StoreError> {
    let synced = File::open(dir).and_then(|dir| dir.sync_all());
    synced.map_err(|error| unusable(dir, &error))
}

fn private(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(0o600);
    options.open(path).map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Unavailable(format!("{}: {error}", path.display()))
}
