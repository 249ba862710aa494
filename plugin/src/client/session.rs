//! The session: tokens that serve, renewed where they have to be (RFC 6749 section 6), until it ends.

use std::sync::Arc;
use std::time::Duration;

use pkce_wasm::TokenSet;
use pkce_wasm::client::session::{Answered, Asked, Kept, Next, Session};
use pkce_wasm::client::token;
use pkce_wasm::error::{Code, Error};
use pkce_wasm::secret::Secret;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::task::JoinHandle;

use super::{Client, replace};
use crate::http::now;
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

    /// Renews the tokens now.
    ///
    /// # Errors
    /// as [`Client::tokens`]
    pub(crate) async fn refresh(self: &Arc<Self>, subject: Option<&str>) -> Result<(), Error> {
        let session = self.session_in(&self.read().await?).ok_or(Code::SessionExpired)?;
        self.tokens(subject, Some(&session.tokens.access_token), "asked").await.map(drop)
    }

    /// Renews the tokens, unless somebody else has done it meanwhile. It goes on when nobody waits for it any more: the answer
    /// may not be lost.
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
