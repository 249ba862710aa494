//! The client: what the protocol decides is done here, one after the other under the lock, and kept in the vault.

mod login;
mod server;
mod session;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pkce_wasm::Metadata;
use pkce_wasm::client::session::Session;
use pkce_wasm::error::{Code, Error};
use pkce_wasm::secret::Secret;
use tokio::task::{JoinHandle, spawn_blocking};

use self::server::Keys;
use crate::config::Configuration;
use crate::http::Http;
use crate::lock::Lock;
use crate::store::{Records, Tier, Vault};
use crate::told::Event;

/// How the names of records begin.
const SESSION: &str = "session:";
const LOGIN: &str = "login:";
const ENDED: &str = "ended:";
const SERVER: &str = "server:";
const REDIRECT_URIS: &str = "redirect-uris";

/// What the client needs of the application.
pub(crate) trait Shell: Send + Sync + 'static {
    /// Opens the system's browser.
    fn open(&self, url: &str) -> Result<(), Error>;
    /// Tells the pages.
    fn tell(&self, event: Event);
}

/// A client of one authorization server.
pub(crate) struct Client {
    config: Configuration,
    http: Http,
    vault: Arc<Vault>,
    lock: Lock,
    shell: Box<dyn Shell>,
    server: tokio::sync::Mutex<Option<(Metadata, String)>>,
    keys: tokio::sync::Mutex<Option<Keys>>,
    /// What runs until the next login: the port that leads back, and what watches over the end of the session.
    port: Mutex<Option<JoinHandle<()>>>,
    watch: Mutex<Option<JoinHandle<()>>>,
    /// The access token that a resource server refused although it was fresh, and its origin.
    useless: Mutex<Option<(String, Secret)>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Stops what was running there.
fn replace(place: &Mutex<Option<JoinHandle<()>>>, next: Option<JoinHandle<()>>) {
    if let Some(before) = std::mem::replace(&mut *locked(place), next) {
        before.abort();
    }
}

impl Client {
    /// # Errors
    /// `network_failed` where TLS cannot be set up
    pub(crate) fn new(
        config: Configuration,
        vault: Vault,
        lock: Lock,
        shell: Box<dyn Shell>,
    ) -> Result<Arc<Self>, Error> {
        let http = Http::new(config.timeout())?;
        Ok(Arc::new(Self {
            config,
            http,
            vault: Arc::new(vault),
            lock,
            shell,
            server: tokio::sync::Mutex::default(),
            keys: tokio::sync::Mutex::default(),
            port: Mutex::default(),
            watch: Mutex::default(),
            useless: Mutex::default(),
        }))
    }

    /// Where records rest.
    pub(crate) fn tier(&self) -> Tier {
        self.vault.tier()
    }

    pub(crate) const fn timeout(&self) -> Duration {
        self.http.timeout()
    }

    pub(crate) fn redirect_uri(&self) -> &str {
        self.config.redirect_uri()
    }

    fn session_name(&self) -> String {
        named(SESSION, &self.config.checked().owner())
    }

    fn session_in(&self, records: &Records) -> Option<Session> {
        Session::from_record(records.get(&self.session_name())?)
    }

    async fn read(&self) -> Result<Records, Error> {
        let vault = Arc::clone(&self.vault);
        self.storage(spawn_blocking(move || vault.read())).await
    }

    async fn write(&self, records: Records) -> Result<(), Error> {
        let vault = Arc::clone(&self.vault);
        self.storage(spawn_blocking(move || vault.write(&records))).await
    }

    /// Waits for a keyring no longer than for a server: it may be asking the user for a password.
    async fn storage<T>(&self, work: JoinHandle<Result<T, Error>>) -> Result<T, Error> {
        let done = tokio::time::timeout(self.timeout(), work).await;
        done.ok().and_then(Result::ok).ok_or(Code::StorageUnavailable)?
    }

    async fn write_surely(&self, records: Records) {
        let vault = Arc::clone(&self.vault);
        // It is made to its end also where nobody waits for it.
        let _ = tokio::time::timeout(self.timeout(), spawn_blocking(move || vault.write_surely(&records))).await;
    }
}

fn named(kind: &str, name: &str) -> String {
    [kind, name].concat()
}
