//! One at a time: inside of this process, and between processes of the same user.

use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;
use std::time::Duration;

use fs4::FileExt;
use pkce_wasm::error::{Code, Error};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{sleep, timeout};

/// How often a lock that another process holds is tried again.
const PAUSE: Duration = Duration::from_millis(20);
/// The longest that another process may hold it: several requests that all run into their time.
const PATIENCE: Duration = Duration::from_secs(180);

/// A lock that is a file.
#[derive(Debug)]
pub(crate) struct Lock {
    inside: Mutex<()>,
    file: PathBuf,
}

/// The lock is held as long as this lives. The operating system takes it from a process that ends.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    file: File,
    _inside: MutexGuard<'a, ()>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // It goes with the file in any case.
        let _ = FileExt::unlock(&self.file);
    }
}

impl Lock {
    pub(crate) fn new(file: PathBuf) -> Self {
        Self { inside: Mutex::new(()), file }
    }

    /// Waits until nobody else holds it.
    ///
    /// # Errors
    /// `storage_unavailable`
    pub(crate) async fn take(&self) -> Result<Held<'_>, Error> {
        let inside = self.inside.lock().await;
        let file = self.open().map_err(|_| Code::StorageUnavailable)?;
        let free = async {
            while FileExt::try_lock(&file).is_err() {
                sleep(PAUSE).await;
            }
        };
        timeout(PATIENCE, free).await.map_err(|_| Code::StorageUnavailable)?;
        Ok(Held { file, _inside: inside })
    }

    fn open(&self) -> std::io::Result<File> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        OpenOptions::new().create(true).truncate(false).write(true).open(&self.file)
    }
}
