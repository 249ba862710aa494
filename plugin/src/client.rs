//! The client: what the protocol decides is done here, one after the other under the lock, and kept in the vault.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::config::Dpop;
use pkce_wasm::client::dpop::{About, prime, prove};
use pkce_wasm::client::jwks::Jwks;
use pkce_wasm::client::logout::{self, LogoutOptions, end_session, finish_revocation, revocation_requests};
use pkce_wasm::client::metadata::Search;
use pkce_wasm::client::redirect_uris::RedirectUris;
use pkce_wasm::client::resource::read_refusal;
use pkce_wasm::client::session::{Answered, Asked, Kept, Next, Session};
use pkce_wasm::client::signature::{Signature, Step};
use pkce_wasm::client::transaction::{self, Outcome as End, Tombstone, forgettable, kept_since};
use pkce_wasm::client::{par, token, userinfo};
use pkce_wasm::error::{Code, Error};
use pkce_wasm::http::{Request, Response};
use pkce_wasm::random::SystemEntropy;
use pkce_wasm::secret::Secret;
use pkce_wasm::{Answer, Callback, Exchange, JsonText, Metadata, TokenSet, Transaction, Unverified, Verdict, begin};
use reqwest::header::WWW_AUTHENTICATE;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::config::Configuration;
use crate::dpop::{Key, Servers};
use crate::http::{Call, Http, now};
use crate::lock::{Held, Lock};
use crate::loopback::Loopback;
use crate::signature;
use crate::store::{Records, Tier, Vault};
use crate::told::{Event, Outcome, Told};

/// How the names of records begin.
const SESSION: &str = "session:";
const LOGIN: &str = "login:";
const ENDED: &str = "ended:";
const SERVER: &str = "server:";
const REDIRECT_URIS: &str = "redirect-uris";
/// The keys of sessions and of logins.
const SESSION_KEY: &str = "session-key:";
const LOGIN_KEY: &str = "login-key:";

/// Seconds before the end of a session of which the application is told.
const NOTICE: u64 = 60;
/// How often the clock is looked at meanwhile: a machine that sleeps counts no seconds.
const TICK: Duration = Duration::from_secs(15);

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
#[derive(Clone)]
struct Keys {
    set: Jwks,
    refetched_at: Option<u64>,
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

