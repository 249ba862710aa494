//! What a login is about: the tokens, as a record that can be kept, and how the attempts went to refresh them.

use alloc::vec::Vec;

use crate::error::{Code, Fault};
use crate::flow::setup::Setup;
use crate::jwt::Jwt;
use crate::table::{plain, record};
use crate::tables::{CLAIMS, Claims, TOKENS, Tokens, about};
use crate::text::{Write, number};

/// The version of the record's form; another one is as if there were none.
const VERSION: &[u8] = b"2";

record! {
    /// A session: its tokens, how often they were to be refreshed in vain or with an answer that was never kept, how the
    /// last attempt failed, and when the next one may be made. The times are in seconds since 1970.
    pub(crate) struct Session / SessionParts {
        version access_token token_type expires_at expires_in scope refresh_token id_token id_token_verified_by resource
        authorization_details attempts failed retry_at
    }
}

impl<'a> Session<'a> {
    /// Reads a record that was kept; `None` when it is not one of this version.
    pub(crate) fn parse(fields: &'a [u8]) -> Option<Self> {
        let session = Self::read(fields)?;
        let are_numbers =
            [session.expires_at(), session.expires_in(), session.attempts(), session.failed(), session.retry_at()]
                .into_iter()
                .all(|field| field.is_empty() || number(field).is_some());
        let is_sound = session.version() == VERSION
            && are_numbers
            && !session.access_token().is_empty()
            && !session.token_type().is_empty()
            && (session.id_token().is_empty() || session.claims_text().is_some());
        is_sound.then_some(session)
    }

    /// The claims of the ID token, a JSON text.
    pub(crate) fn claims_text(&self) -> Option<Vec<u8>> {
        Some(Jwt::decode(self.id_token())?.claims)
    }

    /// The fields of [`Claims`]; of a session without an ID token they are all empty.
    pub(crate) fn claims(&self) -> Vec<u8> {
        let text = self.claims_text().unwrap_or_default();
        CLAIMS.read(&text, Code::IdTokenInvalid).unwrap_or_default()
    }

    /// Tokens are shown to no other server than the one that issued them, as far as the ID token tells (RFC 9700 section 4.9).
    ///
    /// # Errors
    /// [`Code::IssuerMismatch`]
    pub(crate) fn check_issuer(&self, setup: &Setup<'_>) -> Result<(), Fault> {
        let fields = self.claims();
        let iss = Claims::of_table(&fields).iss();
        if iss.is_empty() || iss == setup.issuer() { Ok(()) } else { Err(about!(IssuerMismatch, CLAIMS, "iss")) }
    }

    /// The session of those parts, in the version that is written.
    pub(crate) const fn with(parts: SessionParts<'a>) -> Self {
        Self::of(SessionParts { version: VERSION, ..parts })
    }

    /// The same tokens with another account of the attempts.
    pub(crate) const fn with_attempts(&self, attempts: &'a [u8], failed: &'a [u8], retry_at: &'a [u8]) -> Self {
        Self::of(SessionParts { attempts, failed, retry_at, ..self.parts() })
    }

    /// The same tokens with another ID token.
    pub(crate) const fn with_id_token(&self, id_token: &'a [u8], id_token_verified_by: &'a [u8]) -> Self {
        Self::of(SessionParts { id_token, id_token_verified_by, ..self.parts() })
    }

    /// Writes the tokens as JavaScript has them, with these claims.
    pub(crate) fn write_json(&self, claims: &[u8], out: &mut Vec<u8>) {
        let texts = [
            (b"accessToken".as_slice(), self.access_token()),
            (b"tokenType", self.token_type()),
            (b"scope", self.scope()),
            (b"refreshToken", self.refresh_token()),
            (b"idToken", self.id_token()),
            (b"idTokenVerifiedBy", self.id_token_verified_by()),
            (b"resource", self.resource()),
        ];
        for (name, value) in texts {
            if !value.is_empty() {
                out.member_text(name, plain(value));
            }
        }
        let values = [
            (b"expiresAt".as_slice(), self.expires_at()),
            (b"expiresIn", self.expires_in()),
            (b"claims", claims),
            (b"authorizationDetails", self.authorization_details()),
        ];
        for (name, value) in values {
            if !value.is_empty() {
                out.member(name);
                out.json(value);
            }
        }
        out.push(b'}');
    }
}

/// The fields of a session from the tokens that JavaScript gives back.
///
/// # Errors
/// [`Code::ConfigInvalid`] naming the member
pub(crate) fn from_json(tokens: &[u8]) -> Result<Vec<u8>, Fault> {
    let fields = TOKENS.read(tokens, Code::ConfigInvalid)?;
    let tokens = Tokens::of_table(&fields);
    for (field, fault) in [
        (tokens.access_token(), about!(ConfigInvalid, TOKENS, "access_token")),
        (tokens.token_type(), about!(ConfigInvalid, TOKENS, "token_type")),
        (tokens.scope(), about!(ConfigInvalid, TOKENS, "scope")),
    ] {
        if field.is_empty() {
            return Err(fault);
        }
    }
    let (mut expires_at, mut expires_in) = (Vec::new(), Vec::new());
    for (field, digits, fault) in [
        (tokens.expires_at(), &mut expires_at, about!(ConfigInvalid, TOKENS, "expires_at")),
        (tokens.expires_in(), &mut expires_in, about!(ConfigInvalid, TOKENS, "expires_in")),
    ] {
        if !field.is_empty() {
            digits.number(seconds(field).ok_or(fault)?);
        }
    }
    Ok(Session::with(SessionParts {
        version: b"",
        access_token: tokens.access_token(),
        token_type: tokens.token_type(),
        expires_at: &expires_at,
        expires_in: &expires_in,
        scope: tokens.scope(),
        refresh_token: tokens.refresh_token(),
        id_token: tokens.id_token(),
        id_token_verified_by: tokens.id_token_verified_by(),
        resource: tokens.resource(),
        authorization_details: tokens.authorization_details(),
        attempts: b"",
        failed: b"",
        retry_at: b"",
    })
    .to_fields())
}

/// A number of seconds that is not negative, a fraction dropped.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value was found to lie between 0 and 2^53"
)]
pub(crate) fn seconds(field: &[u8]) -> Option<u64> {
    let number = crate::json::number(field)?;
    (0.0..9_007_199_254_740_992.0).contains(&number).then_some(number as u64)
}
