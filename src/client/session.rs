//! What a signed-in application holds, as a record that can be kept; when its tokens are refreshed, and what becomes of it then.

use zeroize::Zeroizing;

use crate::client::fields::{Fields, digits, field, from_record, optional_digits, to_record};
use crate::client::token_set::TokenSet;
use crate::error::{Code, Error};
use crate::flow::session::{self, Refreshed};
use crate::flow::tokens;
use crate::secret::Secret;
use crate::tables::about;
use crate::text::number;

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

/// How often the tokens were to be refreshed, each time in vain or with an answer that was never kept; how the last attempt
/// failed, by its place among the codes, and when the next one may be made, in seconds since 1970.
#[derive(Clone, Copy, Debug, Default)]
struct Attempts {
    count: u64,
    failed: Option<u64>,
    retry_at: Option<u64>,
}

impl Attempts {
    fn of(session: &tokens::Session<'_>) -> Self {
        Self {
            count: number(session.attempts()).unwrap_or_default(),
            failed: number(session.failed()),
            retry_at: number(session.retry_at()),
        }
    }
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
        let Attempts { count, failed, retry_at } = self.attempts;
        let count = if count > 0 { digits(count) } else { Default::default() };
        let session = tokens::Session::of_table(&fields);
        Zeroizing::new(session.with_attempts(&count, &optional_digits(failed), &optional_digits(retry_at)))
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
        session::next(&tokens::Session::of_table(&fields), &asked, now)
            .map_err(|(fault, retry_after)| Error::from(fault).retry_after(retry_after))
    }

    /// Notes that the tokens are about to be refreshed. To be kept before the request is sent: so it is known afterwards that the server may
    /// have put another refresh token in the place of this one.
    pub fn begin_refresh(&mut self) {
        let fields = self.to_fields();
        let begun = Zeroizing::new(session::begin_refresh(&tokens::Session::of_table(&fields)));
        self.attempts = Attempts::of(&tokens::Session::of_table(&begun));
    }

    /// What becomes of the session that is `kept` now, and what is told to whoever wanted tokens, after the refresh of this one.
    /// Only the server's own refusal of the refresh token ends a session (RFC 6749 section 5.2). `now` is in seconds since 1970, and
    /// `chance` any number.
    ///
    /// # Errors
    /// [`Code::SessionExpired`], [`Code::RefreshInterrupted`], those of the refresh
    pub fn conclude(
        mut self,
        kept: Option<&Self>,
        refreshed: Result<TokenSet, Error>,
        now: u64,
        chance: u8,
    ) -> (Kept, Result<(), Error>) {
        let went = match &refreshed {
            Ok(_) => Refreshed::Well,
            Err(error) if error.is_invalid_grant() => Refreshed::InvalidGrant,
            Err(error) => Refreshed::Badly(error.code, error.retry_after),
        };
        let (fields, kept) = (self.to_fields(), kept.map(Self::to_fields));
        let kept = kept.as_deref().map(|fields| tokens::Session::of_table(fields));
        let becomes = session::conclude(&tokens::Session::of_table(&fields), kept.as_ref(), went, now, chance);
        match (becomes, refreshed) {
            (session::Kept::Fresh, Ok(tokens)) => (Kept::As(Self::new(tokens)), Ok(())),
            (session::Kept::Ended(code), Err(error)) => (Kept::Ended, Err(error.code(code))),
            (session::Kept::Still(fields, seconds), Err(error)) => {
                self.attempts = Attempts::of(&tokens::Session::of_table(&Zeroizing::new(fields)));
                (Kept::As(self), Err(error.retry_after(Some(seconds))))
            }
            _ => (Kept::Other, Err(Code::SessionExpired.into())),
        }
    }
}
