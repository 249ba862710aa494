//! The records of the client: their names, and how they are read and written.

use std::sync::Arc;

use pkce_wasm::client::session::Session;
use pkce_wasm::error::{Code, Error};
use tokio::task::{JoinHandle, spawn_blocking};

use super::Client;
use crate::store::Records;

/// How the names of records begin.
const SESSION: &str = "session:";
pub(super) const LOGIN: &str = "login:";
pub(super) const ENDED: &str = "ended:";
pub(super) const SERVER: &str = "server:";
pub(super) const REDIRECT_URIS: &str = "redirect-uris";
/// The keys of sessions and of logins.
const SESSION_KEY: &str = "session-key:";
pub(super) const LOGIN_KEY: &str = "login-key:";

impl Client {
    pub(super) fn session_name(&self) -> String {
        named(SESSION, &self.config.checked().owner())
    }

    pub(super) fn session_key_name(&self) -> String {
        named(SESSION_KEY, &self.config.checked().owner())
    }

    pub(super) fn session_in(&self, records: &Records) -> Option<Session> {
        Session::from_record(records.get(&self.session_name())?)
    }

    pub(super) async fn read(&self) -> Result<Records, Error> {
        let vault = Arc::clone(&self.vault);
        self.storage(spawn_blocking(move || vault.read())).await
    }

    pub(super) async fn write(&self, records: Records) -> Result<(), Error> {
        let vault = Arc::clone(&self.vault);
        self.storage(spawn_blocking(move || vault.write(&records))).await
    }

    /// Waits for a keyring no longer than for a server: it may be asking the user for a password.
    async fn storage<T>(&self, work: JoinHandle<Result<T, Error>>) -> Result<T, Error> {
        let done = tokio::time::timeout(self.timeout(), work).await;
        done.ok().and_then(Result::ok).ok_or(Code::StorageUnavailable)?
    }

    pub(super) async fn write_surely(&self, records: Records) {
        let vault = Arc::clone(&self.vault);
        // It is made to its end also where nobody waits for it.
        let _ = tokio::time::timeout(self.timeout(), spawn_blocking(move || vault.write_surely(&records))).await;
    }
}

pub(super) fn named(kind: &str, name: &str) -> String {
    [kind, name].concat()
}
