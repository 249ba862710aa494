//! A session: its tokens are renewed, requests take them along, and it ends.

use std::sync::Arc;
use std::time::Duration;

use pkce_wasm::client::logout::{LogoutOptions, end_session, finish_revocation, revocation_requests};
use pkce_wasm::client::resource::read_refusal;
use pkce_wasm::client::session::{Answered, Asked, Kept, Next, Session};
use pkce_wasm::client::{token, userinfo};
use pkce_wasm::error::{Code, Error};
use pkce_wasm::random::SystemEntropy;
use pkce_wasm::secret::Secret;
use pkce_wasm::{JsonText, Metadata, TokenSet};
use reqwest::header::WWW_AUTHENTICATE;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::task::JoinHandle;

use super::{Client, ENDED, locked, named, replace};
use crate::http::{Call, now};
use crate::lock::Held;
use crate::store::Records;
use crate::told::{Event, Told};

/// Seconds before the end of a session of which the application is told.
const NOTICE: u64 = 60;
/// How often the clock is looked at meanwhile: a machine that sleeps counts no seconds.
const TICK: Duration = Duration::from_secs(15);

impl Client {
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
        let (request, exchange) = token::refresh(self.config.checked(), &server, tokens)?;
        let (went, response) = match self.http.send(request).await {
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
                self.write_surely(records).await;
                let error = told.err().unwrap_or(Code::SessionExpired.into());
                self.shell.tell(Event::Expired { reason: error.code.name() });
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
        let answer = self.http.call(call, &session.tokens.access_token).await?;
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
        let answer = self.http.call(call, &fresh.tokens.access_token).await?;
        if self.is_refused(&answer, &fresh)? {
            *locked(&self.useless) = Some((origin, Secret::new(fresh.tokens.access_token.expose().to_owned())));
        }
        Ok(answer)
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
        let response = self.http.send(userinfo::request(server, tokens)?).await?;
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
            records.remove(&self.session_name());
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
            finish_revocation(&self.http.send(request).await?)?;
        }
        finish_revocation(&self.http.send(second).await?)
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
}
