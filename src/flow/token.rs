//! The token endpoint: code -> token request; response -> tokens (RFC 6749 sections 4.1.3, 5 and 6).

use alloc::vec::Vec;

use crate::error::{Code, Fault};
use crate::flow::authorize::resources;
use crate::flow::callback::{Answer, Refusal};
use crate::flow::config::asks_for_openid;
use crate::flow::id_token::{self, Claimed, Expected};
use crate::flow::setup::Setup;
use crate::flow::signature::{self, Unverified};
use crate::flow::tokens::{Session, SessionParts, seconds};
use crate::flow::transaction::Transaction;
use crate::http::Reply;
use crate::json;
use crate::table::{EMPTY, plain};
use crate::tables::{ANSWER, Claims, Granted, REFUSAL, Refused, about};
use crate::text::{Write, number};
use crate::url::is_link;

/// What a token request was sent for, and with what its answer has to agree.
#[derive(Clone, Copy)]
pub(crate) enum Purpose<'a> {
    /// To redeem the code of a login.
    Login(&'a Transaction<'a>),
    /// To refresh a session.
    Refresh(&'a Session<'a>),
}

/// What the token endpoint granted, checked.
pub(crate) enum Grant {
    /// The fields of the session, and its claims. No ID token came with it.
    Tokens(Vec<u8>, Vec<u8>),
    /// The fields of [`Unverified`] and of the session: the signature of the ID token is still to be verified.
    Unverified(Vec<u8>),
}

/// Writes the form that redeems a code (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
pub(crate) fn redeem(transaction: &Transaction<'_>, code: &[u8], form: &mut Vec<u8>) {
    for (name, value) in [
        (b"grant_type".as_slice(), b"authorization_code".as_slice()),
        (b"code", code),
        (b"redirect_uri", transaction.redirect_uri()),
        (b"client_id", transaction.client_id()),
        (b"code_verifier", transaction.code_verifier()),
    ]
    .into_iter()
    .chain(resources(transaction.resource()))
    {
        form.pair(name, value);
    }
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
    for (name, value) in [
        (b"grant_type".as_slice(), b"refresh_token".as_slice()),
        (b"refresh_token", session.refresh_token()),
        (b"client_id", setup.client_id()),
    ]
    .into_iter()
    .chain(resources(session.resource()))
    {
        form.pair(name, value);
    }
    Ok(())
}

/// Reads the answer of the token endpoint; `now` is in seconds since 1970.
///
/// # Errors
/// [`Code::ServerError`], [`Code::RedirectNotFollowed`], [`Code::TokenResponseInvalid`], [`Code::AccessTokenMissing`],
/// [`Code::TokenTypeUnsupported`], [`Code::IdTokenMissing`], [`Code::InsufficientUserAuthentication`] and the errors of the ID token
pub(crate) fn finish(
    setup: &Setup<'_>,
    purpose: Purpose<'_>,
    reply: &Reply<'_>,
    now: u64,
) -> Result<Answer<Grant>, Fault> {
    if let Some(refusal) = refused(reply, Code::TokenRefused)? {
        return Ok(Answer::Refused(refusal));
    }
    let fields = ANSWER.read(reply.body, Code::TokenResponseInvalid)?;
    let granted = Granted::of_table(&fields);
    if matches!(granted.access_token(), [] | [EMPTY]) {
        return Err(about!(AccessTokenMissing, ANSWER, "access_token"));
    }
    if granted.token_type().is_empty() {
        return Err(about!(TokenResponseInvalid, ANSWER, "token_type"));
    }
    if !granted.token_type().eq_ignore_ascii_case(b"bearer") {
        return Err(about!(TokenTypeUnsupported, ANSWER, "token_type"));
    }
    let (mut expires_in, mut expires_at) = (Vec::new(), Vec::new());
    if !granted.expires_in().is_empty() {
        let lifetime = seconds(granted.expires_in()).ok_or(about!(TokenResponseInvalid, ANSWER, "expires_in"))?;
        expires_in.number(lifetime);
        expires_at.number(now.saturating_add(lifetime));
    }
    let clock = reply.clock(now);
    let claimed = read_id_token(setup, purpose, &granted, clock, now)?;

    let fresh = Session::with(SessionParts {
        version: b"",
        access_token: granted.access_token(),
        token_type: granted.token_type(),
        expires_at: &expires_at,
        expires_in: &expires_in,
        scope: granted.scope(),
        refresh_token: if granted.refresh_token() == [EMPTY] { b"" } else { granted.refresh_token() },
        id_token: b"",
        id_token_verified_by: b"",
        resource: b"",
        authorization_details: granted.authorization_details(),
        attempts: b"",
        failed: b"",
        retry_at: b"",
    });
    let (session, jwks_uri, signing_endpoint) = match purpose {
        Purpose::Login(transaction) => {
            let parts = SessionParts { resource: transaction.resource(), ..fresh.parts() };
            let scope = if parts.scope.is_empty() { transaction.scope() } else { parts.scope };
            let session = Session::of(SessionParts { scope, ..parts });
            (session, transaction.jwks_uri(), transaction.token_endpoint())
        }
        Purpose::Refresh(before) => (after_refresh(&fresh, before), setup.jwks_uri(), setup.token_endpoint()),
    };
    Ok(Answer::Given(match claimed {
        Some(claimed) => Grant::Unverified(Unverified::new(
            &claimed,
            granted.id_token(),
            signature::Trust { jwks_uri, voucher: setup.voucher(signing_endpoint) },
            &session,
        )?),
        None => Grant::Tokens(session.to_fields(), session.claims_text().unwrap_or_default()),
    }))
}

