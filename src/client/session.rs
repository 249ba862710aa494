//! What a signed-in application holds, as a record that can be kept; when its tokens are refreshed, and what becomes of it then.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::client::fields::{
    Fields, field, flag, from_record, optional, optional_digits, part, read, read_optional, to_record,
};
use crate::client::token_set::TokenSet;
use crate::error::{Code, Error, Refusal};
use crate::flow::session::{self, Failure};
use crate::flow::tokens;
use crate::http::{Reply, Response};
use crate::secret::Secret;
use crate::tables::{FailedAs, FailedAsParts, about, known};

pub use crate::flow::session::{Freshness, Next};

impl TokenSet {
    /// The record to keep. Holds every token.
    #[must_use]
    pub fn to_record(&self) -> Secret {
        to_record(&self.to_fields())
    }

    /// Reads a record that was kept; `None` when it is not one of this version.
    #[must_use]
    pub fn from_record(record: &str) -> Option<Self> {
        Session::from_record(record).map(|session| session.tokens)
    }

    /// How fresh the access token is; `now` is in seconds since 1970. Without a known expiry it stays fresh.
    #[must_use]
    pub fn freshness(&self, now: u64) -> Freshness {
        session::freshness(self.expires_at, self.expires_in, now)
    }

    /// Whether the access token may still be used; `now` is in seconds since 1970. Without a known expiry it may.
    #[must_use]
    pub fn is_fresh(&self, now: u64) -> bool {
        self.freshness(now) <= Freshness::Ageing
    }
}

/// The tokens that are kept, and how the attempts went to refresh them.
#[derive(Debug)]
pub struct Session {
    /// The tokens.
    pub tokens: TokenSet,
    attempts: Attempts,
}

/// The last fields of a [`tokens::Session`]: how often the tokens were to be refreshed, how the last attempt failed, and when the next one may be made.
#[derive(Clone, Debug, Default)]
struct Attempts([Vec<u8>; 3]);

impl Attempts {
    fn of(session: &tokens::Session<'_>) -> Self {
        let account = [session.attempts(), session.failed(), session.retry_at()];
        Self(account.map(<[u8]>::to_vec))
    }
}

/// What is known of the answer to a refresh beside what it came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answered<'a> {
    /// The answer of the token endpoint, when one came.
    pub response: Option<&'a Response>,
    /// Whether a resource server has refused the access token, which says that it does not serve any more where its expiry is not known.
    pub is_token_refused: bool,
}

/// Who wants tokens, and what they know.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// The user whose tokens they want, when it is known.
    pub subject: Option<&'a str>,
    /// An access token that does not serve them any more, whatever its age.
    pub spent: Option<&'a str>,
    /// The access token that they got last, and the time by a clock that was right then and cannot be set, in
    /// seconds since 1970.
    pub seen: Option<(&'a str, u64)>,
}

/// What becomes of a kept session after a refresh.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it is taken apart as soon as it is made")]
pub enum Kept {
    /// It is kept in this form.
    As(Session),
    /// It has ended.
    Ended,
    /// It was ended or replaced meanwhile: whatever is kept stays.
    Other,
}

impl Session {
    /// The session of tokens that just came.
    #[must_use]
    pub fn new(tokens: TokenSet) -> Self {
        Self { tokens, attempts: Attempts::default() }
    }

    /// The record to keep. Holds every token.
    #[must_use]
    pub fn to_record(&self) -> Secret {
        to_record(&self.to_fields())
    }

    /// Reads a record that was kept; `None` when it is not one of this version.
    #[must_use]
    pub fn from_record(record: &str) -> Option<Self> {
        let fields = from_record(record);
        let session = tokens::Session::parse(&fields)?;
        Some(Self { tokens: TokenSet::from_fields(&fields), attempts: Attempts::of(&session) })
    }

    fn to_fields(&self) -> Fields {
        let fields = self.tokens.to_fields();
        let session = tokens::Session::of_table(&fields);
        Zeroizing::new(session.with_attempts(&self.attempts.0.each_ref().map(Vec::as_slice)))
    }

    /// Whether no access token can be had from it any more: the one that it has is expired, and nothing trades for another one. `now` is
    /// in seconds since 1970.
    #[must_use]
    pub fn is_over(&self, now: u64) -> bool {
        session::is_over(&tokens::Session::of_table(&self.to_fields()), now)
    }

    /// What is to be done for whoever wants tokens; `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`Code::SessionExpired`], [`Code::RefreshTokenMissing`], and how the last refresh failed, as long as the next one has to wait
    pub fn next(&self, asked: &Asked<'_>, now: u64) -> Result<Next, Error> {
        // Somebody else has signed in meanwhile.
        if self.tokens.subject().zip(asked.subject).is_some_and(|(subject, asked)| subject != asked) {
            return Err(about!(SessionExpired, CLAIMS, "sub").into());
        }
        let fields = self.to_fields();
        let (seen, steady) = asked.seen.unwrap_or_default();
        let asked = session::Asked { spent: asked.spent.map(field).unwrap_or_default(), seen: seen.as_bytes(), steady };
        let session = tokens::Session::of_table(&fields);
        session::next(&session, &asked, now).map_err(|(fault, retry_after)| {
            let error = Error::from(fault).retry_after(retry_after);
            if retry_after.is_some() { again(error, &session::failed(&session)) } else { error }
        })
    }

