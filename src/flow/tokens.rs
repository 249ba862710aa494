//! What a login is about: the tokens, as a record that can be kept, and how the attempts went to refresh them.

use alloc::vec::Vec;

use crate::error::{Code, Fault};
use crate::flow::setup::Setup;
use crate::flow::transaction::is_token;
use crate::json;
use crate::jwt::Jwt;
use crate::table::{join, join_with, record};
use crate::tables::{CLAIMS, Claims, TOKENS, Tokens, about};
use crate::text::{Class, Write, all, digits, is_number, plain, words};

/// The version of the record's form; another one is as if there were none.
const VERSION: &[u8] = b"2";

record! {
    /// A session: its tokens, how often they were to be refreshed in vain or with an answer that was never kept, how the
    /// last attempt failed (JSON), and when the next one may be made. The times are in seconds since 1970. The tokens stand in the
    /// order of [`TOKENS`]. `binding` is the thumbprint of the key that they are bound to, or why there is none although one was asked for.
    pub(crate) struct Session / SessionParts {
        version access_token token_type scope refresh_token id_token id_token_verified_by resource expires_at expires_in
        authorization_details extra binding attempts failed retry_at
    }
}

/// The tokens that are texts, as JavaScript names them, and the others.
const TEXTS: &str = "accessToken tokenType scope refreshToken idToken idTokenVerifiedBy resource";
const OTHERS: &str = "expiresAt expiresIn authorizationDetails extra";

impl<'a> Session<'a> {
    /// The version that is written.
    pub(crate) const VERSION: &'static [u8] = VERSION;

    /// Reads a record that was kept; `None` when it is not one of this version.
    #[inline(never)]
    pub(crate) fn parse(fields: &'a [u8]) -> Option<Self> {
        let session = Self::read(fields)?;
        let are_numbers = |from: usize, to: usize| {
            let mut fields = session.fields().get(from..to).unwrap_or_default().iter();
            fields.all(|field| field.is_empty() || is_number(field))
        };
        let is_sound = session.version() == VERSION
            && are_numbers(8, 10)
            && are_numbers(13, 14)
            && are_numbers(15, 16)
            && (session.failed().is_empty() || is_json(session.failed(), b'{'))
            && is_access_token(session.access_token())
            && !session.token_type().is_empty()
            && is_refresh_token(session.refresh_token())
            && (session.id_token().is_empty() || session.read_claims().is_some())
            && (session.authorization_details().is_empty() || is_json(session.authorization_details(), b'['))
            && (session.extra().is_empty() || is_json(session.extra(), b'{'));
        is_sound.then_some(session)
    }

    /// The claims of the ID token, a JSON text.
    pub(crate) fn claims_text(&self) -> Option<Vec<u8>> {
        Some(Jwt::decode(self.id_token())?.claims)
    }

    /// The fields of [`Claims`]; of a session without an ID token they are all empty.
    pub(crate) fn claims(&self) -> Vec<u8> {
        self.read_claims().unwrap_or_default()
    }

    fn read_claims(&self) -> Option<Vec<u8>> {
        CLAIMS.read(&self.claims_text()?, Code::IdTokenInvalid).ok()
    }

    /// Tokens are shown to no other server than the one that issued them, as far as the ID token tells (RFC 9700 section 4.9).
    ///
    /// # Errors
    /// [`Code::IssuerMismatch`]
    pub(crate) fn check_issuer(&self, setup: &Setup<'_>) -> Result<(), Fault> {
        let fields = self.claims();
        let iss = Claims::of_table(&fields).iss();
        if iss.is_empty() || setup.accepts(iss).is_some() { Ok(()) } else { Err(about!(IssuerMismatch, CLAIMS, "iss")) }
    }

    /// The thumbprint of the key that the tokens are bound to; empty where they are not (RFC 9449 section 6).
    pub(crate) fn jkt(&self) -> &'a [u8] {
        if is_token(self.binding()) { self.binding() } else { b"" }
    }

    /// The fields of the same tokens with another account of the attempts, from their number on.
    pub(crate) fn with_attempts(&self, account: &[&[u8]]) -> Vec<u8> {
        join_with(self.fields(), 13, account)
    }

    /// The same session with another refresh token.
    pub(crate) fn with_refresh_token(&self, token: &'a [u8]) -> Self {
        let mut session = self.clone();
        if let Some(field) = session.fields_mut().get_mut(4) {
            *field = token;
        }
        session
    }

    /// The fields of the same tokens with another ID token.
    pub(crate) fn with_id_token(&self, id_token: &[u8], verified_by: &[u8]) -> Vec<u8> {
        join_with(self.fields(), 5, &[id_token, verified_by])
    }

    /// Writes the tokens as JavaScript has them, with these claims.
    pub(crate) fn write_json(&self, claims: &[u8], out: &mut Vec<u8>) {
        out.members(TEXTS, self.fields().get(1..8).unwrap_or_default());
        for (name, value) in words(OTHERS).zip(self.fields().get(8..12).unwrap_or_default()) {
            if !value.is_empty() {
                out.member(name);
                out.json(value);
            }
        }
        if !claims.is_empty() {
            out.member(b"claims");
            out.json(claims);
        }
        out.push(b'}');
    }
}

/// Whether a text can be an access token: it is there, and a header can carry it. No narrower than `VSCHAR` without the space, for servers
/// use other signs than RFC 6749 appendix A.12 and RFC 6750 section 2.1 have.
pub(crate) fn is_access_token(token: &[u8]) -> bool {
    !token.is_empty() && all(token, const { &Class::printable(b" ") })
}

