//! Requests with the access token: to resource servers (RFC 6750), and to the userinfo endpoint (OpenID Connect Core section 5.3).

use std::sync::Arc;

use pkce_wasm::client::dpop::{About, prove};
use pkce_wasm::client::resource::read_refusal;
use pkce_wasm::client::session::Session;
use pkce_wasm::client::userinfo;
use pkce_wasm::error::Error;
use pkce_wasm::random::SystemEntropy;
use pkce_wasm::secret::Secret;
use pkce_wasm::{JsonText, Metadata, TokenSet};
use reqwest::header::WWW_AUTHENTICATE;

use super::{Client, locked};
use crate::http::{Call, now};

impl Client {
    /// Makes a request of the application. Where the resource server refuses the token, it is renewed, and the request made
    /// once more (RFC 6750 section 3.1).
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
}
