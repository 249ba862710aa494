#![doc = include_str!("../README.md")]

mod client;
mod commands;
mod config;
mod dpop;
mod http;
mod keyring;
mod lock;
mod loopback;
mod signature;
mod store;
#[cfg(test)]
mod tests;
mod told;

use std::sync::Arc;

use pkce_wasm::error::{Code, Error};
use pkce_wasm::secret::Secret;
use serde_json::Value;
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Manager, RunEvent, Runtime};
use tauri_plugin_deep_link::DeepLinkExt;

use crate::client::{Client, Shell};
use crate::commands::{Listeners, Pages};
use crate::config::{Configuration, over};
use crate::lock::Lock;
use crate::store::Vault;

pub use crate::keyring::Keyring;
pub use crate::store::{Store, StoreError, Tier};
pub use crate::told::{Binding, Event, Failure, Outcome, Told};

/// The file by which processes of the application wait for each other.
const LOCK: &str = "pkce-wasm.lock";

/// The plugin, configured by `plugins.pkce` of `tauri.conf.json`.
#[must_use]
pub fn init<R: Runtime>() -> TauriPlugin<R, Value> {
    Builder::new().build()
}

/// Makes the plugin.
#[derive(Default)]
pub struct Builder {
    config: Value,
    store: Option<Box<dyn Store>>,
}

impl Builder {
    /// The plugin as `tauri.conf.json` configures it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Members of the configuration that count more than those of `tauri.conf.json`: an object, with the names of `Config` in
    /// the npm package.
    #[must_use]
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// Another store than the system's keyring, as on Android, where there is none.
    #[must_use]
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Some(Box::new(store));
        self
    }

    /// The plugin. The plugins deep-link and opener have to be there too; the order does not matter.
    #[must_use]
    pub fn build<R: Runtime>(self) -> TauriPlugin<R, Value> {
        let Self { config, store } = self;
        tauri::plugin::Builder::<R, Value>::new("pkce")
            .invoke_handler(tauri::generate_handler![
                commands::login,
                commands::logout,
                commands::session,
                commands::fetch,
                commands::cancel,
                commands::userinfo,
                commands::refresh,
                commands::subscribe,
                commands::access_token
            ])
            .setup(move |app, api| {
                let config =
                    Configuration::new(over(api.config().clone(), config).map_err(Box::new)?).map_err(Box::new)?;
                let store = store.unwrap_or_else(|| Box::new(Keyring::new(app.config().identifier.clone())));
                let folder = app.path().app_local_data_dir()?;
                let listeners = Arc::<Listeners>::default();
                let shell = Box::new(InTauri { app: app.clone(), listeners: Arc::clone(&listeners) });
                let client = Client::new(config, Vault::new(store, &folder), Lock::new(folder.join(LOCK)), shell)
                    .map_err(Box::new)?;
                app.manage(Pages { client, listeners, calls: Arc::default() });
                Ok(())
            })
            .on_event(|app, event| {
                if let RunEvent::Ready = event {
                    start(app);
                }
            })
            .build()
    }
}

/// When all plugins are there: listens to the URLs by which the user comes back, and takes the one by which the application was started.
fn start<R: Runtime>(app: &AppHandle<R>) {
    let client = Arc::clone(&app.state::<Pages>().client);
    let watched = Arc::clone(&client);
    tauri::async_runtime::spawn(async move { watched.watch() });
    if app.try_state::<tauri_plugin_deep_link::DeepLink<R>>().is_none() {
        return;
    }
    let arrive = move |urls: Vec<tauri::Url>| {
        let client = Arc::clone(&client);
        // One after the other.
        tauri::async_runtime::spawn(async move {
            for url in urls {
                commands::arrive(Arc::clone(&client), url.into()).await;
            }
        });
    };
    if let Ok(Some(urls)) = app.deep_link().get_current() {
        arrive(urls);
    }
    app.deep_link().on_open_url(move |event| arrive(event.urls()));
}

/// The application as the client sees it.
struct InTauri<R: Runtime> {
    app: AppHandle<R>,
    listeners: Arc<Listeners>,
}

impl<R: Runtime> Shell for InTauri<R> {
    fn open(&self, url: &str) -> Result<(), Error> {
        let opener = self.app.try_state::<tauri_plugin_opener::Opener<R>>().ok_or(Code::EmbeddedUserAgent)?;
        opener.open_url(url, None::<&str>).map_err(|_| Error::new(Code::EmbeddedUserAgent))
    }

    fn tell(&self, event: Event) {
        self.listeners.tell(&event);
    }
}

/// The signed-in application, for its own Rust code.
#[derive(Clone)]
pub struct Pkce(Arc<Client>);

impl Pkce {
    /// The session; `None` when nobody is signed in.
    ///
    /// # Errors
    /// [`Code::StorageUnavailable`]: the keyring is locked or does not answer, and nobody knows
    pub async fn session(&self) -> Result<Option<Told>, Error> {
        self.0.session().await
    }

    /// The access token, renewed where it has to be. It is for Rust: give it to no page.
    ///
    /// # Errors
    /// [`Code::SessionExpired`], [`Code::RefreshInterrupted`], [`Code::RefreshTokenMissing`], those of the token endpoint, and
    /// [`Code::StorageUnavailable`]
    pub async fn access_token(&self) -> Result<Secret, Error> {
        Ok(self.0.tokens(None, None, "expired").await?.tokens.access_token)
    }

    /// The proof that goes along with the access token in a request of Rust's own, as the header `DPoP` beside
    /// `Authorization: DPoP`; `None` where the tokens are bound to no key. `nonce` is the `DPoP-Nonce` that the server gave
    /// last. The proof serves once.
    ///
    /// # Errors
    /// [`Code::DpopKeyMissing`], and those of [`Pkce::access_token`]
    pub async fn proof(&self, method: &str, url: &str, nonce: Option<&str>) -> Result<Option<String>, Error> {
        self.0.proof(method, url, nonce).await
    }

    /// Where records rest.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.0.tier()
    }

    /// Takes a URL by which the user came back another way than by the plugin deep-link.
    pub async fn handle_redirect(&self, url: &str) -> Outcome {
        commands::arrive(Arc::clone(&self.0), url.to_owned()).await
    }
}

/// Gives the plugin to an application's own Rust code.
pub trait PkceExt<R: Runtime> {
    /// The signed-in application.
    ///
    /// # Panics
    /// where the plugin was not registered, as `Manager::state` does
    fn pkce(&self) -> Pkce;
}

impl<R: Runtime, T: Manager<R>> PkceExt<R> for T {
    fn pkce(&self) -> Pkce {
        Pkce(Arc::clone(&self.state::<Pages>().client))
    }
}
