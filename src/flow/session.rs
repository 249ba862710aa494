//! What a signed-in application holds: when its tokens are refreshed, and what becomes of the session then.

use alloc::vec::Vec;

use crate::error::{Code, Fault};
use crate::flow::tokens::{Session, is_refresh_token, seconds};
use crate::http::Reply;
use crate::secret::matches;
use crate::table::ODD;
use crate::tables::{FAILED, FailedAs, ROTATED, Rotated, about};
use crate::text::{EMPTY, Write, contains, digits, joined, number, number_or, plain, same, words};

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

/// Seconds after which a refusal that may mean that the refresh token is dead ends the session when it comes again.
const MIN_DOUBT: u64 = 600;

/// Refusals that mean something else: the server at this moment, the client, or the request.
const NOT_THE_TOKEN: &[u8] =
    b"temporarily_unavailable server_error slow_down use_dpop_nonce invalid_dpop_proof invalid_client \
    unauthorized_client unsupported_grant_type invalid_scope invalid_target";

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
    let fields = failed(session);
    let wait = Code::from_place(number_or(FailedAs::of_table(&fields).code(), u64::MAX)).and_then(|code| {
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

/// How the last refresh failed: the fields of [`FailedAs`], with the place of the code.
pub(crate) fn failed(session: &Session<'_>) -> Vec<u8> {
    FAILED.read(session.failed(), Code::Internal).unwrap_or_default()
}

/// The fields of the session whose tokens are about to be refreshed. To be kept before the request is sent: so it is known afterwards
/// that the server may have put another refresh token in the place of this one.
pub(crate) fn begin_refresh(session: &Session<'_>) -> Vec<u8> {
    let attempts = digits(number_or(session.attempts(), 0).saturating_add(1));
    // How the one before failed is kept, for that tells when the same comes again.
    session.with_attempts(&[&attempts, session.failed(), b""])
}

/// How a refresh failed.
pub(crate) struct Failure<'a> {
    pub(crate) code: Code,
    /// What was told of it.
    pub(crate) told: &'a FailedAs<'a>,
    /// The answer; blank when none came.
    pub(crate) reply: Reply<'a>,
}

impl Failure<'_> {
    /// By what a refusal may mean that the refresh token is dead, although it does not say so (RFC 6749 section 5.2 has `invalid_grant` for that): its
    /// `error`, or that it has no body. Empty when it means something else, or comes from somebody in between.
    fn doubt(&self) -> &[u8] {
        let (error, status) = (self.told.oauth_error(), self.reply.status);
        match error {
            [] | [ODD] => {
                let is_bare = matches!(status, 400 | 401) && self.reply.body.trim_ascii().is_empty();
                if is_bare { &[EMPTY] } else { b"" }
            }
            _ if matches!(status, 200 | 400 | 401) && !contains(NOT_THE_TOKEN, error) => error,
            _ => b"",
        }
    }

    /// The refresh token of an answer that brought tokens which cannot be used: the server may have put it in the place of the one before.
    fn rotated(&self) -> Vec<u8> {
        if !matches!(self.reply.status, 200..=202) || !self.told.oauth_error().is_empty() {
            return Vec::new();
        }
        let fields = ROTATED.read(self.reply.body, self.code).unwrap_or_default();
        let token = plain(Rotated::of_table(&fields).refresh_token());
        if is_refresh_token(token) { joined(&[token]) } else { Vec::new() }
    }

    /// The same as JSON, to be told again while the next attempt waits; with the doubt, if any, and since when there is one.
    fn to_json(&self, doubt: &[u8], doubted_at: u64) -> Vec<u8> {
        let mut json = Vec::new();
        write_details(self.told, &mut json);
        json.members("doubt", &[doubt]);
        json.member(b"doubtedAt");
        json.number(doubted_at);
        json.member(b"code");
        json.number(self.code as u64);
        json.push(b'}');
        json
    }
}

/// The most bytes of a text that is told again.
const MOST_TOLD: usize = 500;

/// Writes the members that say more of a failure, as JavaScript has them.
pub(crate) fn write_details(told: &FailedAs<'_>, json: &mut Vec<u8>) {
    let texts = told.fields().get(6..).unwrap_or_default();
    for (name, text) in words("subject found url oauthError oauthErrorDescription oauthErrorUri").zip(texts) {
        if !matches!(text, [] | [ODD]) && text.len() <= MOST_TOLD {
            json.member(name);
            json.string(plain(text));
        }
    }
    if let Some(status) = seconds(told.status()) {
        json.member(b"status");
        json.number(status);
    }
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

/// What becomes of the session that is `kept` now after the refresh of the one that was `sent`. The server's own refusal of the refresh token ends
/// it (RFC 6749 section 5.2), an ID token of another user or issuer, and the loss of the key that it is bound to. So does a refusal that may mean the same and came again ten minutes later, when the
/// access token does not serve any more. `now` is in seconds since 1970, and `chance` any number.
pub(crate) fn conclude(
    sent: &Session<'_>,
    kept: Option<&Session<'_>>,
    failure: Option<&Failure<'_>>,
    now: u64,
    chance: u8,
) -> Kept {
    let token = sent.refresh_token();
    if token.is_empty() || !kept.is_some_and(|kept| matches(kept.refresh_token(), token)) {
        return Kept::Other;
    }
    let Some(failure) = failure else { return Kept::Fresh };
    let (code, told) = (failure.code, failure.told);
    let attempts = number_or(sent.attempts(), 0);
    if code == Code::TokenRefused && same(told.oauth_error(), b"invalid_grant") {
        return Kept::Ended(if attempts > 1 { Code::RefreshInterrupted } else { Code::SessionExpired });
    }
    if matches!(code, Code::IdTokenSubjectMismatch | Code::IdTokenIssuerMismatch | Code::DpopKeyMissing) {
        return Kept::Ended(code);
    }
    let fields = failed(sent);
    let before = FailedAs::of_table(&fields);
    let (mut doubt, mut since) = (before.doubt(), seconds(before.doubted_at()).unwrap_or(u64::MAX));
    let found = failure.doubt();
    // What means something else says nothing of it.
    if !found.is_empty() {
        if found != doubt || since > now {
            (doubt, since) = (found, now);
        }
        let is_spent =
            freshness_of(sent, now) == Freshness::Expired || sent.expires_at().is_empty() && !told.refused().is_empty();
        if is_spent && now.saturating_sub(since) >= MIN_DOUBT {
            return Kept::Ended(Code::SessionExpired);
        }
    }
    let seconds = pause(attempts, chance).max(seconds(told.retry_after()).unwrap_or(0)).min(MAX_RETRY_AFTER);
    let (json, retry_at) = (failure.to_json(doubt, since), digits(now.saturating_add(seconds)));
    let rotated = failure.rotated();
    let still = sent.with_refresh_token(if rotated.is_empty() { token } else { &rotated });
    Kept::Still(still.with_attempts(&[sent.attempts(), &json, &retry_at]), seconds)
}

/// Seconds between that attempt and the next: twice as many each time, and of those by chance between half and all, so that
/// those who failed together do not come back together.
fn pause(attempts: u64, chance: u8) -> u64 {
    let longest = 1_u64.checked_shl(u32::try_from(attempts).unwrap_or(u32::MAX)).unwrap_or(MAX_PAUSE).min(MAX_PAUSE);
    let half = longest / 2;
    half.saturating_add(half.saturating_mul(u64::from(chance)) / 255)
}
