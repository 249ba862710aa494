//! The logout: revocation (RFC 7009), and the way to the server and back (OpenID Connect RP-Initiated Logout).

use pkce_wasm::TokenSet;
use pkce_wasm::client::logout::{LogoutOptions, end_session, finish_revocation, returned, revocation_requests};
use pkce_wasm::client::transaction::{Outcome as End, Tombstone};
use pkce_wasm::error::Error;
use pkce_wasm::http::Request;
use pkce_wasm::random::SystemEntropy;

use super::records::{ENDED, named};
use super::{Client, locked, replace};
use crate::http::now;
use crate::told::{Event, Outcome};

impl Client {
    /// Forgets the session; has the server forget the tokens, and the user sign out there, where that is wanted. Options that are wrong keep nobody signed in, and no token
    /// from being revoked.
    ///
    /// # Errors
    /// `storage_unavailable`; the session is forgotten all the same: those of the options, `endpoint_missing`, `revocation_refused`, and those of the network
    pub(crate) async fn logout(
        &self,
        options: Result<LogoutOptions, Error>,
        revoke: bool,
        at_server: bool,
    ) -> Result<(), Error> {
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
        let options = options?;
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

    /// Perhaps the user comes back from signing out at the server.
    pub(super) async fn come_back(&self, url: &str) -> Result<Outcome, Error> {
        let Some(key) = returned(self.config.checked(), url) else { return Ok(Outcome::None) };
        let records = self.read().await?;
        let remains = records.get(&named(ENDED, &key)).and_then(Tombstone::from_record);
        let remains =
            remains.filter(|remains| remains.outcome == End::SignedOut && !remains.is_foreign(self.config.checked()));
        Ok(remains.map_or(Outcome::None, |remains| Outcome::SignedOut { return_to: remains.return_to }))
    }
}
