//! What a signed-in application holds, as a record that can be kept; when its tokens are refreshed, and what becomes of it then.

use alloc::string::String;
use alloc::vec::Vec;

use crate::encoding::{Form, decimal, form_pairs, take_field};
use crate::error::{Code, Error};
use crate::flow::token::{TokenSet, VerifiedBy};
use crate::json::Json;
use crate::jwt::Jwt;
use crate::secret::Secret;

/// The version of the record's form; another one is as if there were none.
const VERSION: &str = "1";

/// Seconds before its expiry from which on an access token is refreshed while it is still handed out; of a token that
/// lives less than four times as long a quarter of its life.
const AHEAD: u64 = 60;

/// Seconds before its expiry from which on it is handed out only when there is no fresh one: it has to survive its journey. Likewise an
/// eighth of its life.
const LEEWAY: u64 = 10;

/// The most seconds between two refreshes that fail by themselves.
const MAX_PAUSE: u64 = 30;

/// The most seconds for which a server may send everybody away.
const MAX_RETRY_AFTER: u64 = 600;

/// The state of an access token, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// It serves.
    Fresh,
    /// It serves, and it is time to see to a fresh one.
    Ageing,
    /// It is about to expire: it serves where there is no other.
    Stale,
    /// It does not serve any more.
    Expired,
}

impl<J: Json> TokenSet<J> {
    /// The record to keep. Holds every token.
    #[must_use]
    pub fn to_record(&self) -> Secret {
        Secret::new(self.to_form().finish())
    }

    fn to_form(&self) -> Form {
        Form::new()
            .with("v", VERSION)
            .with("access_token", self.access_token.expose())
            .with("token_type", &self.token_type)
            .with_some("expires_at", self.expires_at.map(decimal).as_deref())
            .with_some("expires_in", self.expires_in.map(decimal).as_deref())
            .with("scope", &self.scope)
            .with_some("refresh_token", self.refresh_token.as_ref().map(Secret::expose))
            .with_some("id_token", self.id_token.as_ref().map(Secret::expose))
            .with_some("id_token_verified_by", self.id_token_verified_by.map(VerifiedBy::name))
            .with_some("resource", self.resource.as_deref())
            .with_some("authorization_details", self.authorization_details.as_ref().map(Json::to_text).as_deref())
    }

    /// Reads a record that was kept; `None` when it is not one of this version.
    #[must_use]
    pub fn from_record(record: &str) -> Option<Self> {
        Session::from_record(record).map(|session| session.tokens)
    }

    /// How fresh the access token is; `now` is in seconds since 1970. Without a known expiry it stays fresh.
    #[must_use]
    pub fn freshness(&self, now: u64) -> Freshness {
        let Some(expires_at) = self.expires_at else { return Freshness::Fresh };
        let lifetime = self.expires_in.unwrap_or(u64::MAX);
        match expires_at.saturating_sub(now) {
            0 => Freshness::Expired,
            // The clock was set back since it came: nobody knows how long it lives.
            left if left > lifetime.saturating_add(LEEWAY) => Freshness::Stale,
            left if left <= LEEWAY.min(lifetime / 8) => Freshness::Stale,
            left if left <= AHEAD.min(lifetime / 4) => Freshness::Ageing,
            _ => Freshness::Fresh,
        }
    }

    /// Whether the access token may still be used; `now` is in seconds since 1970. Without a known expiry it may.
    #[must_use]
    pub fn is_fresh(&self, now: u64) -> bool {
        self.freshness(now) <= Freshness::Ageing
    }
}

/// The tokens that are kept, and how the attempts went to refresh them.
#[derive(Debug)]
pub struct Session<J> {
    /// The tokens.
    pub tokens: TokenSet<J>,
    /// How often they were to be refreshed, each time in vain or with an answer that was never kept.
    attempts: u64,
    /// How the last attempt failed. `None` while it is being made, and when whoever made it went away.
    failed: Option<Failure>,
}

