//! The way back: from the authorization response (RFC 6749 section 4.1.2) to a session.

use std::sync::Arc;

use pkce_wasm::client::session::Session;
use pkce_wasm::client::transaction::{self, Outcome as End, Tombstone};
use pkce_wasm::error::{Code, Error};
use pkce_wasm::secret::Secret;
use pkce_wasm::{Callback, Config, Grant, Transaction};

use super::Client;
use super::records::{ENDED, LOGIN, LOGIN_KEY, SERVER, named};
use crate::dpop::Key;
use crate::http::now;
use crate::store::Records;
use crate::told::{Event, Outcome};

/// A login that waits for its response, with the names of its records.
struct Pending {
    name: String,
    key_name: String,
    ended_name: String,
    record: Secret,
    key: Option<Key>,
    return_to: Option<String>,
}

impl Client {
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

    /// Checks the response; where it is the one that a login waits for, its code is redeemed.
    async fn arrive(&self, url: &str, redirect_uri: &str) -> Result<Outcome, Error> {
        let config = self.config.at(redirect_uri)?;
        // Without a `state` it belongs to nothing.
        let Some(callback) = Callback::parse(url, redirect_uri) else { return Ok(Outcome::None) };
        let key = transaction::key(callback.state());
        let (name, key_name, ended_name) = (named(LOGIN, &key), named(LOGIN_KEY, &key), named(ENDED, &key));
        let _held = self.lock.take().await?;
        let mut records = self.read().await?;
        if let Some(remains) = records.get(&ended_name).and_then(Tombstone::from_record) {
            return if remains.outcome == End::SignedOut { self.come_back(url).await } else { Ok(self.again(remains)) };
        }
        let Some(record) = records.get(&name).map(|record| Secret::new(record.to_owned())) else {
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
        let key = login.dpop_jkt().map(|jkt| Key::from_record(records.get(&key_name), jkt));
        let key = match key.transpose() {
            Ok(key) => key,
            Err(error) => return Ok(refused(error, return_to)),
        };
        let grant = match login.accept(&config, callback, now()) {
            Ok(grant) => grant,
            Err(error) => {
                if error.ends_login() {
                    records.remove(&name);
                    records.remove(&key_name);
                    let remains = Tombstone::new(&config, refusal(&error), return_to.clone(), now());
                    records.set(&ended_name, &remains.to_record());
                    self.write(records).await?;
                }
                return Ok(refused(error, return_to));
            }
        };
        // Before the code is spent: without them its tokens could not be used.
        if let Some(request) = keys
            && let Err(error) = self.have_keys(request).await
        {
            return Ok(refused(error, return_to));
        }
        self.redeem(&config, Pending { name, key_name, ended_name, record, key, return_to }, records, grant).await
    }

    /// Notes that the code is about to be redeemed, sends the request, and keeps what comes of it.
    async fn redeem(
        &self,
        config: &Config,
        login: Pending,
        mut records: Records,
        grant: Grant,
    ) -> Result<Outcome, Error> {
        let Pending { name, key_name, ended_name, record, key, return_to } = login;
        let remain = |outcome| Tombstone::new(config, outcome, return_to.clone(), now()).to_record();
        records.remove(&name);
        records.set(&ended_name, &remain(End::Claimed));
        self.write(records.clone()).await?;
        let (request, exchange) = grant.into_request(config);
        let went = match self.spend(&request, key.as_ref()).await {
            Ok(response) => self.finish(exchange, &response, false).await,
            Err(error) => Err(error),
        };
        let key_record = records.get(&key_name).map(|record| Secret::new(record.to_owned()));
        if !matches!(&went, Err(error) if error.code.retryable()) {
            records.remove(&key_name);
        }
        let outcome = match went {
            Ok(tokens) => {
                records.remove(&self.session_key_name());
                if let Some(key) = key_record.filter(|_| tokens.dpop_jkt.is_some()) {
                    records.set(&self.session_key_name(), key.expose());
                }
                records.set(&self.session_name(), Session::new(tokens).to_record().expose());
                records.set(&ended_name, &remain(End::Completed));
                if let Some((_, document)) = &*self.server.lock().await {
                    records.set(&named(SERVER, self.config.issuer()), document);
                }
                Outcome::SignedIn { return_to }
            }
            Err(error) if error.code.retryable() => {
                records.remove(&ended_name);
                records.set(&name, record.expose());
                refused(error, return_to)
            }
            Err(error) => {
                records.set(&ended_name, &remain(refusal(&error)));
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
        match remains.outcome.refusal() {
            Some((code, restart)) => Outcome::Refused { error: Error::new(code).into(), restart, return_to },
            None => Outcome::AlreadyCompleted { return_to },
        }
    }
}

/// How a login ends by an error.
fn refusal(error: &Error) -> End {
    End::Refused { code: error.code, restart: error.restart_helps() }
}

fn refused(error: Error, return_to: Option<String>) -> Outcome {
    let restart = error.restart_helps();
    Outcome::Refused { error: error.into(), restart, return_to }
}
