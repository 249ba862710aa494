//! What a signed-in application holds: when its tokens are refreshed, and what becomes of the session then.

use alloc::vec::Vec;

use crate::error::{Code, Fault};
use crate::flow::tokens::Session;
use crate::secret::matches;
use crate::tables::about;
use crate::text::{digits, number, number_or};

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

/// Who wants tokens, and what they know; what is not known is empty.
#[derive(Clone, Copy, Default)]
pub(crate) struct Asked<'a> {
    /// An access token that does not serve them any more, whatever its age.
    pub(crate) spent: &'a [u8],
    /// The access token that they got last, and the time by a clock that was right then and cannot be set, in
    /// seconds since 1970.
    pub(crate) seen: &'a [u8],
    pub(crate) steady: u64,
}

/// How fresh an access token is; `now` is in seconds since 1970. Without a known expiry it stays fresh.
pub(crate) fn freshness(expires_at: Option<u64>, expires_in: Option<u64>, now: u64) -> Freshness {
    let Some(expires_at) = expires_at else { return Freshness::Fresh };
    let lifetime = expires_in.unwrap_or(u64::MAX);
    match expires_at.saturating_sub(now) {
        0 => Freshness::Expired,
        // The clock was set back since it came: nobody knows how long it lives.
        left if left > lifetime.saturating_add(LEEWAY) => Freshness::Stale,
        left if left <= LEEWAY.min(lifetime / 8) => Freshness::Stale,
        left if left <= AHEAD.min(lifetime / 4) => Freshness::Ageing,
        _ => Freshness::Fresh,
    }
}

/// Whether no access token can be had from a session any more; `now` is in seconds since 1970.
pub(crate) fn is_over(session: &Session<'_>, now: u64) -> bool {
    session.refresh_token().is_empty() && freshness_of(session, now) == Freshness::Expired
}

fn freshness_of(session: &Session<'_>, now: u64) -> Freshness {
    freshness(number(session.expires_at()), number(session.expires_in()), now)
}

/// What is to be done for whoever wants tokens; `now` is in seconds since 1970.
///
/// # Errors
/// [`Code::SessionExpired`], [`Code::RefreshTokenMissing`], and how the last refresh failed, with the seconds for which the
/// next one has to wait
pub(crate) fn next(session: &Session<'_>, asked: &Asked<'_>, now: u64) -> Result<Next, (Fault, Option<u64>)> {
    let is_access_token = |token: &[u8]| !token.is_empty() && matches(session.access_token(), token);
    let is_spent = is_access_token(asked.spent);
    let can_refresh = !session.refresh_token().is_empty();
    let mut freshness = freshness_of(session, now);
    if is_access_token(asked.seen) {
        freshness = freshness.max(freshness_of(session, asked.steady));
    }
    let wait = Code::from_place(number_or(session.failed(), u64::MAX)).and_then(|code| {
        // One beyond that was noted by another clock.
        let seconds = number(session.retry_at())?.saturating_sub(now);
        (1..=MAX_RETRY_AFTER).contains(&seconds).then_some((code, seconds))
    });
    if !is_spent {
        let is_best = freshness < Freshness::Expired && (!can_refresh || wait.is_some());
        if freshness == Freshness::Fresh || is_best {
            return Ok(Next::Give);
        }
        if freshness == Freshness::Ageing {
            return Ok(Next::GiveAndRefresh);
        }
    }
    match wait {
        _ if !can_refresh && is_spent => Err((Code::RefreshTokenMissing.into(), None)),
        _ if !can_refresh => Err((about!(SessionExpired, TOKENS, "expires_in"), None)),
        Some((code, seconds)) => Err((code.into(), Some(seconds))),
        None => Ok(Next::Refresh),
    }
}

/// The fields of the session whose tokens are about to be refreshed. To be kept before the request is sent: so it is known afterwards
/// that the server may have put another refresh token in the place of this one.
pub(crate) fn begin_refresh(session: &Session<'_>) -> Vec<u8> {
    let attempts = digits(number_or(session.attempts(), 0).saturating_add(1));
    session.with_attempts(&attempts, b"", b"")
}

/// How a refresh went.
#[derive(Clone, Copy)]
pub(crate) enum Refreshed {
    /// Fresh tokens came.
    Well,
    /// The server refused the refresh token itself.
    InvalidGrant,
    /// It failed in another way, after which the server wants so many seconds to pass.
    Badly(Code, Option<u64>),
}

/// What becomes of a kept session after a refresh.
pub(crate) enum Kept {
    /// The fresh tokens take its place.
    Fresh,
    /// It is kept with this account of the attempt; whoever wanted tokens is told to try again after so many seconds.
    Still(Vec<u8>, u64),
    /// It has ended, for this reason.
    Ended(Code),
    /// It was ended or replaced meanwhile: whatever is kept stays.
    Other,
}

/// What becomes of the session that is `kept` now after the refresh of the one that was `sent`. Only the server's own refusal
/// of the refresh token ends a session (RFC 6749 section 5.2). `now` is in seconds since 1970, and `chance` any number.
pub(crate) fn conclude(
    sent: &Session<'_>,
    kept: Option<&Session<'_>>,
    refreshed: Refreshed,
    now: u64,
    chance: u8,
) -> Kept {
    let token = sent.refresh_token();
    if token.is_empty() || !kept.is_some_and(|kept| matches(kept.refresh_token(), token)) {
        return Kept::Other;
    }
    let attempts = number_or(sent.attempts(), 0);
    match refreshed {
        Refreshed::Well => Kept::Fresh,
        Refreshed::InvalidGrant if attempts > 1 => Kept::Ended(Code::RefreshInterrupted),
        Refreshed::InvalidGrant => Kept::Ended(Code::SessionExpired),
        Refreshed::Badly(code, retry_after) => {
            let seconds = pause(attempts, chance).max(retry_after.unwrap_or(0)).min(MAX_RETRY_AFTER);
            let (place, retry_at) = (digits(code as u64), digits(now.saturating_add(seconds)));
            Kept::Still(sent.with_attempts(sent.attempts(), &place, &retry_at), seconds)
        }
    }
}

/// Seconds between that attempt and the next: twice as many each time, and of those by chance between half and all, so that
/// those who failed together do not come back together.
fn pause(attempts: u64, chance: u8) -> u64 {
    let longest = 1_u64.checked_shl(u32::try_from(attempts).unwrap_or(u32::MAX)).unwrap_or(MAX_PAUSE).min(MAX_PAUSE);
    let half = longest / 2;
    half.saturating_add(half.saturating_mul(u64::from(chance)) / 255)
}