/// A refresh that failed.
#[derive(Clone, Copy, Debug)]
struct Failure {
    code: Code,
    /// Seconds since 1970.
    retry_at: u64,
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

/// What is to be done for whoever wants tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// These are given.
    Give,
    /// These are given, and refreshed meanwhile.
    GiveAndRefresh,
    /// Fresh ones have to come.
    Refresh,
}

/// What becomes of a kept session after a refresh.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it is taken apart as soon as it is made")]
pub enum Kept<J> {
    /// It is kept in this form.
    As(Session<J>),
    /// It has ended.
    Ended,
    /// It was ended or replaced meanwhile: whatever is kept stays.
    Other,
}

impl<J: Json> Session<J> {
    /// The session of tokens that just came.
    #[must_use]
    pub const fn new(tokens: TokenSet<J>) -> Self {
        Self { tokens, attempts: 0, failed: None }
    }

    /// The record to keep. Holds every token.
    #[must_use]
    pub fn to_record(&self) -> Secret {
        let mut form = self.tokens.to_form();
        if self.attempts > 0 {
            form = form.with("attempts", &decimal(self.attempts));
        }
        if let Some(Failure { code, retry_at }) = self.failed {
            form = form.with("failed", &decimal(code as u64)).with("retry_at", &decimal(retry_at));
        }
        Secret::new(form.finish())
    }

    /// Reads a record that was kept; `None` when it is not one of this version.
    #[must_use]
    pub fn from_record(record: &str) -> Option<Self> {
        let mut pairs = form_pairs(record)?;
        if take_field(&mut pairs, "v")? != VERSION {
            return None;
        }
        let expires_at = take_number(&mut pairs, "expires_at")?;
        let expires_in = take_number(&mut pairs, "expires_in")?;
        let attempts = take_number(&mut pairs, "attempts")?.unwrap_or_default();
        let failed = take_number(&mut pairs, "failed")?;
        let retry_at = take_number(&mut pairs, "retry_at")?.unwrap_or_default();
        let mut take = |name: &str| take_field(&mut pairs, name);
        let id_token = take("id_token").map(Secret::new);
        let claims = match &id_token {
            Some(token) => Some(Jwt::decode(token.expose())?.claims),
            None => None,
        };
        let code = failed.and_then(|place| Code::ALL.get(usize::try_from(place).ok()?).copied());
        Some(Self {
            tokens: TokenSet {
                access_token: Secret::new(take("access_token")?),
                token_type: take("token_type")?,
                expires_at,
                expires_in,
                scope: take("scope")?,
                refresh_token: take("refresh_token").map(Secret::new),
                id_token,
                claims,
                id_token_verified_by: take("id_token_verified_by").and_then(|name| VerifiedBy::from_name(&name)),
                resource: take("resource"),
                authorization_details: take("authorization_details").and_then(|text| J::parse(&text)),
            },
            attempts,
            failed: code.map(|code| Failure { code, retry_at }),
        })
    }

