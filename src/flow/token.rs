//! The token endpoint: code -> token request; response -> tokens (RFC 6749 sections 4.1.3, 5 and 6).

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::error::{Code, Fault};
use crate::flow::authorize::write_resources;
use crate::flow::callback::{Answer, Refusal};
use crate::flow::config::asks_for_openid;
use crate::flow::id_token::{self, Claimed};
use crate::flow::setup::Setup;
use crate::flow::signature::{Trust, Unverified};
use crate::flow::tokens::{MOST_SECONDS, Session, is_access_token, is_refresh_token, seconds};
use crate::flow::transaction::{Transaction, TransactionParts};
use crate::http::Reply;
use crate::json;
use crate::table::{ODD, join};
use crate::tables::{ANSWER, Claims, Granted, REFUSAL, Refused, about};
use crate::text::{EMPTY, Write, after, digits, from_form, joined, number, number_or, parts, plain};
use crate::url::is_link;

/// What the token endpoint granted, checked.
pub(crate) enum Grant {
    /// The fields of the session. No ID token came with it.
    Tokens(Vec<u8>),
    /// The fields of [`Unverified`] and of the session: the signature of the ID token is still to be verified.
    Unverified(Vec<u8>),
}

/// Writes the form that redeems a code (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
pub(crate) fn redeem(transaction: &Transaction<'_>, code: &[u8], form: &mut Vec<u8>) {
    form.pairs(
        "grant_type code redirect_uri client_id code_verifier",
        &[
            b"authorization_code",
            code,
            transaction.redirect_uri(),
            transaction.client_id(),
            transaction.code_verifier(),
        ],
    );
    write_resources(transaction.resource(), form);
}

/// Writes the form that trades a refresh token for fresh tokens (RFC 6749 section 6).
///
/// # Errors
/// [`Code::RefreshTokenMissing`], [`Code::IssuerMismatch`]
pub(crate) fn refresh(setup: &Setup<'_>, session: &Session<'_>, form: &mut Vec<u8>) -> Result<(), Fault> {
    session.check_issuer(setup)?;
    if session.refresh_token().is_empty() {
        return Err(Code::RefreshTokenMissing.into());
    }
    form.pairs("grant_type refresh_token client_id", &[b"refresh_token", session.refresh_token(), setup.client_id()]);
    write_resources(session.resource(), form);
    Ok(())
}

/// What the answer to a refresh has to agree with, in the form in which a login says it.
pub(crate) fn renewal<'a>(setup: &Setup<'a>, session: &Session<'a>) -> Transaction<'a> {
    Transaction::of(TransactionParts {
        version: Transaction::VERSION,
        created_at: b"",
        expires_at: b"",
        state: b"",
        code_verifier: b"",
        nonce: b"",
        issuer: setup.issuer(),
        client_id: setup.client_id(),
        redirect_uri: b"",
        token_endpoint: setup.token_endpoint(),
        jwks_uri: setup.jwks_uri(),
        signing_algs: setup.signing_algs(),
        scope: session.scope(),
        max_age: b"",
        acr_values: b"",
        resource: session.resource(),
        iss_required: b"",
        return_to: b"",
        session_name: b"",
        is_silent: b"",
    })
}

/// Reads the answer of the token endpoint to the code of a login, or to the refresh of the session before, which is blank in a
/// login; `sent` is the form that was sent, and `now` is in seconds since 1970. What a refresh does not bring stays: the refresh token (RFC 6749 section 6),
/// the scope, the ID token.
///
/// # Errors
/// [`Code::ServerError`], [`Code::RedirectNotFollowed`], [`Code::TokenResponseInvalid`], [`Code::AccessTokenMissing`],
/// [`Code::TokenTypeUnsupported`], [`Code::IdTokenMissing`], [`Code::InsufficientUserAuthentication`] and the errors of the ID token
pub(crate) fn finish(
    setup: &Setup<'_>,
    transaction: &Transaction<'_>,
    before: &Session<'_>,
    sent: &[u8],
    reply: &Reply<'_>,
    now: u64,
) -> Result<Answer<Grant>, Fault> {
    let code = parts(sent, b'&').find_map(|pair| after(pair, b"code=")).and_then(from_form).unwrap_or_default();
    let secrets = [
        &code,
        transaction.code_verifier(),
        transaction.state(),
        transaction.nonce(),
        before.refresh_token(),
        before.access_token(),
        before.id_token(),
    ];
    if let Some(refusal) = refused(reply, Code::TokenRefused, &secrets)? {
        return Ok(Answer::Refused(refusal));
    }
    let fields = ANSWER.read(reply.body, Code::TokenResponseInvalid)?;
    let granted = Granted::of_table(&fields);
    if matches!(granted.access_token(), [] | [EMPTY]) {
        return Err(about!(AccessTokenMissing, ANSWER, "access_token"));
    }
    if !is_access_token(granted.access_token()) {
        return Err(about!(TokenResponseInvalid, ANSWER, "access_token"));
    }
    if !is_refresh_token(granted.refresh_token()) {
        return Err(about!(TokenResponseInvalid, ANSWER, "refresh_token"));
    }
    if granted.token_type().is_empty() {
        return Err(about!(TokenResponseInvalid, ANSWER, "token_type"));
    }
    if !granted.token_type().eq_ignore_ascii_case(b"bearer") {
        return Err(about!(TokenTypeUnsupported, ANSWER, "token_type"));
    }
    let (mut expires_in, mut expires_at) = (Vec::new(), Vec::new());
    if json::number_or_nan(granted.expires_in()) < 0.0 {
        return Err(about!(TokenResponseInvalid, ANSWER, "expires_in"));
    }
    // One that is beyond every clock is as if it were missing, which it may be.
    if let Some(lifetime) =
        seconds(granted.expires_in()).filter(|lifetime| now.saturating_add(*lifetime) < MOST_SECONDS)
    {
        expires_in = digits(lifetime);
        expires_at = digits(now.saturating_add(lifetime));
    }
    let claimed = read_id_token(setup, transaction, before, granted.id_token(), reply.clock(now), now)?;

    let refresh_token = if granted.refresh_token() == [EMPTY] { b"" } else { granted.refresh_token() };
    let session = [
        Session::VERSION,
        granted.access_token(),
        granted.token_type(),
        or(granted.scope(), transaction.scope()),
        or(refresh_token, before.refresh_token()),
        before.id_token(),
        before.id_token_verified_by(),
        transaction.resource(),
        &expires_at,
        &expires_in,
        or(granted.authorization_details(), before.authorization_details()),
        b"",
        b"",
        b"",
    ];
    Ok(Answer::Given(match claimed {
        Some(claimed) => {
            let trust =
                Trust { jwks_uri: transaction.jwks_uri(), voucher: setup.voucher(transaction.token_endpoint()) };
            Grant::Unverified(Unverified::new(&claimed, granted.id_token(), trust, &session, granted.access_token())?)
        }
        None => Grant::Tokens(join(&session)),
    }))
}