    /// Begins a login: keeps it, and opens the system's browser.
    ///
    /// # Errors
    /// those of discovery and of [`begin`], `push_refused`, `push_response_invalid`, `dpop_unavailable`, `redirect_uri_shared`, `storage_unavailable`
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
            let pushed = pushing.finish(&self.http.send_proven(&request, key.as_ref(), &self.servers).await?)?;
            (pushed.url, pushed.transaction)
        } else {
            let login = begin(&config, &server, options, &mut SystemEntropy, now())?;
            (login.url, login.transaction)
        };
        {
            let _held = self.lock.take().await?;
            let mut records = self.read().await?;
            let mut noted = RedirectUris::from_record(records.get(REDIRECT_URIS).unwrap_or_default());
            noted.note(&config, &server, now())?;
            for kind in [LOGIN, ENDED] {
                let kept = records.below(kind).map(|(name, record)| (name.to_owned(), kept_since(record, now())));
                for name in forgettable(kept.collect()) {
                    records.remove(&named(kind, &name));
                    records.remove(&named(LOGIN_KEY, &name));
                }
            }
            records.set(REDIRECT_URIS, noted.to_record());
            if let Some(key) = key_record {
                records.set(&named(LOGIN_KEY, &transaction.key()), key.expose());
            }
            records.set(&named(LOGIN, &transaction.key()), transaction.to_record().expose());
            self.write(records).await?;
        }
        let port = loopback.zip(redirect_uri).map(|(loopback, redirect_uri)| self.listen(loopback, redirect_uri));
        replace(&self.port, port);
        self.shell.open(&url)
    }

    /// A key for a login, where tokens are to be bound to one.
    fn new_key(&self) -> Result<Option<(Key, Secret)>, Error> {
        match (self.config.checked().settings().dpop, Key::make()) {
            (Dpop::Off, _) | (Dpop::Preferred, Err(_)) => Ok(None),
            (_, made) => made.map(Some),
        }
    }

    /// The key that tokens are bound to.
    async fn key_of(&self, tokens: &TokenSet) -> Result<Option<Arc<Key>>, Error> {
        let Some(jkt) = &tokens.dpop_jkt else { return Ok(None) };
        let known = locked(&self.key).clone().filter(|key| key.jkt() == jkt);
        if known.is_some() {
            return Ok(known);
        }
        let records = self.read().await?;
        let key = Key::from_record(records.get(&self.session_key_name()), jkt)?;
        let key = Arc::new(key);
        *locked(&self.key) = Some(Arc::clone(&key));
        Ok(Some(key))
    }

    /// Sends a code or a refresh token, with a proof where there is a key. Where no nonce of the server is known that is sure to count still, it is asked for first, by a request that
    /// spends nothing: a server may take the code or the token and then refuse the proof.
    async fn spend(&self, request: &Request, key: Option<&Key>) -> Result<Response, Error> {
        if let Some(key) = key
            && !self.servers.is_fresh(key, &request.url)
        {
            let prime = prime(self.config.checked(), &self.server().await?)?;
            let proof = self.servers.prove(key, "POST", &prime.url, None)?;
            let (response, heard) = self.http.send(&prime, Some(&proof)).await?;
            self.servers.hear(key, &prime.url, &response, &heard);
        }
        self.http.send_proven(request, key, &self.servers).await
    }

    /// A proof for a request of Rust's own.
    ///
    /// # Errors
    /// `dpop_key_missing`, and those of [`Client::tokens`]
    pub(crate) async fn proof(
        self: &Arc<Self>,
        method: &str,
        url: &str,
        nonce: Option<&str>,
    ) -> Result<Option<String>, Error> {
        let session = self.tokens(None, None, "expired").await?;
        let Some(key) = self.key_of(&session.tokens).await? else { return Ok(None) };
        let about = About { method, url, access_token: Some(session.tokens.access_token.expose()), nonce };
        prove(about, &*key, &mut SystemEntropy, now()).map(Some)
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
        let login_key_name = named(LOGIN_KEY, &key);
        let key = match login.dpop_jkt() {
            Some(jkt) => match Key::from_record(records.get(&login_key_name), jkt) {
                Ok(key) => Some(key),
                Err(error) => return Ok(refused(error, return_to)),
            },
            None => None,
        };
        let remain = |outcome| Tombstone::new(&config, outcome, return_to.clone(), now()).to_record();
        let refusal = |error: &Error| remain(End::Refused { code: error.code, restart: error.restart_helps() });
        let grant = match login.accept(&config, callback, now()) {
            Ok(grant) => grant,
            Err(error) => {
                if error.ends_login() {
                    records.remove(&login_name);
                    records.remove(&login_key_name);
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
        let went = match self.spend(&request, key.as_ref()).await {
            Ok(response) => self.finish(exchange, &response, false).await,
            Err(error) => Err(error),
        };
        let key_record = records.get(&login_key_name).map(|record| Secret::new(record.to_owned()));
        if !matches!(&went, Err(error) if error.code.retryable()) {
            records.remove(&login_key_name);
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

    /// The session, when there is one whose tokens can be used or renewed.
    ///
    /// # Errors
    /// `storage_unavailable`
    pub(crate) async fn session(&self) -> Result<Option<Told>, Error> {
        let records = self.read().await?;
        let session = self.session_in(&records).filter(|session| !session.is_over(now()));
        Ok(session.as_ref().map(Told::from))
    }

    /// Tokens that serve, renewed where they have to be. `subject` is the user who is expected, and `spent` a token that does not serve.
    ///
    /// # Errors
    /// `session_expired`, `refresh_token_missing`, `refresh_interrupted`, those of the refresh, `storage_unavailable`
    pub(crate) async fn tokens(
        self: &Arc<Self>,
        subject: Option<&str>,
        spent: Option<&Secret>,
        reason: &'static str,
    ) -> Result<Session, Error> {
        let session = self.session_in(&self.read().await?).ok_or(Code::SessionExpired)?;
        let asked = Asked { subject, spent: spent.map(Secret::expose), seen: None };
        match session.next(&asked, now())? {
            Next::Give => Ok(session),
            Next::GiveAndRefresh => {
                self.renew(None, None, "ageing");
                Ok(session)
            }
            Next::Refresh => {
                let spent = spent.map(|spent| Secret::new(spent.expose().to_owned()));
                let renewed = self.renew(subject.map(str::to_owned), spent, reason).await;
                renewed.map_err(|_| Error::new(Code::Internal))?
            }
        }
    }

    /// Renews the tokens, unless somebody else has done it meanwhile. It goes on when nobody waits for it any more: the answer may not be lost.
    fn renew(
        self: &Arc<Self>,
        subject: Option<String>,
        spent: Option<Secret>,
        reason: &'static str,
    ) -> JoinHandle<Result<Session, Error>> {
        let client = Arc::clone(self);
        tokio::spawn(async move {
            let held = client.lock.take().await?;
            let records = client.read().await?;
            let session = client.session_in(&records).ok_or(Code::SessionExpired)?;
            let asked = Asked { subject: subject.as_deref(), spent: spent.as_ref().map(Secret::expose), seen: None };
            match session.next(&asked, now())? {
                Next::Give => Ok(session),
                Next::GiveAndRefresh if reason != "ageing" => Ok(session),
                Next::GiveAndRefresh | Next::Refresh => client.renew_under(held, records, session, reason).await,
            }
        })
    }

    /// Notes that the tokens are about to be renewed, sends the request, and keeps what comes of it.
    async fn renew_under(
        &self,
        _held: Held<'_>,
        mut records: Records,
        mut session: Session,
        reason: &'static str,
    ) -> Result<Session, Error> {
        let server = self.server().await?;
        session.begin_refresh();
        let name = self.session_name();
        let record = session.to_record();
        records.set(&name, record.expose());
        self.write(records.clone()).await?;
        let tokens = TokenSet::from_record(record.expose()).ok_or(Code::Internal)?;
        let key = self.key_of(&tokens).await;
        let (request, exchange) = token::refresh(self.config.checked(), &server, tokens)?;
        let sent = match key {
            Ok(key) => self.spend(&request, key.as_deref()).await,
            Err(error) => Err(error),
        };
        let (went, response) = match sent {
            Ok(response) => (self.finish(exchange, &response, true).await, Some(response)),
            Err(error) => (Err(error), None),
        };
        let answered = Answered { is_token_refused: reason == "refused", response: response.as_ref() };
        let mut chance = [0];
        SystemRandom::new().fill(&mut chance).map_err(|_| Code::RandomnessUnavailable)?;
        let [chance] = chance;
        // The lock is held: nobody else has written.
        let kept = self.session_in(&records);
        let (kept, told) = session.conclude_with(kept.as_ref(), went, answered, now(), chance);
        match kept {
            Kept::As(session) => {
                records.set(&name, session.to_record().expose());
                self.write_surely(records).await;
                told?;
                self.shell.tell(Event::Refreshed { reason, session: Told::from(&session) });
                Ok(session)
            }
            Kept::Ended => {
                records.remove(&name);
                records.remove(&self.session_key_name());
                self.write_surely(records).await;
                let error = told.err().unwrap_or(Code::SessionExpired.into());
                // What is told is how the session ended; whose key is gone signs in again as any other.
                let reason = if error.code == Code::DpopKeyMissing { Code::SessionExpired } else { error.code };
                self.shell.tell(Event::Expired { reason: reason.name() });
                Err(error)
            }
            Kept::Other => Err(told.err().unwrap_or(Code::SessionExpired.into())),
        }
    }

    /// Renews the tokens now.
    ///
    /// # Errors
    /// as [`Client::tokens`]
    pub(crate) async fn refresh(self: &Arc<Self>, subject: Option<&str>) -> Result<(), Error> {
        let session = self.session_in(&self.read().await?).ok_or(Code::SessionExpired)?;
        self.tokens(subject, Some(&session.tokens.access_token), "asked").await.map(drop)
    }

    /// Makes a request of the application. Where the resource server refuses the token, it is renewed, and the request made once more (RFC 6750
    /// section 3.1).
    ///
    /// # Errors
    /// `origin_refused`, `insufficient_scope`, `insufficient_user_authentication`, `redirect_not_followed`, those of the network and of
    /// [`Client::tokens`]
    pub(crate) async fn fetch(
        self: &Arc<Self>,
        call: &Call,
        subject: Option<&str>,
    ) -> Result<reqwest::Response, Error> {
        call.check(self.config.checked(), &self.known_server().await?)?;
        let session = self.tokens(subject, None, "expired").await?;
        let answer = self.call(call, &session.tokens).await?;
        if !self.is_refused(&answer, &session)? || session.tokens.refresh_token.is_none() {
            return Ok(answer);
        }
        let origin = answer.url().origin().ascii_serialization();
        let is_useless =
            |(known, token): &(String, Secret)| *known == origin && token.matches(session.tokens.access_token.expose());
        if locked(&self.useless).as_ref().is_some_and(is_useless) {
            return Ok(answer);
        }
        let fresh = self.tokens(subject, Some(&session.tokens.access_token), "refused").await?;
        let answer = self.call(call, &fresh.tokens).await?;
        if self.is_refused(&answer, &fresh)? {
            *locked(&self.useless) = Some((origin, Secret::new(fresh.tokens.access_token.expose().to_owned())));
        }
        Ok(answer)
    }

    async fn call(&self, call: &Call, tokens: &TokenSet) -> Result<reqwest::Response, Error> {
        let key = self.key_of(tokens).await?;
        self.http.call_proven(call, &tokens.access_token, key.as_deref(), &self.servers).await
    }

    /// Whether fresh tokens may help.
    fn is_refused(&self, answer: &reqwest::Response, session: &Session) -> Result<bool, Error> {
        let status = answer.status().as_u16();
        if !matches!(status, 401 | 403) {
            return Ok(false);
        }
        let challenges = answer.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let challenges = challenges.collect::<Vec<_>>().join(", ");
        let challenges = Some(challenges.as_str()).filter(|challenges| !challenges.is_empty());
        read_refusal(self.config.checked(), &session.tokens, status, challenges, now())
    }

    /// The claims of the userinfo endpoint (OpenID Connect Core section 5.3).
    ///
    /// # Errors
    /// `endpoint_missing`, `userinfo_refused`, `userinfo_invalid`, `userinfo_subject_mismatch`, and those of [`Client::tokens`]
    pub(crate) async fn userinfo(self: &Arc<Self>, subject: Option<&str>) -> Result<JsonText, Error> {
        let server = self.server().await?;
        let session = self.tokens(subject, None, "expired").await?;
        match self.userinfo_with(&server, &session.tokens).await {
            Err(error) if error.status == Some(401) && session.tokens.refresh_token.is_some() => {
                let fresh = self.tokens(subject, Some(&session.tokens.access_token), "refused").await?;
                self.userinfo_with(&server, &fresh.tokens).await
            }
            other => other,
        }
    }

    async fn userinfo_with(&self, server: &Metadata, tokens: &TokenSet) -> Result<JsonText, Error> {
        let key = self.key_of(tokens).await?;
        let request = userinfo::request(server, tokens)?;
        let response = self.http.send_proven(&request, key.as_deref(), &self.servers).await?;
        if !userinfo::is_signed(&response) {
            return userinfo::finish(&response, tokens);
        }
        let unverified = userinfo::finish_signed(self.config.checked(), server, &response, tokens, now())?;
        let verdict = self.verdict(&unverified).await?;
        userinfo::conclude(unverified, &verdict)
    }

    /// Forgets the session; has the server forget the tokens, and the user sign out there, where that is wanted.
    ///
    /// # Errors
    /// `storage_unavailable`; the session is forgotten all the same: `endpoint_missing`, `revocation_refused`, and those of the network
    pub(crate) async fn logout(&self, options: LogoutOptions, revoke: bool, at_server: bool) -> Result<(), Error> {
        let session = {
            let _held = self.lock.take().await?;
            let mut records = self.read().await?;
            let session = self.session_in(&records);
            // It signs the revocation still, where that is wanted.
            if let Some(session) = session.as_ref().filter(|_| revoke) {
                let _ = self.key_of(&session.tokens).await;
            }
            records.remove(&self.session_name());
            records.remove(&self.session_key_name());
            self.write(records).await?;
            session
        };
        replace(&self.watch, None);
        if session.is_some() {
            self.shell.tell(Event::SignedOut { reason: "logout" });
        }
        let tokens = session.as_ref().map(|session| &session.tokens);
        let revoked = match tokens.filter(|_| revoke) {
            Some(tokens) => self.revoke(tokens).await,
            None => Ok(()),
        };
        *locked(&self.key) = None;
        if at_server {
            let server = self.server().await?;
            let end = end_session(self.config.checked(), &server, tokens, options, &mut SystemEntropy, now())?;
            if let Some((key, expected)) = end.expected {
                let _held = self.lock.take().await?;
                let mut records = self.read().await?;
                records.set(&named(ENDED, &key), &expected.to_record());
                self.write(records).await?;
            }
            self.shell.open(&end.url)?;
        }
        revoked
    }

    async fn revoke(&self, tokens: &TokenSet) -> Result<(), Error> {
        let server = self.server().await?;
        let (first, second) = revocation_requests(self.config.checked(), &server, tokens)?;
        if let Some(request) = first {
            self.revoke_by(&request, tokens).await?;
        }
        self.revoke_by(&second, tokens).await
    }

    /// No specification asks for a proof here, but some servers do.
    async fn revoke_by(&self, request: &Request, tokens: &TokenSet) -> Result<(), Error> {
        let answered = finish_revocation(&self.http.send_proven(request, None, &self.servers).await?);
        let wants_proof = |error: &Error| error.refusal.as_ref().is_some_and(|refusal| refusal.error.contains("dpop"));
        match (answered, self.key_of(tokens).await) {
            (Err(error), Ok(Some(key))) if wants_proof(&error) => {
                finish_revocation(&self.http.send_proven(request, Some(&*key), &self.servers).await?)
            }
            (answered, _) => answered,
        }
    }

    /// Watches over the end of a session that nothing renews.
    pub(crate) fn watch(self: &Arc<Self>) {
        let client = Arc::clone(self);
        let watching = tokio::spawn(async move {
            let mut is_told = false;
            while let Ok(records) = client.read().await {
                let Some(session) = client.session_in(&records) else { return };
                let Some(expires_at) = session.tokens.expires_at.filter(|_| session.tokens.refresh_token.is_none())
                else {
                    return;
                };
                drop(records);
                let left = expires_at.saturating_sub(now());
                if left == 0 {
                    return client.shell.tell(Event::Expired { reason: Code::SessionExpired.name() });
                }
                if left <= NOTICE && !is_told {
                    is_told = true;
                    client.shell.tell(Event::Expiring { reason: Code::SessionExpired.name() });
                }
                tokio::time::sleep(TICK.min(Duration::from_secs(left))).await;
            }
        });
        replace(&self.watch, Some(watching));
    }

    /// What the server says of itself, fetched by this process: a code and tokens go to no other endpoints.
    async fn server(&self) -> Result<Metadata, Error> {
        let mut known = self.server.lock().await;
        if let Some((metadata, _)) = &*known {
            return Ok(metadata.clone());
        }
        let mut search = Search::new(self.config.checked())?;
        let mut found = None;
        while let (None, Some(request)) = (&found, search.next_request()) {
            found = search.take(self.http.send_proven(&request, None, &self.servers).await)?;
        }
        let (metadata, document) = found.map_or_else(|| search.end(), Ok)?;
        metadata.check(self.config.checked())?;
        *known = Some((metadata.clone(), document));
        Ok(metadata)
    }

    /// The same, or what it said when the session began: to see where a token may go no network is needed.
    async fn known_server(&self) -> Result<Metadata, Error> {
        if self.server.lock().await.is_none() {
            let records = self.read().await?;
            let kept = records.get(&named(SERVER, self.config.issuer()));
            let read = |document| Metadata::from_json_for(document, self.config.checked()).ok();
            if let Some(metadata) = kept.and_then(read) {
                return Ok(metadata);
            }
        }
        self.server().await
    }

    /// The keys of the server, fetched where they are not known yet.
    async fn keys(&self, request: Request) -> Result<Keys, Error> {
        let mut known = self.keys.lock().await;
        if let Some(keys) = &*known {
            return Ok(keys.clone());
        }
        let keys = Keys { set: self.fetch_keys(request).await?, refetched_at: None };
        *known = Some(keys.clone());
        Ok(keys)
    }

    async fn fetch_keys(&self, request: Request) -> Result<Jwks, Error> {
        let unavailable = |error: Error| match error.code {
            Code::NetworkFailed | Code::TimedOut | Code::ServerError => error.code(Code::SigningKeysUnavailable),
            _ => error,
        };
        let answer = self.http.send_proven(&request, None, &self.servers).await;
        answer.and_then(|answer| Jwks::from_response(&answer)).map_err(unavailable)
    }

    /// From the answer of the token endpoint to tokens whose ID token is verified. Of a refresh the former ID token may stay.
    async fn finish(&self, exchange: Exchange, response: &Response, may_stay: bool) -> Result<TokenSet, Error> {
        let unverified = match exchange.finish(response, now())? {
            Answer::Tokens(tokens) => return Ok(tokens),
            Answer::Unverified(unverified) => unverified,
        };
        match self.verdict(&unverified).await {
            Ok(verdict) => unverified.conclude(&verdict),
            Err(error) if may_stay && error.code == Code::SigningKeysUnavailable => unverified.keep_previous(),
            Err(error) => Err(error),
        }
    }

    /// Verifies a signature by the keys of the server, which are fetched again where none of them fits.
    async fn verdict(&self, unverified: &Unverified) -> Result<Verdict, Error> {
        let mut known = self.keys.lock().await;
        loop {
            let (keys, refetched_at) =
                (known.as_ref().map(|keys| &keys.set), known.as_ref().and_then(|keys| keys.refetched_at));
            let mut next = unverified.next(keys, refetched_at, now())?;
            if let Step::Verify(check) = &next {
                let verdict = signature::verify(check);
                if verdict.signature != Signature::Invalid {
                    return Ok(verdict);
                }
                next = unverified.next_after_invalid(refetched_at, now())?;
            }
            if let Step::Fetch(request) = next {
                let refetched_at = known.is_some().then(now);
                *known = Some(Keys { set: self.fetch_keys(request).await?, refetched_at });
            }
        }
    }

    fn session_name(&self) -> String {
        named(SESSION, &self.config.checked().owner())
    }

    fn session_key_name(&self) -> String {
        named(SESSION_KEY, &self.config.checked().owner())
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

fn refused(error: Error, return_to: Option<String>) -> Outcome {
    let restart = error.restart_helps();
    Outcome::Refused { error: error.into(), restart, return_to }
}