    /// What is to be done for whoever wants tokens; `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`Code::SessionExpired`], [`Code::RefreshTokenMissing`], and how the last refresh failed, as long as the next one has to wait
    pub fn next(&self, asked: &Asked<'_>, now: u64) -> Result<Next, Error> {
        let tokens = &self.tokens;
        // Somebody else has signed in meanwhile.
        if let (Some(asked), Some(subject)) = (asked.subject, tokens.subject())
            && asked != subject
        {
            return Err(Error::new(Code::SessionExpired).about("sub"));
        }
        let is_access_token = |token: &str| tokens.access_token.matches(token);
        let is_spent = asked.spent.is_some_and(is_access_token);
        let can_refresh = tokens.refresh_token.is_some();
        let steadily = asked.seen.filter(|(token, _)| is_access_token(token)).map(|(_, now)| tokens.freshness(now));
        let freshness = tokens.freshness(now).max(steadily.unwrap_or(Freshness::Fresh));
        let wait = self.failed.and_then(|failed| {
            // One beyond that was noted by another clock.
            let seconds = failed.retry_at.saturating_sub(now);
            (1..=MAX_RETRY_AFTER).contains(&seconds).then_some((failed.code, seconds))
        });
        match (freshness, wait) {
            (Freshness::Fresh, _) if !is_spent => Ok(Next::Give),
            (Freshness::Ageing | Freshness::Stale, _) if !is_spent && !can_refresh => Ok(Next::Give),
            (Freshness::Ageing | Freshness::Stale, Some(_)) if !is_spent => Ok(Next::Give),
            (Freshness::Ageing, None) if !is_spent => Ok(Next::GiveAndRefresh),
            _ if !can_refresh && is_spent => Err(Error::new(Code::RefreshTokenMissing)),
            _ if !can_refresh => Err(Error::new(Code::SessionExpired).about("expires_in")),
            (_, Some((code, seconds))) => Err(Error::new(code).retry_after(Some(seconds))),
            (_, None) => Ok(Next::Refresh),
        }
    }

    /// Notes that the tokens are about to be refreshed. To be kept before the request is sent: so it is known afterwards that the server may
    /// have put another refresh token in the place of this one.
    pub const fn begin_refresh(&mut self) {
        self.attempts = self.attempts.saturating_add(1);
        self.failed = None;
    }

    /// What becomes of the session that is `kept` now, and what is told to whoever wanted tokens, after the refresh of this one.
    /// Only the server's own refusal of the refresh token ends a session (RFC 6749 section 5.2). `now` is in seconds since 1970, and
    /// `chance` any number.
    ///
    /// # Errors
    /// [`Code::SessionExpired`], [`Code::RefreshInterrupted`], those of the refresh
    pub fn conclude(
        self,
        kept: Option<&Self>,
        refreshed: Result<TokenSet<J>, Error>,
        now: u64,
        chance: u8,
    ) -> (Kept<J>, Result<(), Error>) {
        let token =
            |session: &Self| session.tokens.refresh_token.as_ref().map(|token| Secret::new(token.expose().into()));
        let is_kept = kept.and_then(token).zip(token(&self)).is_some_and(|(kept, sent)| kept.matches(sent.expose()));
        if !is_kept {
            return (Kept::Other, Err(Error::new(Code::SessionExpired)));
        }
        match refreshed {
            Ok(tokens) => (Kept::As(Self::new(tokens)), Ok(())),
            Err(error) if error.is_invalid_grant() => {
                let code = if self.attempts > 1 { Code::RefreshInterrupted } else { Code::SessionExpired };
                (Kept::Ended, Err(error.code(code)))
            }
            Err(error) => {
                let seconds = pause(self.attempts, chance).max(error.retry_after.unwrap_or(0)).min(MAX_RETRY_AFTER);
                let failed = Some(Failure { code: error.code, retry_at: now.saturating_add(seconds) });
                (Kept::As(Self { failed, ..self }), Err(error.retry_after(Some(seconds))))
            }
        }
    }
}

/// Takes a number out of a record. The outer `None` says that it is none, the inner one that it is not there.
#[inline(never)]
fn take_number(fields: &mut Vec<(String, String)>, name: &str) -> Option<Option<u64>> {
    match take_field(fields, name) {
        Some(digits) => digits.parse().ok().map(Some),
        None => Some(None),
    }
}

/// Seconds between that attempt and the next: twice as many each time, and of those by chance between half and all, so that
/// those who failed together do not come back together.
fn pause(attempts: u64, chance: u8) -> u64 {
    let longest = 1_u64.checked_shl(u32::try_from(attempts).unwrap_or(u32::MAX)).unwrap_or(MAX_PAUSE).min(MAX_PAUSE);
    let half = longest / 2;
    half.saturating_add(half.saturating_mul(u64::from(chance)) / 255)
}