/// The same for a refresh token, which may be missing (RFC 6749 appendix A.17).
pub(crate) fn is_refresh_token(token: &[u8]) -> bool {
    all(plain(token), const { &Class::printable(b"") })
}

/// Whether a text is JSON that begins so: it is handed on as it stands.
fn is_json(text: &[u8], kind: u8) -> bool {
    json::parse(text).is_some_and(|value| value.kind() == kind)
}

/// The members that JavaScript has to give beside the access token, by their places.
const REQUIRED: [(usize, Fault); 2] =
    [(1, about!(ConfigInvalid, TOKENS, "token_type")), (2, about!(ConfigInvalid, TOKENS, "scope"))];

/// The fields of a session from the tokens that JavaScript gives back.
///
/// # Errors
/// [`Code::ConfigInvalid`] naming the member
pub(crate) fn from_json(tokens: &[u8]) -> Result<Vec<u8>, Fault> {
    let fields = TOKENS.read(tokens, Code::ConfigInvalid)?;
    let tokens = Tokens::of_table(&fields);
    for (place, fault) in &REQUIRED {
        if tokens.fields().get(*place).is_none_or(|field| field.is_empty()) {
            return Err(*fault);
        }
    }
    if !is_access_token(tokens.access_token()) {
        return Err(about!(ConfigInvalid, TOKENS, "access_token"));
    }
    if !is_refresh_token(tokens.refresh_token()) {
        return Err(about!(ConfigInvalid, TOKENS, "refresh_token"));
    }
    let time = |field, fault| {
        if field == b"" { Ok(Vec::new()) } else { seconds(field).map(digits).ok_or(fault) }
    };
    let expires_at = time(tokens.expires_at(), about!(ConfigInvalid, TOKENS, "expires_at"))?;
    let expires_in = time(tokens.expires_in(), about!(ConfigInvalid, TOKENS, "expires_in"))?;
    let mut session = join(&[VERSION]);
    session.text(&join_with(tokens.fields(), 7, &[&expires_at, &expires_in]));
    session.text(&join(&[b"".as_slice(); 4]));
    // All else was looked at.
    if Session::parse(&session).is_none() {
        return Err(about!(ConfigInvalid, TOKENS, "id_token"));
    }
    Ok(session)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use crate::tables::member;

    /// The session of these members beside those that have to be there, or what is wrong.
    fn read(more: &str) -> Result<std::vec::Vec<u8>, &'static [u8]> {
        let tokens = std::format!(r#"{{"accessToken":"a","tokenType":"Bearer","scope":""{more}}}"#);
        from_json(tokens.as_bytes()).map_err(|fault| member(fault).unwrap_or_default())
    }

    #[test]
    fn times_are_whole_seconds_however_they_are_written() {
        for (time, expected) in
            [("60", "60"), ("60.9", "60"), ("1.5e3", "1500"), ("1e-7", "0"), ("9007199254740991", "9007199254740991")]
        {
            let fields = read(&std::format!(",\"expiresAt\":{time}")).unwrap();
            assert_eq!(Session::parse(&fields).unwrap().expires_at(), expected.as_bytes(), "{time}");
        }
        for time in ["-1", "1.5e+21", "9007199254740992"] {
            assert_eq!(read(&std::format!(",\"expiresIn\":{time}")), Err(b"expires_in".as_slice()), "{time}");
        }
    }

    #[test]
    fn tokens_are_of_the_characters_that_a_header_and_a_form_can_carry() {
        let read = |name: &str, token: &str| {
            let mut tokens = serde_json::json!({"accessToken": "a", "tokenType": "Bearer", "scope": ""});
            tokens[name] = token.into();
            from_json(&serde_json::to_vec(&tokens).unwrap()).map_err(|fault| member(fault).unwrap_or_default())
        };
        let named = Err(b"access_token".as_slice());
        assert_eq!(read("accessToken", ""), named);
        for character in (0..=0xFF).filter_map(char::from_u32).chain(['\u{2028}', '\u{1F600}']) {
            let token = std::format!("a{character}b");
            assert_eq!(read("accessToken", &token).is_ok(), character.is_ascii_graphic(), "{character:?}");
            assert_eq!(
                read("refreshToken", &token).is_ok(),
                character.is_ascii_graphic() || character == ' ',
                "{character:?}"
            );
        }
        assert_eq!(read("accessToken", "a\r\nX: b"), named);
        assert_eq!(read("refreshToken", "a\n"), Err(b"refresh_token".as_slice()));
    }

    #[test]
    fn what_is_no_id_token_is_refused_at_once() {
        for id_token in ["", "a", "a.b.c", "e30.W10.AA"] {
            assert_eq!(read(&std::format!(r#","idToken":"{id_token}""#)), Err(b"id_token".as_slice()), "{id_token}");
        }
        assert!(Session::parse(&read(r#","idToken":"e30.e30.AA""#).unwrap()).is_some());
    }
}

/// Seconds from here on are no number that JavaScript has exactly.
pub(crate) const MOST_SECONDS: u64 = 1 << 53;

/// A number of seconds that is not negative, a fraction dropped.
#[inline(always)]
pub(crate) fn seconds(field: &[u8]) -> Option<u64> {
    Some(seconds_or_most(field)).filter(|seconds| *seconds != u64::MAX)
}

/// The same as one number, which comes back in a register: the most of all when there is none.
#[inline(never)]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value was found to lie between 0 and 2^53"
)]
fn seconds_or_most(field: &[u8]) -> u64 {
    let number = crate::json::number_or_nan(field);
    if (0.0..9_007_199_254_740_992.0).contains(&number) { number as u64 } else { u64::MAX }
}
