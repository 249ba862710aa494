//! The token endpoint: code -> token request; response -> tokens (RFC 6749 sections 4.1.3, 5 and 6).

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::error::{Code, Fault};
use crate::flow::authorize::write_resources;
use crate::flow::callback::{Answer, Refusal, Said, without};
use crate::flow::config::asks_for_openid;
use crate::flow::id_token::{self, Claimed};
use crate::flow::setup::Setup;
use crate::flow::signature::{Trust, Unverified};
use crate::flow::tokens::{MOST_SECONDS, Session, is_access_token, is_refresh_token, seconds};
use crate::flow::transaction::{Transaction, TransactionParts};
use crate::http::Reply;
use crate::json::{self, Json};
use crate::table::{LIST, ODD, field, join};
use crate::tables::{ANSWER, Claims, Granted, REFUSAL, Refused, about};
use crate::text::{EMPTY, Write, digits, joined, number, number_or, parts, plain};
use crate::url::{Url, is_link};

/// What the token endpoint granted, checked.
pub(crate) enum Grant {
    /// The fields of the session. No ID token came with it.
    Tokens(Vec<u8>),
    /// The fields of [`Unverified`] and of the session: the signature of the ID token is still to be verified.
    Unverified(Vec<u8>),
}

/// Writes the form that redeems a code (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
pub(crate) fn redeem(setup: &Setup<'_>, transaction: &Transaction<'_>, code: &[u8], form: &mut Vec<u8>) {
    form.pairs(
        "grant_type code redirect_uri client_id client_secret code_verifier",
        &[
            b"authorization_code",
            code,
            transaction.redirect_uri(),
            transaction.client_id(),
            setup.public_client_secret(),
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
    let values =
        [b"refresh_token".as_slice(), session.refresh_token(), setup.client_id(), setup.public_client_secret()];
    form.pairs("grant_type refresh_token client_id client_secret", &values);
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
        dpop_jkt: session.jkt(),
    })
}