/// What came, or else what was there before.
const fn or<'a>(fresh: &'a [u8], before: &'a [u8]) -> &'a [u8] {
    if fresh.is_empty() { before } else { fresh }
}

/// Checks the ID token of an answer, where there is one, in everything but its signature.
fn read_id_token(
    setup: &Setup<'_>,
    transaction: &Transaction<'_>,
    before: &Session<'_>,
    id_token: &[u8],
    clock: u64,
    now: u64,
) -> Result<Option<Box<Claimed>>, Fault> {
    let is_login = before.access_token().is_empty();
    if id_token.is_empty() {
        return if is_login && asks_for_openid(transaction.scope()) {
            Err(about!(IdTokenMissing, ANSWER, "id_token"))
        } else {
            Ok(None)
        };
    }
    let claimed = id_token::validate(id_token, setup, transaction, clock)?;
    // The login was begun by this machine's clock, the user authenticated by the server's. Counted from the beginning
    // of the login: however long the user then takes, they are asked once.
    let begun = number_or(transaction.created_at(), 0);
    let earliest = number(transaction.max_age())
        .map(|max_age| begun.saturating_sub(max_age).saturating_add(clock).saturating_sub(now));
    id_token::check_authentication(&claimed.claims(), setup, earliest, transaction.acr_values(), clock)?;
    if !is_login {
        let fields = before.claims();
        check_same_login(&claimed.claims(), &Claims::of_table(&fields), setup)?;
    }
    Ok(Some(claimed))
}

/// A refreshed ID token is about the user of the first one, and newer; its nonce and `auth_time`, if any, are the same
/// (OpenID Connect Core section 12.2).
fn check_same_login(fresh: &Claims<'_>, before: &Claims<'_>, setup: &Setup<'_>) -> Result<(), Fault> {
    if before.sub().is_empty() {
        return Ok(());
    }
    if fresh.sub() != before.sub() {
        return Err(about!(IdTokenSubjectMismatch, CLAIMS, "sub"));
    }
    if !fresh.nonce().is_empty() && fresh.nonce() != before.nonce() {
        return Err(about!(IdTokenNonceMismatch, CLAIMS, "nonce"));
    }
    // The fresh one has an `iat`: it was validated.
    if json::number_or_nan(fresh.iat()) + setup.tolerance() < json::number_or_nan(before.iat()) {
        return Err(about!(IdTokenInvalid, CLAIMS, "iat"));
    }
    if !before.auth_time().is_empty() && !fresh.auth_time().is_empty() {
        let (fresh, before) = (json::number_or_nan(fresh.auth_time()), json::number_or_nan(before.auth_time()));
        // What is no number on both sides is the same, too.
        if fresh != before && !(fresh.is_nan() && before.is_nan()) {
            return Err(about!(IdTokenInvalid, CLAIMS, "auth_time"));
        }
    }
    Ok(())
}

/// What the server said of its refusal (RFC 6749 section 5.2), but for these secrets; `None` when the answer is a 200 in JSON.
///
/// # Errors
/// [`Code::ServerError`], [`Code::RedirectNotFollowed`], and [`Code::TokenResponseInvalid`] when it is neither
#[inline(never)]
pub(crate) fn refused(reply: &Reply<'_>, code: Code, secrets: &[&[u8]]) -> Result<Option<Box<Refusal>>, Fault> {
    reply.check_status()?;
    if !reply.is_json() {
        return Err(Code::TokenResponseInvalid.into());
    }
    if reply.status == 200 {
        return Ok(None);
    }
    let fields = REFUSAL.read(reply.body, Code::TokenResponseInvalid)?;
    let said = Refused::of_table(&fields);
    let text = |field: &[u8]| if field == [ODD] { Vec::new() } else { joined(&[plain(field)]) };
    if matches!(said.error(), [] | [ODD]) {
        return Err(Code::TokenResponseInvalid.into());
    }
    let uri = if is_link(said.error_uri()) { said.error_uri() } else { b"" };
    let refusal =
        Refusal { code, error: text(said.error()), description: text(said.error_description()), uri: text(uri) };
    Ok(Some(Box::new(refusal.without(secrets))))
}
