//! A login: it is begun and kept, the user comes back, and its code is redeemed once.

use std::sync::Arc;
use std::time::Duration;

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::logout;
use pkce_wasm::client::redirect_uris::RedirectUris;
use pkce_wasm::client::session::Session;
use pkce_wasm::client::transaction::{self, Outcome as End, Tombstone, forgettable, kept_since};
use pkce_wasm::error::{Code, Error};
use pkce_wasm::random::SystemEntropy;
use pkce_wasm::secret::Secret;
use pkce_wasm::{Callback, Transaction, begin};
use tokio::task::JoinHandle;

use super::{Client, ENDED, LOGIN, REDIRECT_URIS, SERVER, named, replace};
use crate::http::now;
use crate::loopback::Loopback;
use crate::told::{Event, Outcome};

impl Client {
    /// Begins a login: keeps it, and opens the system's browser.
    ///
    /// # Errors
    /// those of discovery and of [`begin`], `redirect_uri_shared`, `storage_unavailable`
    pub(crate) async fn login(self: &Arc<Self>, options: LoginOptions) -> Result<(), Error> {
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
        let url = {
            let _held = self.lock.take().await?;
            let mut records = self.read().await?;
            let mut noted = RedirectUris::from_record(records.get(REDIRECT_URIS).unwrap_or_default());
            noted.note(&config, &server, now())?;
            let login = begin(&config, &server, options, &mut SystemEntropy, now())?;
            for kind in [LOGIN, ENDED] {
                let kept = records.below(kind).map(|(name, record)| (name.to_owned(), kept_since(record, now())));
                for name in forgettable(kept.collect()) {
                    records.remove(&named(kind, &name));
                }
            }
            records.set(REDIRECT_URIS, noted.to_record());
            records.set(&named(LOGIN, &login.transaction.key()), login.transaction.to_record().expose());
            self.write(records).await?;
            login.url
        };
        let port = loopback.zip(redirect_uri).map(|(loopback, redirect_uri)| self.listen(loopback, redirect_uri));
        replace(&self.port, port);
        self.shell.open(&url)
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

    /// Takes a URL that the user came back with, finishes the login that it belongs to, and tells the pages.
    pub(crate) async fn handle_redirect(self: &Arc<Self>, url: &str, redirect_uri: &str) -> Outcome {
        let outcome = self.arrive(url, redirect_uri).await.unwrap_or_else(|error| refused(error, None));
        if matches!(outcome, Outcome::SignedIn { .. }) {
            self.shell.tell(Event::SignedIn { reason: "login" });
            self.watch();
        }
        if !matches!(outcome, Outcome::None) {
            self.shell.tell(Event::Redirect { outcome: outcome.clone() });
        }
        outcome
    }

    async fn arrive(&self, url: &str, redirect_uri: &str) -> Result<Outcome, Error> {
        let config = self.config.at(redirect_uri)?;
        // Without a `state` it belongs to nothing.
        let Some(callback) = Callback::parse(url, redirect_uri) else { return Ok(Outcome::None) };
        let key = transaction::key(callback.state());
        let (login_name, ended_name) = (named(LOGIN, &key), named(ENDED, &key));
        let _held = self.lock.take().await?;
        let mut records = self.read().await?;
        if let Some(remains) = records.get(&ended_name).and_then(Tombstone::from_record) {
            return if remains.outcome == End::SignedOut { self.come_back(url).await } else { Ok(self.again(remains)) };
        }
        let Some(record) = records.get(&login_name).map(|record| Secret::new(record.to_owned())) else {
            // Only the whole form of a response may be one; any other URL is somebody else's.
            let is_response = callback.is_response(redirect_uri);
            let error = Error::new(Code::TransactionNotFound).into();
            return Ok(if is_response { Outcome::OtherLogin { error } } else { Outcome::None });
        };
        let login = match Transaction::from_record(record.expose()) {
            Ok(login) => login,
            Err(error) => return Ok(refused(error, None)),
        };
        if let Some(member) = login.foreign_member(&config) {
            return Ok(Outcome::OtherLogin { error: Error::new(Code::TransactionInvalid).about(member).into() });
        }
        let return_to = login.return_to().map(str::to_owned);
        let keys = login.keys_request();
        let remain = |outcome| Tombstone::new(&config, outcome, return_to.clone(), now()).to_record();
        let refusal = |error: &Error| remain(End::Refused { code: error.code, restart: error.restart_helps() });
        let grant = match login.accept(&config, callback, now()) {
            Ok(grant) => grant,
            Err(error) => {
                if error.ends_login() {
                    records.remove(&login_name);
                    records.set(&ended_name, &refusal(&error));
                    self.write(records).await?;
                }
                return Ok(refused(error, return_to));
            }
        };
        // Before the code is spent: without them its tokens could not be used.
        if let Some(request) = keys
            && let Err(error) = self.keys(request).await
        {
            return Ok(refused(error, return_to));
        }
        records.remove(&login_name);
        records.set(&ended_name, &remain(End::Claimed));
        self.write(records.clone()).await?;
        let (request, exchange) = grant.into_request(&config);
        let went = match self.http.send(request).await {
            Ok(response) => self.finish(exchange, &response, false).await,
            Err(error) => Err(error),
        };
        let outcome = match went {
            Ok(tokens) => {
                records.set(&self.session_name(), Session::new(tokens).to_record().expose());
                records.set(&ended_name, &remain(End::Completed));
                if let Some((_, document)) = &*self.server.lock().await {
                    records.set(&named(SERVER, self.config.issuer()), document);
                }
                Outcome::SignedIn { return_to }
            }
            Err(error) if error.code.retryable() => {
                records.remove(&ended_name);
                records.set(&login_name, record.expose());
                refused(error, return_to)
            }
            Err(error) => {
                records.set(&ended_name, &refusal(&error));
                refused(error, return_to)
            }
        };
        self.write_surely(records).await;
        Ok(outcome)
    }

    /// A callback whose login has ended before.
    fn again(&self, remains: Tombstone) -> Outcome {
        if remains.is_foreign(self.config.checked()) {
            return Outcome::OtherLogin { error: Error::new(Code::TransactionInvalid).about("client_id").into() };
        }
        let return_to = remains.return_to;
        let refused =
            |code, restart| Outcome::Refused { error: Error::new(code).into(), restart, return_to: return_to.clone() };
        match remains.outcome.refusal() {
            Some((code, restart)) => refused(code, restart),
            None if remains.outcome == End::SignedOut => Outcome::None,
            None => Outcome::AlreadyCompleted { return_to },
        }
    }

    /// Perhaps the user comes back from signing out at the server.
    async fn come_back(&self, url: &str) -> Result<Outcome, Error> {
        let Some(key) = logout::returned(self.config.checked(), url) else { return Ok(Outcome::None) };
        let records = self.read().await?;
        let remains = records.get(&named(ENDED, &key)).and_then(Tombstone::from_record);
        let remains =
            remains.filter(|remains| remains.outcome == End::SignedOut && !remains.is_foreign(self.config.checked()));
        Ok(remains.map_or(Outcome::None, |remains| Outcome::SignedOut { return_to: remains.return_to }))
    }
}

fn refused(error: Error, return_to: Option<String>) -> Outcome {
    let restart = error.restart_helps();
    Outcome::Refused { error: error.into(), restart, return_to }
}
