//! The client: what the protocol decides is done here, one after the other under the lock, and kept in the vault.
//! Here is what all its rooms share; each of them adds to `Client` what it is named after.

mod callback;
mod dpop;
mod login;
mod logout;
mod records;
mod resource;
mod server;
mod session;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pkce_wasm::Metadata;
use pkce_wasm::client::jwks::Jwks;
use pkce_wasm::error::Error;
use pkce_wasm::secret::Secret;
use tokio::task::JoinHandle;

use crate::config::Configuration;
use crate::dpop::{Key, Servers};
use crate::http::Http;
use crate::lock::Lock;
use crate::store::{Tier, Vault};
use crate::told::Event;

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
    /// The key that was used last, and what is known of the servers that look at its proofs.
    key: Mutex<Option<Arc<Key>>>,
    servers: Servers,
}

/// The keys of the server, and when they were last fetched because one was missing.
struct Keys {
    set: Jwks,
    refetched_at: Option<u64>,
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
            key: Mutex::default(),
            servers: Servers::default(),
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