/// Reads the answer of the token endpoint to the code of a login, or to the refresh of the session before, which is blank in a
/// login; `said` is what the callback said, blank in a refresh, and `now` is in seconds since 1970. What a refresh does not bring stays: the refresh token (RFC 6749 section 6),
/// the scope, the ID token.
///
/// # Errors
/// [`Code::ServerError`], [`Code::RedirectNotFollowed`], [`Code::TokenResponseInvalid`], [`Code::AccessTokenMissing`],
/// [`Code::TokenTypeUnsupported`], [`Code::IdTokenMissing`], [`Code::InsufficientUserAuthentication`] and the errors of the ID token
pub(crate) fn finish(
    setup: &Setup<'_>,
    transaction: &Transaction<'_>,
    before: &Session<'_>,
    said: &Said<'_>,
    reply: &Reply<'_>,
    now: u64,
) -> Result<Answer<Grant>, Fault> {
    let secrets =
        [said.code(), transaction.code_verifier(), transaction.state(), before.refresh_token(), before.access_token()];
    if let Some(refusal) = refused(reply, Code::TokenRefused, &secrets)? {
        return Ok(Answer::Refused(refusal));
    }
    if !is_success(reply, transaction.token_endpoint()) {
        return Err(Code::TokenResponseInvalid.into());
    }
    let mut extra = Vec::new();
    // A mark before each member, one behind its name, and one at the end.
    let most = MOST_EXTRA.wrapping_sub(2);
    let fields = ANSWER.divide(Json::new(reply.body), Json::default(), Code::TokenResponseInvalid, most, &mut extra)?;
    if !extra.is_empty() {
        extra.push(b'}');
    }
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
    let jkt = transaction.dpop_jkt();
    let is_bearer = granted.token_type().eq_ignore_ascii_case(b"bearer");
    let binding = match granted.token_type() {
        // Nothing here could make a key.
        _ if is_bearer && jkt.is_empty() && before.access_token().is_empty() && setup.is_bound() => UNAVAILABLE,
        _ if is_bearer && jkt.is_empty() => before.binding(),
        _ if is_bearer && setup.is_bound() && setup.may_bear() => NOT_BOUND,
        // A token that anybody can use in the place of one that is bound (RFC 9449 section 5).
        kind if !jkt.is_empty() && kind.eq_ignore_ascii_case(b"dpop") => jkt,
        _ => return Err(about!(TokenTypeUnsupported, ANSWER, "token_type")),
    };
    let mut scope = Vec::new();
    for element in parts(granted.scope(), LIST).map(plain) {
        if element == [ODD] {
            return Err(about!(TokenResponseInvalid, ANSWER, "scope"));
        }
        if !(scope.is_empty() || element.is_empty()) {
            scope.push(b' ');
        }
        scope.text(element);
    }
    let (mut expires_in, mut expires_at) = (Vec::new(), Vec::new());
    let lifetime = json::parse(granted.expires_in()).unwrap_or_default().raw();
    // What is negative has expired. What is no number, or beyond every clock, is as if it were missing, which it may be.
    let lifetime = if lifetime.first() == Some(&b'-') { b"0" } else { lifetime };
    if let Some(lifetime) = seconds(lifetime).filter(|lifetime| now.saturating_add(*lifetime) < MOST_SECONDS) {
        expires_in = digits(lifetime);
        expires_at = digits(now.saturating_add(lifetime));
    }
    // A login with openid has an ID token, and so has every session that it led to.
    let is_due = before.access_token().is_empty() && asks_for_openid(transaction.scope());
    let is_needed = is_due || !before.id_token().is_empty();
    let clocks = (reply.clock(now), now);
    let claimed = match read_id_token(setup, transaction, before, said.iss(), granted.id_token(), is_due, clocks) {
        // Nobody asked for it: one that is not right is as if it were not there.
        Err(_) if !is_needed => None,
        checked => checked?,
    };

    let refresh_token = if granted.refresh_token() == [EMPTY] { b"" } else { granted.refresh_token() };
    let session = [
        Session::VERSION,
        granted.access_token(),
        granted.token_type(),
        if granted.scope().is_empty() { transaction.scope() } else { field(&scope) },
        or(refresh_token, before.refresh_token()),
        before.id_token(),
        before.id_token_verified_by(),
        transaction.resource(),
        &expires_at,
        &expires_in,
        or(granted.authorization_details(), before.authorization_details()),
        or(&extra, before.extra()),
        binding,
        b"",
        b"",
        b"",
    ];
    Ok(Answer::Given(match claimed {
        Some((claimed, is_other)) => {
            let trust = Trust {
                jwks_uri: transaction.jwks_uri(),
                voucher: setup.voucher(transaction.token_endpoint()),
                dropped: if is_other { b"1" } else { b"" },
                registered: setup.signed_response_alg(),
                issuer: issuer_of_keys(setup, claimed.claims().iss()),
                optional: if is_needed { b"" } else { b"1" },
            };
            Grant::Unverified(Unverified::new(&claimed, granted.id_token(), trust, &session, granted.access_token())?)
        }
        None => Grant::Tokens(join(&session)),
    }))
}

/// The issuer that a key has to serve: none where there can be one alone.
pub(crate) fn issuer_of_keys<'a>(setup: &Setup<'_>, iss: &'a [u8]) -> &'a [u8] {
    if setup.accept_issuer().is_empty() { b"" } else { iss }
}

/// What came, or else what was there before.
const fn or<'a>(fresh: &'a [u8], before: &'a [u8]) -> &'a [u8] {
    if fresh.is_empty() { before } else { fresh }
}

/// Checks the ID token of an answer, where there is one, in everything but its signature; and whether it is of another authentication than the
/// session, so that the one before stays. Where it is due, there has to be one.
fn read_id_token(
    setup: &Setup<'_>,
    transaction: &Transaction<'_>,
    before: &Session<'_>,
    issuer: &[u8],
    id_token: &[u8],
    is_due: bool,
    (clock, now): (u64, u64),
) -> Result<Option<(Box<Claimed>, bool)>, Fault> {
    match id_token {
        [] if is_due => return Err(about!(IdTokenMissing, ANSWER, "id_token")),
        [] => return Ok(None),
        [EMPTY] if !is_due => return Ok(None),
        [ODD] => return Err(about!(TokenResponseInvalid, ANSWER, "id_token")),
        _ => {}
    }
    let fields = before.claims();
    let claims_before = Claims::of_table(&fields);
    // One and the same from the callback to the last refresh.
    let issuer = or(issuer, claims_before.iss());
    let claimed = id_token::validate(id_token, setup, transaction, issuer, clock)?;
    let claims = claimed.claims();
    let mut is_other = false;
    if before.access_token().is_empty() {
        id_token::check_auth_time(&claims)?;
        // The login was begun by this machine's clock, the user authenticated by the server's. Counted from the beginning
        // of the login: however long the user then takes, they are asked once.
        let begun = number_or(transaction.created_at(), 0);
        let earliest = number(transaction.max_age())
            .map(|max_age| begun.saturating_sub(max_age).saturating_add(clock).saturating_sub(now));
        id_token::check_authentication(&claims, setup, earliest, transaction.acr_values(), clock)?;
    } else {
        is_other = is_of_another_login(&claims, &claims_before, setup)?;
    }
    Ok(Some((claimed, is_other)))
}

