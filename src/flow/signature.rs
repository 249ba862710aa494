//! The signature of an ID token: which keys are to verify it, and what becomes of the tokens (OpenID Connect Core section 3.1.3.7, steps 6
//! to 8, and section 3.1.3.8; RFC 7515 section 5.2).
//!
//! The arithmetic is the platform's: WebCrypto in a page, a crate of the caller's choice elsewhere. Until it is done the
//! tokens wait in one record, which is written once and read once.

use alloc::vec::Vec;

use crate::error::{Code, Fault};
use crate::flow::algorithm::Algorithm;
use crate::flow::config::is_set;
use crate::flow::id_token::{Claimed, check_access_token, check_hash};
use crate::flow::jwks::may_refetch;
use crate::flow::metadata::usable;
use crate::flow::tokens::Session;
use crate::table::{join, record};
use crate::tables::about;
use crate::text::{Write, cut_last, plain, same};

record! {
    /// An ID token that waits for the verdict on its signature: who vouches for it otherwise, how it is signed and by which
    /// key, the hash of the access token where that is still to be checked, the token and its claims, a JSON text, whether it is dropped afterwards, whether
    /// its algorithm is the one that was registered; its issuer, where a key has to serve that; and whether the tokens serve without it. The fields of the session
    /// follow, still with the ID token of the session before.
    pub(crate) struct Unverified / UnverifiedParts { voucher jwks_uri alg kid at_hash id_token claims dropped registered issuer optional }
}

/// Where the keys are, who vouches for a signature that cannot be verified: empty when nobody does; whether the ID token is dropped when all of it was
/// checked; the algorithm that was registered, if any; the issuer that the key has to serve; and whether the tokens serve without the ID token.
#[derive(Clone, Copy)]
pub(crate) struct Trust<'a> {
    pub(crate) jwks_uri: &'a [u8],
    pub(crate) voucher: &'a [u8],
    pub(crate) dropped: &'a [u8],
    pub(crate) registered: &'a [u8],
    pub(crate) issuer: &'a [u8],
    pub(crate) optional: &'a [u8],
}

/// What a signature was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// By one of the keys.
    Valid,
    /// By none of the keys.
    Invalid,
    /// Not known: this platform has no such algorithm.
    Unavailable,
}

impl<'a> Unverified<'a> {
    /// The fields of tokens with an ID token that is right in everything that needs no key.
    ///
    /// # Errors
    /// [`Code::IdTokenHashMismatch`]
    #[allow(clippy::new_ret_no_self, reason = "a record is a view: this makes what it looks at")]
    pub(crate) fn new(
        claimed: &Claimed,
        id_token: &[u8],
        trust: Trust<'_>,
        session: &[&[u8]],
        access_token: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        let header = claimed.header();
        let algorithm = Algorithm::from_alg(header.alg()).ok_or(Code::Internal)?;
        let at_hash = check_access_token(&claimed.claims(), algorithm, access_token)?;
        let mut fields = UnverifiedParts {
            voucher: trust.voucher,
            jwks_uri: trust.jwks_uri,
            alg: header.alg(),
            kid: header.kid(),
            at_hash,
            id_token,
            claims: &claimed.text,
            dropped: trust.dropped,
            registered: trust.registered,
            issuer: trust.issuer,
            optional: trust.optional,
        }
        .to_fields();
        fields.text(&join(session));
        Ok(fields)
    }

    pub(crate) fn algorithm(&self) -> Result<Algorithm, Fault> {
        Algorithm::from_alg(self.alg()).ok_or(Code::Internal.into())
    }

    /// What was signed, and the signature in base64url (RFC 7515 section 5.1).
    pub(crate) fn signed(&self) -> (&'a [u8], &'a [u8]) {
        cut_last(self.id_token(), b'.').unwrap_or_default()
    }

    /// What to do when no key of the set fits, or, with `is_invalid`, when none of them made the signature: the set is fetched anew,
    /// unless that was done for this only just now. A token that names its key and is by another one is refused.
    /// The times are in seconds since 1970.
    ///
    /// # Errors
    /// [`Code::SigningKeyNotFound`], [`Code::IdTokenSignatureInvalid`], and those of [`Self::fetch`]
    pub(crate) fn fetch_again(&self, is_invalid: bool, refetched_at: Option<u64>, now: u64) -> Result<(), Fault> {
        let may_refetch = may_refetch(refetched_at, now);
        if is_invalid && !(may_refetch && self.kid().is_empty()) {
            return Err(Code::IdTokenSignatureInvalid.into());
        }
        if !may_refetch {
            return Err(about!(SigningKeyNotFound, HEADER, "kid"));
        }
        self.fetch()
    }

    /// Whether the keys can be fetched.
    ///
    /// # Errors
    /// [`Code::EndpointMissing`] when the metadata has no `jwks_uri`; [`Code::MetadataInvalid`] and [`Code::EndpointInsecure`] when it cannot be used
    pub(crate) fn fetch(&self) -> Result<(), Fault> {
        usable(self.jwks_uri(), about!(EndpointMissing, METADATA, "jwks_uri"))
    }

    /// Gives the fields of a session that may be used, by the verdict, and whether the ID token is used: not when it tells of another authentication, nor when
    /// it is not right and the tokens serve without it. Where nothing can verify the signature, the TLS of the token endpoint may stand for it (OpenID Connect Core section 3.1.3.7, step 6).
    ///
    /// # Errors
    /// [`Code::IdTokenSignatureInvalid`], [`Code::IdTokenHashMismatch`], [`Code::IdTokenUnverifiable`]
    pub(crate) fn conclude(
        &self,
        signature: Signature,
        digest: &[u8],
        session: &Session<'_>,
    ) -> Result<(Vec<u8>, bool), Fault> {
        match self.verified_by(signature, digest) {
            Ok(verified_by) if !is_set(self.dropped()) => {
                Ok((session.with_id_token(self.id_token(), verified_by), true))
            }
            Err(fault) if !is_set(self.optional()) => Err(fault),
            _ => Ok((session.to_fields(), false)),
        }
    }

    /// Who says that the ID token is the issuer's.
    fn verified_by(&self, signature: Signature, digest: &[u8]) -> Result<&'a [u8], Fault> {
        let verified_by = match signature {
            Signature::Valid => b"signature".as_slice(),
            Signature::Invalid => return Err(Code::IdTokenSignatureInvalid.into()),
            Signature::Unavailable => self.voucher(),
        };
        if verified_by.is_empty() {
            return Err(Code::IdTokenUnverifiable.into());
        }
        if !self.at_hash().is_empty() {
            let bits = u64::try_from(digest.len().saturating_mul(8)).unwrap_or_default();
            if bits == self.algorithm()?.bits() {
                check_hash(plain(self.at_hash()), digest)?;
            } else if !same(verified_by, b"nothing") {
                return Err(about!(IdTokenUnverifiable, CLAIMS, "at_hash"));
            }
        }
        Ok(verified_by)
    }

    /// Sees to it that the tokens can do without this ID token, as if the server had sent none: of a refresh the one before stays, and nobody misses one
    /// that was not asked for. For when the keys cannot be fetched, so that the tokens are not lost with them.
    ///
    /// # Errors
    /// [`Code::SigningKeysUnavailable`] when there was no ID token before and this one was asked for
    pub(crate) fn leave_out(&self, session: &Session<'_>) -> Result<(), Fault> {
        if session.id_token().is_empty() && !is_set(self.optional()) {
            Err(Code::SigningKeysUnavailable.into())
        } else {
            Ok(())
        }
    }
}