    /// Notes that the tokens are about to be refreshed. To be kept before the request is sent: so it is known afterwards that the server may
    /// have put another refresh token in the place of this one.
    pub fn begin_refresh(&mut self) {
        let fields = self.to_fields();
        let begun = Zeroizing::new(session::begin_refresh(&tokens::Session::of_table(&fields)));
        self.attempts = Attempts::of(&tokens::Session::of_table(&begun));
    }

    /// What becomes of the session that is `kept` now, and what is told to whoever wanted tokens, after the refresh of this one: as
    /// [`Session::conclude_with`], with what the error alone says of the answer.
    ///
    /// # Errors
    /// those of [`Session::conclude_with`]
    pub fn conclude(
        self,
        kept: Option<&Self>,
        refreshed: Result<TokenSet, Error>,
        now: u64,
        chance: u8,
    ) -> (Kept, Result<(), Error>) {
        self.conclude_with(kept, refreshed, Answered::default(), now, chance)
    }

    /// What becomes of the session that is `kept` now, and what is told to whoever wanted tokens, after the refresh of this one.
    /// The server's own refusal of the refresh token ends it (`invalid_grant`, RFC 6749 section 5.2), and an ID token of another user or issuer. So does another
    /// refusal in JSON, or a 400 or 401 without a body, that came again at least ten minutes later, when the access token has expired; but none that means the
    /// server, the client or the request. Of an answer whose tokens cannot be used the new refresh token is kept. `now` is in seconds since 1970, and `chance` any number.
    ///
    /// # Errors
    /// [`Code::SessionExpired`], [`Code::RefreshInterrupted`], those of the refresh
    pub fn conclude_with(
        mut self,
        kept: Option<&Self>,
        refreshed: Result<TokenSet, Error>,
        answered: Answered<'_>,
        now: u64,
        chance: u8,
    ) -> (Kept, Result<(), Error>) {
        let told = refreshed.as_ref().err().map(|error| told(error, answered.is_token_refused)).unwrap_or_default();
        let told = FailedAs::of_table(&told);
        let failure = refreshed.as_ref().err().map(|error| Failure {
            code: error.code,
            told: &told,
            reply: answered.response.map_or_else(|| reply_of(error), Response::reply),
        });
        let (fields, kept) = (self.to_fields(), kept.map(Self::to_fields));
        let kept = kept.as_deref().map(|fields| tokens::Session::of_table(fields));
        let sent = tokens::Session::of_table(&fields);
        let becomes = session::conclude(&sent, kept.as_ref(), failure.as_ref(), now, chance);
        match (becomes, refreshed) {
            (session::Kept::Fresh, Ok(tokens)) => (Kept::As(Self::new(tokens)), Ok(())),
            (session::Kept::Ended(code), Err(error)) => (Kept::Ended, Err(error.code(code))),
            (session::Kept::Still(fields, seconds), Err(error)) => {
                let fields = Zeroizing::new(fields);
                let still = tokens::Session::of_table(&fields);
                self.attempts = Attempts::of(&still);
                self.tokens.refresh_token = read_optional(still.refresh_token()).map(Secret::new);
                (Kept::As(self), Err(error.retry_after(Some(seconds))))
            }
            _ => (Kept::Other, Err(Code::SessionExpired.into())),
        }
    }
}

/// The fields of [`FailedAs`] of an error.
fn told(error: &Error, is_refused: bool) -> Vec<u8> {
    let refusal = error.refusal.as_ref();
    FailedAsParts {
        code: b"",
        retry_after: &optional_digits(error.retry_after),
        status: &optional_digits(error.status),
        refused: flag(is_refused),
        doubt: b"",
        doubted_at: b"",
        subject: optional(error.subject),
        found: optional(error.found.as_deref()),
        url: b"",
        oauth_error: optional(refusal.map(|refusal| refusal.error.as_str())),
        oauth_error_description: optional(refusal.and_then(|refusal| refusal.error_description.as_deref())),
        oauth_error_uri: optional(refusal.and_then(|refusal| refusal.error_uri.as_deref())),
    }
    .to_fields()
}

/// What an error says of its answer. That there was a body, for want of knowing.
fn reply_of(error: &Error) -> Reply<'static> {
    let status = error.status.unwrap_or(if error.refusal.is_some() { 200 } else { 0 });
    Reply { status: status.into(), content_type: b"", date: None, retry_after: None, body: b"?" }
}

/// An error with what was told of it when it was new.
fn again(mut error: Error, fields: &[u8]) -> Error {
    let told = FailedAs::of_table(fields);
    if let Some(subject) = known(told.subject()) {
        error = error.about(part(subject));
    }
    if let Some(found) = read_optional(told.found()) {
        error = error.found(found);
    }
    if let Some(status) = tokens::seconds(told.status()).and_then(|status| u16::try_from(status).ok()) {
        error = error.status(status);
    }
    if told.oauth_error().is_empty() {
        return error;
    }
    error.refusal(Refusal {
        error: read(told.oauth_error()),
        error_description: read_optional(told.oauth_error_description()),
        error_uri: read_optional(told.oauth_error_uri()),
    })
}