/// Whether a refreshed ID token tells of another authentication than the one before: its nonce and `auth_time`, if any, are the same (OpenID Connect
/// Core section 12.2). Then it is not used; the tokens beside it are. It is about the same user in any case, and newer.
fn is_of_another_login(fresh: &Claims<'_>, before: &Claims<'_>, setup: &Setup<'_>) -> Result<bool, Fault> {
    let is_first = before.sub().is_empty();
    if !is_first && fresh.sub() != before.sub() {
        return Err(about!(IdTokenSubjectMismatch, CLAIMS, "sub"));
    }
    // The fresh one has an `iat`: it was validated.
    if json::number_or_nan(fresh.iat()) + setup.tolerance() < json::number_or_nan(before.iat()) {
        return Err(about!(IdTokenInvalid, CLAIMS, "iat"));
    }
    let has_other_nonce = !is_first && !fresh.nonce().is_empty() && fresh.nonce() != before.nonce();
    let (fresh_time, time) = (json::number_or_nan(fresh.auth_time()), json::number_or_nan(before.auth_time()));
    // What is no number on both sides is the same, too.
    let has_both = !(before.auth_time().is_empty() || fresh.auth_time().is_empty());
    let has_other_time = has_both && fresh_time != time && !(fresh_time.is_nan() && time.is_nan());
    Ok(has_other_nonce || has_other_time || id_token::check_auth_time(fresh).is_err())
}

/// Why tokens are not bound although that was preferred: no key could be made, and the server binds none.
const UNAVAILABLE: &[u8] = b"unavailable";
const NOT_BOUND: &[u8] = b"server";

/// The most bytes of the members that nothing here reads.
const MOST_EXTRA: usize = 4096;

/// Whether the answer is a success. Over TLS, or within this machine, it is the server's own whatever its header calls it, and a server that has made
/// something says 201: the body decides. Elsewhere it is as RFC 6749 section 5.1 has it.
fn is_success(reply: &Reply<'_>, endpoint: &[u8]) -> bool {
    if Url::parse(endpoint).is_some_and(|url| url.is_secure()) {
        matches!(reply.status, 200..=202)
    } else {
        reply.status == 200 && reply.is_json()
    }
}

/// What the server said of its refusal (RFC 6749 section 5.2), but for these secrets; `None` when it said nothing of one. Its words are shown and never
/// trusted: they are read whatever the status and the content type, and of a server that failed too.
///
/// # Errors
/// [`Code::RedirectNotFollowed`], and [`Code::ServerError`] of one that said nothing
#[inline(never)]
pub(crate) fn refused(reply: &Reply<'_>, code: Code, secrets: &[&[u8]]) -> Result<Option<Box<Refusal>>, Fault> {
    let status = reply.check_status();
    let code = match status {
        Ok(()) => code,
        Err(fault) if fault.code() == Code::ServerError => Code::ServerError,
        Err(fault) => return Err(fault),
    };
    // What is no JSON object has no members.
    let fields = REFUSAL.read(reply.body, code).unwrap_or_default();
    let said = Refused::of_table(&fields);
    let error = Json::new(said.error());
    // No specification has an object there, but servers do.
    let object = REFUSAL.take(error, code).unwrap_or_default();
    let object = Refused::of_table(&object);
    let mut word = shown(object.kind());
    let mut description = shown(object.message());
    let is_object = !description.is_empty();
    if error.text(&mut word).is_some() {
        description = shown(said.error_description());
    }
    let is_said = is_object || !word.is_empty();
    if !is_said {
        return status.map(|()| None);
    }
    let uri = if is_link(said.error_uri()) { said.error_uri() } else { b"" };
    let [error, description, uri] = [&*word, &*description, uri].map(|text| without(secrets, text));
    Ok(Some(Box::new(Refusal { code, error, description, uri })))
}

/// The text of a member that may be anything.
fn shown(field: &[u8]) -> Vec<u8> {
    if field == [ODD] { Vec::new() } else { joined(&[plain(field)]) }
}
