//! The key that the tokens of the client are bound to (RFC 9449).

use std::sync::Arc;

use pkce_wasm::TokenSet;
use pkce_wasm::client::config::Dpop;
use pkce_wasm::client::dpop::prime;
use pkce_wasm::error::Error;
use pkce_wasm::http::{Request, Response};
use pkce_wasm::secret::Secret;

use super::{Client, locked};
use crate::dpop::Key;

impl Client {
    /// A key for a login, where tokens are to be bound to one.
    pub(super) fn new_key(&self) -> Result<Option<(Key, Secret)>, Error> {
        match (self.config.checked().settings().dpop, Key::make()) {
            (Dpop::Off, _) | (Dpop::Preferred, Err(_)) => Ok(None),
            (_, made) => made.map(Some),
        }
    }

    /// The key that tokens are bound to.
    pub(super) async fn key_of(&self, tokens: &TokenSet) -> Result<Option<Arc<Key>>, Error> {
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

    /// Sends a code or a refresh token, with a proof where there is a key. Where no nonce of the server is known that is sure
    /// to count still, it is asked for first, by a request that spends nothing: a server may take the code or the token and
    /// then refuse the proof.
    pub(super) async fn spend(&self, request: &Request, key: Option<&Key>) -> Result<Response, Error> {
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
}