/// What a refresh does not bring stays: the refresh token (RFC 6749 section 6), the scope, the ID token.
const fn after_refresh<'a>(fresh: &Session<'a>, before: &Session<'a>) -> Session<'a> {
    const fn or<'a>(fresh: &'a [u8], before: &'a [u8]) -> &'a [u8] {
        if fresh.is_empty() { before } else { fresh }
    }
    Session::of(SessionParts {
        scope: or(fresh.scope(), before.scope()),
        refresh_token: or(fresh.refresh_token(), before.refresh_token()),
        id_token: before.id_token(),
        id_token_verified_by: before.id_token_verified_by(),
        resource: before.resource(),
        authorization_details: or(fresh.authorization_details(), before.authorization_details()),
        ..fresh.parts()
    })
}

/// Checks the ID token of an answer, where there is one, in everything but its signature.
fn read_id_token(
    setup: &Setup<'_>,
    purpose: Purpose<'_>,
    granted: &Granted<'_>,
    clock: u64,
    now: u64,
) -> Result<Option<Claimed>, Fault> {
    if granted.id_token().is_empty() {
        return match purpose {
            Purpose::Login(transaction) if asks_for_openid(transaction.scope()) => {
                Err(about!(IdTokenMissing, ANSWER, "id_token"))
            }
            _ => Ok(None),
        };
    }
    let expected = match purpose {
        Purpose::Login(transaction) => Expected {
            setup,
            issuer: transaction.issuer(),
            client_id: transaction.client_id(),
            nonce: transaction.nonce(),
            signing_algs: transaction.signing_algs(),
            now: clock,
        },
        Purpose::Refresh(_) => Expected {
            setup,
            issuer: setup.issuer(),
            client_id: setup.client_id(),
            nonce: b"",
            signing_algs: setup.signing_algs(),
            now: clock,
        },
    };
    let claimed = id_token::validate(granted.id_token(), &expected)?;
    match purpose {
        Purpose::Login(transaction) => {
            // The login was begun by this machine's clock, the user authenticated by the server's. Counted from the beginning
            // of the login: however long the user then takes, they are asked once.
            let begun = number(transaction.created_at()).unwrap_or_default();
            let earliest = number(transaction.max_age())
                .map(|max_age| begun.saturating_sub(max_age).saturating_add(clock).saturating_sub(now));
            id_token::check_authentication(&claimed.claims(), setup, earliest, transaction.acr_values(), clock)?;
        }
        Purpose::Refresh(session) => {
            let before = session.claims();
            check_same_login(&claimed.claims(), &Claims::of_table(&before), setup)?;
        }
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
    let tolerance = id_token::seconds(number(setup.clock_tolerance()).unwrap_or_default());
    if json::number(fresh.iat()).map(|iat| iat + tolerance) < json::number(before.iat()) {
        return Err(about!(IdTokenInvalid, CLAIMS, "iat"));
    }
    if !before.auth_time().is_empty()
        && !fresh.auth_time().is_empty()
        && json::number(fresh.auth_time()) != json::number(before.auth_time())
    {
        return Err(about!(IdTokenInvalid, CLAIMS, "auth_time"));
    }
    Ok(())
}

/// What the server said of its refusal (RFC 6749 section 5.2); `None` when the answer is a 200 in JSON.
///
/// # Errors
/// [`Code::ServerError`], [`Code::RedirectNotFollowed`], and [`Code::TokenResponseInvalid`] when it is neither
pub(crate) fn refused(reply: &Reply<'_>, code: Code) -> Result<Option<Refusal>, Fault> {
    reply.check_status()?;
    if !reply.is_json() {
        return Err(Code::TokenResponseInvalid.into());
    }
    if reply.status == 200 {
        return Ok(None);
    }
    let fields = REFUSAL.read(reply.body, Code::TokenResponseInvalid)?;
    let said = Refused::of_table(&fields);
    let text = |field: &[u8]| if field == [crate::table::ODD] { Vec::new() } else { Vec::from(plain(field)) };
    if matches!(said.error(), [] | [crate::table::ODD]) {
        return Err(Code::TokenResponseInvalid.into());
    }
    let uri = if is_link(said.error_uri()) { text(said.error_uri()) } else { Vec::new() };
    Ok(Some(Refusal { code, error: text(said.error()), description: text(said.error_description()), uri }))
}
