//! Tokens that are bound to a key (RFC 9449). The key is made here, rests with the tokens, and is shown to nobody.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pkce_wasm::client::dpop::{self, About, PublicKey, Signer, asks_again, prove};
use pkce_wasm::error::{Code, Error};
use pkce_wasm::http::{Request, Response};
use pkce_wasm::random::SystemEntropy;
use pkce_wasm::secret::Secret;
use reqwest::Url;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

use crate::http::{Call, Heard, Http, now};

/// Seconds for which a nonce is taken for good before a code or a refresh token is sent with it, as in the npm package.
const FRESH: u64 = 60;
/// The most seconds by which the clock of a server counts in the place of this machine's.
const MOST_AHEAD: i64 = 172_800;

/// A key for ES256.
pub(crate) struct Key {
    pair: EcdsaKeyPair,
    public: PublicKey,
    jkt: String,
}

impl Key {
    /// A new key, and the record of it, which is as secret as a token.
    ///
    /// # Errors
    /// `dpop_unavailable`
    pub(crate) fn make() -> Result<(Self, Secret), Error> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let document = document.map_err(|_| Code::DpopUnavailable)?;
        let key = Self::read(document.as_ref()).ok_or(Code::DpopUnavailable)?;
        Ok((key, Secret::new(URL_SAFE_NO_PAD.encode(document.as_ref()))))
    }

    /// The key of such a record, which has to be the one of that thumbprint.
    ///
    /// # Errors
    /// `dpop_key_missing`
    pub(crate) fn from_record(record: Option<&str>, jkt: &str) -> Result<Self, Error> {
        let read = |record| Self::read(&URL_SAFE_NO_PAD.decode(record).ok()?);
        let key = record.and_then(read).filter(|key| key.jkt == jkt);
        key.ok_or_else(|| Code::DpopKeyMissing.into())
    }

    fn read(document: &[u8]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document, &SystemRandom::new()).ok()?;
        // An uncompressed point (SEC 1 section 2.3.3).
        let (x, y) = pair.public_key().as_ref().get(1..)?.split_at_checked(32)?;
        let public = PublicKey::from_coordinates(x.try_into().ok()?, y.try_into().ok()?);
        let jkt = public.thumbprint();
        Some(Self { pair, public, jkt })
    }

    /// The thumbprint by which tokens are bound to it.
    pub(crate) fn jkt(&self) -> &str {
        &self.jkt
    }
}

impl Signer for Key {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, signing_input: &[u8]) -> Result<[u8; 64], Error> {
        let signature = self.pair.sign(&SystemRandom::new(), signing_input).map_err(|_| Code::DpopUnavailable)?;
        signature.as_ref().try_into().map_err(|_| Code::DpopUnavailable.into())
    }
}

/// What is known of a server, by key and origin. A nonce of one origin is of no use for another.
#[derive(Clone, Default)]
struct Known {
    nonce: Option<String>,
    /// When it was heard of; it has answered no proof yet without.
    at: Option<u64>,
    /// By how many seconds its clock is ahead.
    ahead: i64,
}

/// Nonces and clocks of the servers.
#[derive(Default)]
pub(crate) struct Servers(Mutex<HashMap<(String, String), Known>>);

impl Servers {
    fn place(key: &Key, url: &str) -> (String, String) {
        let origin = Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        (key.jkt().to_owned(), origin)
    }

    fn known(&self, key: &Key, url: &str) -> Known {
        let servers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        servers.get(&Self::place(key, url)).cloned().unwrap_or_default()
    }

    /// The proof for a request.
    ///
    /// # Errors
    /// `dpop_unavailable`, `randomness_unavailable`
    pub(crate) fn prove(
        &self,
        key: &Key,
        method: &str,
        url: &str,
        access_token: Option<&Secret>,
    ) -> Result<String, Error> {
        let known = self.known(key, url);
        // As `fetch` writes it in the npm package: without what `Url` does not keep.
        let address = Url::parse(url).map(String::from);
        let about = About {
            method,
            url: address.as_deref().unwrap_or(url),
            access_token: access_token.map(Secret::expose),
            nonce: known.nonce.as_deref(),
        };
        prove(about, key, &mut SystemEntropy, now().saturating_add_signed(known.ahead))
    }

    /// Remembers what an answer says; gives whether the request has to be sent again.
    pub(crate) fn hear(&self, key: &Key, url: &str, response: &Response, heard: &Heard) -> bool {
        let mut servers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = servers.entry(Self::place(key, url)).or_default();
        if let Some(nonce) = dpop::nonce(&heard.nonce) {
            known.nonce = Some(nonce.to_owned());
        }
        let signed = |time: u64| i64::try_from(time).ok();
        let ahead = response.date.and_then(|date| signed(date)?.checked_sub(signed(now())?));
        if let Some(ahead) = ahead.filter(|ahead| (-MOST_AHEAD..=MOST_AHEAD).contains(ahead)) {
            known.ahead = ahead;
        }
        known.at = Some(now());
        asks_again(response, &heard.www_authenticate, &heard.nonce)
    }

    /// Whether a code or a refresh token can be sent: no nonce is wanted, or one is known that counts still.
    pub(crate) fn is_fresh(&self, key: &Key, url: &str) -> bool {
        let Known { nonce, at, .. } = self.known(key, url);
        at.is_some_and(|at| nonce.is_none() || now().abs_diff(at) < FRESH)
    }
}

impl Http {
    /// Sends a request of the protocol with a proof where there is a key, and once more where another proof is wanted.
    ///
    /// # Errors
    /// those of [`Http::send`] and of [`Servers::prove`]
    pub(crate) async fn send_proven(
        &self,
        request: &Request,
        key: Option<&Key>,
        servers: &Servers,
    ) -> Result<Response, Error> {
        let Some(key) = key else { return self.send(request, None).await.map(|(response, _)| response) };
        let method = if request.form.is_some() { "POST" } else { "GET" };
        let mut is_first = true;
        loop {
            let proof = servers.prove(key, method, &request.url, request.bearer.as_ref())?;
            let (response, heard) = self.send(request, Some(&proof)).await?;
            if !servers.hear(key, &request.url, &response, &heard) || !is_first {
                return Ok(response);
            }
            is_first = false;
        }
    }

    /// Makes a request of the application in the same way.
    ///
    /// # Errors
    /// those of [`Http::call`] and of [`Servers::prove`]
    pub(crate) async fn call_proven(
        &self,
        call: &Call,
        token: &Secret,
        key: Option<&Key>,
        servers: &Servers,
    ) -> Result<reqwest::Response, Error> {
        let Some(key) = key else { return self.call(call, token, None).await };
        let mut is_first = true;
        loop {
            let proof = servers.prove(key, call.method(), call.url(), Some(token))?;
            let answer = self.call(call, token, Some(&proof)).await?;
            let (response, heard) = Self::heads(&answer);
            if !servers.hear(key, call.url(), &response, &heard) || !is_first {
                return Ok(answer);
            }
            is_first = false;
        }
    }
}
