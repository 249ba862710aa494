//! The signature of an ID token: which keys are to verify it, and what becomes of the tokens (OpenID Connect Core section 3.1.3.7, steps 6
//! to 8, and section 3.1.3.8; RFC 7515 section 5.2).
//!
//! The arithmetic is the platform's: WebCrypto in a page, a crate of the caller's choice elsewhere.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest, Sha256};

use crate::encoding::base64url;
use crate::error::{Code, Error};
use crate::flow::id_token::Claimed;
use crate::flow::jwks::{Algorithm, Hash, Jwks, PublicKey, may_refetch};
use crate::flow::token_set::{TokenSet, VerifiedBy};
use crate::http::Request;
use crate::json::Json;
use crate::secret::{Secret, matches};

/// Tokens that may not be used yet: all is checked but the signature of the ID token, and at times its `at_hash`.
pub struct Unverified<J> {
    /// The tokens, still with the ID token of the session before.
    tokens: TokenSet<J>,
    id_token: Secret,
    claims: J,
    algorithm: Algorithm,
    kid: Option<String>,
    /// The `at_hash`, when its hash function is not one of this crate.
    at_hash: Option<String>,
    jwks_uri: Option<String>,
    voucher: Option<VerifiedBy>,
}

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

/// What a signature is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// By one of the keys.
    Valid,
    /// By none of the keys.
    Invalid,
    /// Not known: this platform has no such algorithm.
    Unavailable,
}

impl Verdict {
    /// The verdict of a platform that cannot verify anything.
    pub const UNAVAILABLE: Self = Self { signature: Signature::Unavailable, digest: None };
}

impl<J: Json> Unverified<J> {
    /// Tokens with an ID token that is right in everything that needs no key.
    pub(crate) fn new(
        tokens: TokenSet<J>,
        id_token: Secret,
        claimed: Claimed<J>,
        jwks_uri: Option<String>,
        voucher: Option<VerifiedBy>,
    ) -> Result<Self, Error> {
        let Claimed { claims, algorithm, kid } = claimed;
        let mut at_hash = match claims.member("at_hash") {
            Some(at_hash) => {
                Some(at_hash.as_string().ok_or_else(|| Error::new(Code::IdTokenInvalid).about("at_hash"))?)
            }
            None => None,
        };
        if algorithm.hash == Hash::Sha256
            && let Some(expected) = at_hash.take()
        {
            check_hash(&expected, &Sha256::digest(tokens.access_token.expose()))?;
        }
        Ok(Self { tokens, id_token, claims, algorithm, kid, at_hash, jwks_uri, voucher })
    }

    /// What to do with these keys; with `None` before they were fetched. `refetched_at` is when they were last fetched because
    /// one was missing, for the caller to keep beside them; both times are in seconds since 1970.
    ///
    /// # Errors
    /// [`Code::EndpointMissing`] when the metadata has no `jwks_uri`; [`Code::SigningKeyNotFound`] when no key fits and the set was fetched
    /// for that only just now
    pub fn next(&self, keys: Option<&Jwks<J>>, refetched_at: Option<u64>, now: u64) -> Result<Step<'_>, Error> {
        let Some(keys) = keys else { return self.fetch() };
        let keys = keys.candidates(&self.algorithm, self.kid.as_deref());
        if keys.is_empty() {
            return if may_refetch(refetched_at, now) {
                self.fetch()
            } else {
                Err(Error::new(Code::SigningKeyNotFound).about("kid"))
            };
        }
        let (signing_input, signature) = self.id_token.expose().rsplit_once('.').unwrap_or_default();
        Ok(Step::Verify(Check {
            algorithm: self.algorithm,
            keys,
            signing_input,
            signature,
            digest: self.at_hash.as_ref().map(|_| (self.algorithm.hash, self.tokens.access_token.expose())),
        }))
    }

    /// What to do when no key of the set made the signature. A token that names its key is refused; one that does not may be by a
    /// key that is newer than the set.
    ///
    /// # Errors
    /// [`Code::IdTokenSignatureInvalid`]
    pub fn next_after_invalid(&self, refetched_at: Option<u64>, now: u64) -> Result<Step<'_>, Error> {
        if self.kid.is_none() && may_refetch(refetched_at, now) {
            return self.fetch();
        }
        Err(Error::new(Code::IdTokenSignatureInvalid))
    }

    /// Where the keys are, under which the caller may keep them.
    #[must_use]
    pub fn jwks_uri(&self) -> Option<&str> {
        self.jwks_uri.as_deref()
    }

    /// Makes usable tokens of the verdict. Where nothing can verify the signature, the TLS of the token endpoint may
    /// stand for it (OpenID Connect Core section 3.1.3.7, step 6); [`TokenSet::id_token_verified_by`] says so.
    ///
    /// # Errors
    /// [`Code::IdTokenSignatureInvalid`], [`Code::IdTokenHashMismatch`], [`Code::IdTokenUnverifiable`]
    pub fn conclude(self, verdict: &Verdict) -> Result<TokenSet<J>, Error> {
        let verified_by = match verdict.signature {
            Signature::Valid => VerifiedBy::Signature,
            Signature::Invalid => return Err(Error::new(Code::IdTokenSignatureInvalid)),
            Signature::Unavailable => self.voucher.ok_or(Code::IdTokenUnverifiable)?,
        };
        if let Some(expected) = &self.at_hash {
            match verdict.digest.as_deref() {
                Some(digest) if digest.len() == usize::from(self.algorithm.hash.length()) => {
                    check_hash(expected, digest)?;
                }
                _ if verified_by == VerifiedBy::Nothing => {}
                _ => return Err(Error::new(Code::IdTokenUnverifiable).about("at_hash")),
            }
        }
        Ok(TokenSet {
            id_token: Some(self.id_token),
            claims: Some(self.claims),
            id_token_verified_by: Some(verified_by),
            ..self.tokens
        })
    }

    /// The tokens of a refresh without its new ID token, as if the server had sent none: the one before stays. For when the
    /// keys cannot be fetched, so that the fresh refresh token is not lost with them.
    ///
    /// # Errors
    /// [`Code::SigningKeysUnavailable`] when there was no ID token before
    pub fn keep_previous(self) -> Result<TokenSet<J>, Error> {
        if self.tokens.id_token.is_some() { Ok(self.tokens) } else { Err(Error::new(Code::SigningKeysUnavailable)) }
    }

    fn fetch(&self) -> Result<Step<'_>, Error> {
        let jwks_uri = self.jwks_uri.clone().ok_or_else(|| Error::new(Code::EndpointMissing).about("jwks_uri"))?;
        Ok(Step::Fetch(Request::get(jwks_uri)))
    }
}

/// The left half of the digest of the access token (OpenID Connect Core section 3.1.3.6).
fn check_hash(at_hash: &str, digest: &[u8]) -> Result<(), Error> {
    let (left, _) = digest.split_at(digest.len() / 2);
    if matches(&base64url(left), at_hash) {
        Ok(())
    } else {
        Err(Error::new(Code::IdTokenHashMismatch).about("at_hash"))
    }
}

impl<J> fmt::Debug for Unverified<J> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[unverified tokens]")
    }
}

impl fmt::Debug for Check<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[check of a signature]")
    }
}
