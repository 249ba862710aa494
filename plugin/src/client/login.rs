//! The way out: the authorization request, pushed where it has to be (RFC 9126), and the port that it comes back to.

use std::sync::Arc;
use std::time::Duration;

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::par;
use pkce_wasm::client::redirect_uris::RedirectUris;
use pkce_wasm::client::transaction::{forgettable, kept_since};
use pkce_wasm::error::{Code, Error};
use pkce_wasm::random::SystemEntropy;
use pkce_wasm::secret::Secret;
use pkce_wasm::{Config, Metadata, Transaction, begin};
use tokio::task::JoinHandle;

use super::records::{ENDED, LOGIN, LOGIN_KEY, REDIRECT_URIS, named};
use super::{Client, replace};
use crate::http::now;
use crate::loopback::Loopback;
use crate::told::Outcome;

impl Client {
    /// Begins a login: keeps it, and opens the system's browser.
    ///
    /// # Errors
    /// those of discovery and of [`begin`], `push_refused`, `push_response_invalid`, `dpop_unavailable`, `redirect_uri_shared`,
    /// `storage_unavailable`
    pub(crate) async fn login(self: &Arc<Self>, options: LoginOptions) -> Result<(), Error> {
        let (key, key_record) = self.new_key()?.unzip();
        let dpop_jkt = key.as_ref().map(|key| key.jkt().to_owned());
        let server = self.server().await?;
        let loopback = match self.config.loopback() {
            Some((address, path)) => Some(Loopback::open(address, path).await.map_err(|_| Code::NetworkFailed)?),
            None => None,
        };
        let redirect_uri = loopback.as_ref().map(Loopback::redirect_uri);
        let config = match &redirect_uri {
            Some(redirect_uri) => self.config.at(redirect_uri)?,
            None => self.config.checked().clone(),
        };
        let options = LoginOptions { dpop_jkt, ..options };
        let (url, transaction) = if par::is_required(&config, &server)? {
            let (request, pushing) = par::begin(&config, &server, options, &mut SystemEntropy, now())?;
            let key = key.as_ref().filter(|_| pushing.dpop_jkt().is_some());
            let pushed = pushing.finish(&self.http.send_proven(&request, key, &self.servers).await?)?;
            (pushed.url, pushed.transaction)
        } else {
            let login = begin(&config, &server, options, &mut SystemEntropy, now())?;
            (login.url, login.transaction)
        };
        // Where a key is only preferred, the server may take none of its kind.
        let key_record = key_record.filter(|_| transaction.dpop_jkt().is_some());
        self.keep_login(&config, &server, &transaction, key_record).await?;
        let port = loopback.zip(redirect_uri).map(|(loopback, redirect_uri)| self.listen(loopback, redirect_uri));
        replace(&self.port, port);
        self.shell.open(&url)
    }

    /// Keeps a login until its response comes, and forgets those that are too old or too many.
    async fn keep_login(
        &self,
        config: &Config,
        server: &Metadata,
        transaction: &Transaction,
        key: Option<Secret>,
    ) -> Result<(), Error> {
        let _held = self.lock.take().await?;
        let mut records = self.read().await?;
        let mut noted = RedirectUris::from_record(records.get(REDIRECT_URIS).unwrap_or_default());
        noted.note(config, server, now())?;
        for kind in [LOGIN, ENDED] {
            let kept = records.below(kind).map(|(name, record)| (name.to_owned(), kept_since(record, now())));
            for name in forgettable(kept.collect()) {
                records.remove(&named(kind, &name));
                records.remove(&named(LOGIN_KEY, &name));
            }
        }
        records.set(REDIRECT_URIS, noted.to_record());
        if let Some(key) = key {
            records.set(&named(LOGIN_KEY, &transaction.key()), key.expose());
        }
        records.set(&named(LOGIN, &transaction.key()), transaction.to_record().expose());
        self.write(records).await
    }

    /// Serves a port as long as a login may take.
    fn listen(self: &Arc<Self>, loopback: Loopback, redirect_uri: String) -> JoinHandle<()> {
        let longest = Duration::from_secs(self.config.checked().settings().transaction_max_age.into());
        let client = Arc::clone(self);
        let arrive = move |url: String| {
            let (client, redirect_uri) = (Arc::clone(&client), redirect_uri.clone());
            tokio::spawn(async move {
                let outcome = client.handle_redirect(&url, &redirect_uri).await;
                // Whatever belongs to another login does not close the port to the true answer.
                if !matches!(outcome, Outcome::OtherLogin { .. } | Outcome::None | Outcome::Refused { .. }) {
                    replace(&client.port, None);
                }
            });
        };
        tokio::spawn(async move {
            let _ = tokio::time::timeout(longest, loopback.serve(arrive)).await;
        })
    }
}
