//! The signature of an ID token: which keys are to verify it, and what becomes of the tokens (OpenID Connect Core section 3.1.3.7, steps 6
//! to 8, and section 3.1.3.8; RFC 7515 section 5.2).
//!
//! The arithmetic is done by a crate of the caller's choice.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::client::fields::{Fields, part, read};
use crate::client::jwks::{Algorithm, Hash, Jwks, PublicKey};
use crate::client::token_set::TokenSet;
use crate::error::{Code, Error};
use crate::flow::signature;
use crate::flow::tokens::Session;
use crate::http::Request;
use crate::text::plain;

pub use crate::flow::signature::Signature;

/// Tokens that may not be used yet: all is checked but the signature of the ID token, and at times its `at_hash`.
pub struct Unverified(pub(crate) Fields);

/// What is to be done next about a signature.
#[derive(Debug)]
pub enum Step<'a> {
    /// Fetch the server's keys, and ask again with [`Jwks::from_response`].
    Fetch(Request),
    /// Verify the signature, and hand the verdict to [`Unverified::conclude`].
    Verify(Check<'a>),
}

/// What is to be verified.
pub struct Check<'a> {
    /// How.
    pub algorithm: Algorithm,
    /// By which keys: the signature is valid when it is by any of them.
    pub keys: Vec<PublicKey>,
    /// What was signed, in ASCII (RFC 7515 section 5.1).
    pub signing_input: &'a str,
    /// The signature in base64url; that of ECDSA is R and S side by side (RFC 7518 section 3.4).
    pub signature: &'a str,
    /// A text whose digest belongs to the verdict.
    pub digest: Option<(Hash, &'a str)>,
}

/// What whoever verifies has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Of the signature.
    pub signature: Signature,
    /// The digest that [`Check::digest`] asked for, when it could be made.
    pub digest: Option<Vec<u8>>,
}

impl Verdict {
    /// The verdict of a platform that cannot verify anything.
    pub const UNAVAILABLE: Self = Self { signature: Signature::Unavailable, digest: None };
}

impl Unverified {
    /// What to do with these keys; with `None` before they were fetched. `refetched_at` is when they were last fetched because
    /// one was missing, for the caller to keep beside them; both times are in seconds since 1970.
    ///
    /// # Errors
    /// [`Code::EndpointMissing`] when the metadata has no `jwks_uri`; [`Code::MetadataInvalid`] and [`Code::EndpointInsecure`] when it cannot be used;
    /// [`Code::SigningKeyNotFound`] when no key fits and the set was fetched for that only just now
    pub fn next(&self, keys: Option<&Jwks>, refetched_at: Option<u64>, now: u64) -> Result<Step<'_>, Error> {
        let (unverified, session) = self.view();
        let Some(keys) = keys else {
            unverified.fetch()?;
            return Ok(fetch(&unverified));
        };
        let known = unverified.algorithm()?;
        let algorithm = Algorithm::known(known).ok_or(Code::Internal)?;
        let keys = keys.fitting(known, unverified.kid(), unverified.issuer());
        if keys.is_empty() {
            unverified.fetch_again(false, refetched_at, now)?;
            return Ok(fetch(&unverified));
        }
        let (signing_input, signature) = unverified.signed();
        let digest = (!unverified.at_hash().is_empty()).then(|| (algorithm.hash, part(plain(session.access_token()))));
        Ok(Step::Verify(Check {
            algorithm,
            keys,
            signing_input: part(signing_input),
            signature: part(signature),
            digest,
        }))
    }

    /// What to do when no key of the set made the signature. A token that names its key is refused; one that does not may be by a
    /// key that is newer than the set.
    ///
    /// # Errors
    /// [`Code::IdTokenSignatureInvalid`]; [`Code::SigningKeyNotFound`]; [`Code::EndpointMissing`] when the metadata has no `jwks_uri`; [`Code::MetadataInvalid`] and
    /// [`Code::EndpointInsecure`] when it cannot be used
    pub fn next_after_invalid(&self, refetched_at: Option<u64>, now: u64) -> Result<Step<'_>, Error> {
        let (unverified, _) = self.view();
        unverified.fetch_again(true, refetched_at, now)?;
        Ok(fetch(&unverified))
    }

    /// Where the keys are, under which the caller may keep them.
    #[must_use]
    pub fn jwks_uri(&self) -> Option<&str> {
        let jwks_uri = self.view().0.jwks_uri();
        if jwks_uri.is_empty() { None } else { Some(part(jwks_uri)) }
    }

    /// Makes usable tokens of the verdict. Where nothing can verify the signature, the TLS of the token endpoint may
    /// stand for it (OpenID Connect Core section 3.1.3.7, step 6); [`TokenSet::id_token_verified_by`] says so.
    ///
    /// # Errors
    /// [`Code::IdTokenSignatureInvalid`], [`Code::IdTokenHashMismatch`], [`Code::IdTokenUnverifiable`]
    pub fn conclude(self, verdict: &Verdict) -> Result<TokenSet, Error> {
        let (unverified, session) = self.view();
        let digest = verdict.digest.as_deref().unwrap_or_default();
        let (fields, _) = unverified.conclude(verdict.signature, digest, &session)?;
        Ok(TokenSet::from_fields(&Zeroizing::new(fields)))
    }

    /// The tokens without this ID token, as if the server had sent none: of a refresh the one before stays, and nobody misses one that was not
    /// asked for. For when [`Unverified::next`] fails or the keys cannot be fetched, so that the tokens are not lost with them.
    ///
    /// # Errors
    /// [`Code::SigningKeysUnavailable`] when there was no ID token before and this one was asked for
    pub fn keep_previous(self) -> Result<TokenSet, Error> {
        let (unverified, session) = self.view();
        unverified.leave_out(&session)?;
        Ok(TokenSet::from_fields(&Zeroizing::new(session.to_fields())))
    }

    /// The same as `flow` reads it, and the session that waits with it.
    pub(crate) fn view(&self) -> (signature::Unverified<'_>, Session<'_>) {
        let mut rest = self.0.as_slice();
        let unverified = signature::Unverified::take(&mut rest).unwrap_or(signature::Unverified::blank());
        (unverified, Session::of_table(rest))
    }
}

fn fetch<'a>(unverified: &signature::Unverified<'_>) -> Step<'a> {
    Step::Fetch(Request::get(read(unverified.jwks_uri())))
}

impl fmt::Debug for Unverified {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[unverified tokens]")
    }
}

impl fmt::Debug for Check<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[check of a signature]")
    }
}
