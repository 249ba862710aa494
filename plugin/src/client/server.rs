//! The authorization server: its metadata (RFC 8414), its keys (RFC 7517), and the signatures that these verify.

use pkce_wasm::client::jwks::Jwks;
use pkce_wasm::client::metadata::Search;
use pkce_wasm::client::signature::{Signature, Step};
use pkce_wasm::error::{Code, Error};
use pkce_wasm::http::{Request, Response};
use pkce_wasm::{Answer, Exchange, Metadata, TokenSet, Unverified, Verdict};

use super::records::{SERVER, named};
use super::{Client, Keys};
use crate::http::now;
use crate::signature;

impl Client {
    /// What the server says of itself, fetched by this process: a code and tokens go to no other endpoints.
    pub(super) async fn server(&self) -> Result<Metadata, Error> {
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
    pub(super) async fn known_server(&self) -> Result<Metadata, Error> {
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

    /// Fetches the keys of the server where they are not known yet.
    pub(super) async fn have_keys(&self, request: Request) -> Result<(), Error> {
        let mut known = self.keys.lock().await;
        if known.is_none() {
            *known = Some(Keys { set: self.fetch_keys(request).await?, refetched_at: None });
        }
        Ok(())
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
    pub(super) async fn finish(
        &self,
        exchange: Exchange,
        response: &Response,
        may_stay: bool,
    ) -> Result<TokenSet, Error> {
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
    pub(super) async fn verdict(&self, unverified: &Unverified) -> Result<Verdict, Error> {
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
}
