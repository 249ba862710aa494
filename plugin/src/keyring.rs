//! The system's keyring: Keychain on macOS, Credential Manager on Windows, the Secret Service on Linux. There is none on Android and iOS.

use std::sync::{Arc, Mutex, PoisonError};

use keyring_core::{CredentialStore, Entry, Error};
use zeroize::Zeroizing;

use crate::store::{Store, StoreError};

/// The items of an application in the system's keyring.
#[derive(Debug)]
pub struct Keyring {
    service: String,
    known: Mutex<Known>,
}

/// What is known of the keyring.
#[derive(Debug, Default)]
struct Known {
    store: Option<Arc<CredentialStore>>,
    /// Whether it was there once: then it is not missing, but out of reach.
    was_there: bool,
}

impl Keyring {
    /// The items of an application, by its identifier.
    #[must_use]
    pub fn new(service: impl Into<String>) -> Self {
        Self { service: service.into(), known: Mutex::default() }
    }

    /// Works with an item. A keyring that was started again does not know who asks: then it is met anew, once.
    fn with<T>(&self, name: &str, work: impl Fn(&Entry) -> Result<T, Error>) -> Result<T, StoreError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let was_met = known.store.is_some();
        let first = self.attempt(&mut known, name, &work)?;
        match first {
            Err(Error::PlatformFailure(_)) if was_met => {
                known.store = None;
                self.attempt(&mut known, name, &work)?.map_err(|error| told(&error))
            }
            other => other.map_err(|error| told(&error)),
        }
    }

    fn attempt<T>(
        &self,
        known: &mut Known,
        name: &str,
        work: &impl Fn(&Entry) -> Result<T, Error>,
    ) -> Result<Result<T, Error>, StoreError> {
        let store = match &known.store {
            Some(store) => Arc::clone(store),
            None => {
                let missing = if known.was_there { StoreError::Unavailable } else { StoreError::Missing };
                Arc::clone(known.store.insert(meet().map_err(|_| missing)?))
            }
        };
        known.was_there = true;
        Ok(store.build(&self.service, name, None).and_then(|entry| work(&entry)))
    }
}

#[cfg(target_os = "macos")]
fn meet() -> Result<Arc<CredentialStore>, Error> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn meet() -> Result<Arc<CredentialStore>, Error> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(all(unix, not(any(target_vendor = "apple", target_os = "android"))))]
fn meet() -> Result<Arc<CredentialStore>, Error> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(any(target_os = "ios", target_os = "android"))]
fn meet() -> Result<Arc<CredentialStore>, Error> {
    Err(Error::NoDefaultStore)
}

fn told(error: &Error) -> StoreError {
    match error {
        Error::NoDefaultStore | Error::NotSupportedByStore(_) => StoreError::Missing,
        Error::TooLong(..) | Error::Invalid(..) => StoreError::Refused,
        _ => StoreError::Unavailable,
    }
}

impl Store for Keyring {
    fn get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        self.with(name, |entry| match entry.get_secret() {
            Ok(item) => Ok(Some(Zeroizing::new(item))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        })
    }

    fn set(&self, name: &str, item: &[u8]) -> Result<(), StoreError> {
        self.with(name, |entry| entry.set_secret(item))
    }

    fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.with(name, |entry| match entry.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(error),
        })
    }

    /// The Credential Manager takes 2,560 bytes (`CRED_MAX_CREDENTIAL_BLOB_SIZE`). The others have no limit that matters.
    fn max_length(&self) -> usize {
        if cfg!(windows) { 2560 } else { 1 << 20 }
    }
}
