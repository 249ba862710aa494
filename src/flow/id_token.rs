//! The ID token, but for its signature (OpenID Connect Core sections 2 and 3.1.3.7).

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::encoding::{sha256, write_base64url_to};
use crate::error::{Code, Fault};
use crate::flow::algorithm::{Algorithm, is_symmetric};
use crate::flow::setup::Setup;
use crate::flow::transaction::Transaction;
use crate::json;
use crate::jwt::Jwt;
use crate::secret::matches;
use crate::table::{FIELD, LIST};
use crate::table::{elements, has_element};
use crate::tables::{ANSWER, Granted};
use crate::tables::{CLAIMS, Claims, HEADER, Header, about};
use crate::text::{EMPTY, contains, plain};
use crate::text::{is_utf8, parts};

/// What an ID token says, before its signature was verified.
pub(crate) struct Claimed {
    /// The claims, a JSON text.
    pub(crate) text: Vec<u8>,
    /// The fields of [`Claims`].
    pub(crate) claims: Vec<u8>,
    /// The fields of [`Header`].
    pub(crate) header: Vec<u8>,
}

impl Claimed {
    pub(crate) fn claims(&self) -> Claims<'_> {
        Claims::of_table(&self.claims)
    }

    pub(crate) fn header(&self) -> Header<'_> {
        Header::of_table(&self.header)
    }

    /// Decodes a token, and sees to it that its signature is one that may count: only asymmetric ones, for a public client has
    /// no key for HS*, and none is no signature.
    ///
    /// # Errors
    /// `invalid`, naming the header parameter
    pub(crate) fn decode(token: &[u8], invalid: Code) -> Result<Box<Self>, Fault> {
        let Jwt { header, claims: text } = Jwt::decode(token).ok_or(invalid)?;
        // What is no JSON object is no token, and no member of one is at fault.
        let header = HEADER.read(&header, invalid)?;
        let claims = CLAIMS.read(&text, invalid)?;
        let claimed = Box::new(Self { text, claims, header });
        let header = claimed.header();
        if is_symmetric(header.alg()) && invalid == Code::IdTokenInvalid {
            return Err(about!(IdTokenAlgUnsupported, HEADER, "alg"));
        }
        if Algorithm::from_alg(header.alg()).is_none() {
            return Err(about!(IdTokenInvalid, HEADER, "alg").with_code(invalid));
        }
        // An extension that must be understood is not (RFC 7515 section 4.1.11).
        if !header.crit().is_empty() {
            return Err(about!(IdTokenInvalid, HEADER, "crit").with_code(invalid));
        }
        Ok(claimed)
    }
}

/// Checks everything of an ID token but its signature, against what the login asked for. `issuer` is the one that is known already, by the callback or by the
/// session, and empty when any serves that the application accepts; a tenant in it is the claim `tid`. `now` is in seconds since 1970, by the
/// server's clock.
///
/// # Errors
/// [`Code::IdTokenInvalid`], [`Code::IdTokenIssuerMismatch`], [`Code::IdTokenAudienceMismatch`], [`Code::IdTokenNonceMismatch`],
/// [`Code::IdTokenExpired`], [`Code::IdTokenNotYetValid`]
pub(crate) fn validate(
    id_token: &[u8],
    setup: &Setup<'_>,
    expected: &Transaction<'_>,
    issuer: &[u8],
    now: u64,
) -> Result<Box<Claimed>, Fault> {
    let claimed = Claimed::decode(id_token, Code::IdTokenInvalid)?;
    let claims = claimed.claims();
    let alg = claimed.header().alg();

    // Of the algorithms the one that was registered, or else none that the server does not say it makes (steps 6 to 8).
    let (registered, listed) = (setup.signed_response_alg(), expected.signing_algs());
    // What the application knows of its registration counts before what the server says of all clients.
    let is_expected =
        if registered.is_empty() { listed.is_empty() || has_element(listed, alg) } else { registered == alg };
    if !is_expected {
        return Err(about!(IdTokenInvalid, HEADER, "alg"));
    }

    let tenant = setup.accepts(claims.iss()).filter(|_| issuer.is_empty() || claims.iss() == issuer);
    let Some(tenant) = tenant else {
        return Err(if is_text(claims.iss()) {
            about!(IdTokenIssuerMismatch, CLAIMS, "iss")
        } else {
            about!(IdTokenInvalid, CLAIMS, "iss")
        });
    };
    if !tenant.is_empty() && claims.tid() != tenant {
        return Err(about!(IdTokenIssuerMismatch, CLAIMS, "tid"));
    }
    check_audience(&claims, expected.client_id(), setup.trusted_audiences())?;

    let tolerance = setup.tolerance();
    let (earliest, latest) = (seconds(now) - tolerance, seconds(now) + tolerance);
    if time(claims.exp(), about!(IdTokenInvalid, CLAIMS, "exp"))? <= earliest {
        return Err(about!(IdTokenExpired, CLAIMS, "exp"));
    }
    if time(claims.iat(), about!(IdTokenInvalid, CLAIMS, "iat"))? > latest {
        return Err(about!(IdTokenNotYetValid, CLAIMS, "iat"));
    }
    // RFC 7519 section 4.1.5.
    if !claims.nbf().is_empty() && time(claims.nbf(), about!(IdTokenInvalid, CLAIMS, "nbf"))? > latest {
        return Err(about!(IdTokenNotYetValid, CLAIMS, "nbf"));
    }
    if !expected.nonce().is_empty() && claims.nonce() != expected.nonce() {
        return Err(about!(IdTokenNonceMismatch, CLAIMS, "nonce"));
    }
    if !is_subject(claims.sub()) {
        return Err(about!(IdTokenInvalid, CLAIMS, "sub"));
    }
    Ok(claimed)
}

/// Whether a claim that is read leniently is a text at all.
fn is_text(claim: &[u8]) -> bool {
    !matches!(claim, [] | [crate::table::ODD])
}

/// The time that a claim is, in seconds since 1970; a number that no clock can show is none.
#[inline(always)]
pub(crate) fn time(claim: &[u8], invalid: Fault) -> Result<f64, Fault> {
    let time = json::number_or_nan(claim);
    if time.abs() <= json::MOST_EXACT { Ok(time) } else { Err(invalid) }
}

/// At most 255 ASCII characters, and one at least (OpenID Connect Core section 2).
fn is_subject(sub: &[u8]) -> bool {
    matches!(sub.len(), 1..=255) && sub.iter().all(u8::is_ascii)
}

/// This client has to be an audience, beside none but those that the application trusts (steps 3 to 5). An `azp` has to name this
/// client; where there are others it has to be there.
fn check_audience(claims: &Claims<'_>, client_id: &[u8], trusted: &[u8]) -> Result<(), Fault> {
    if claims.aud().is_empty() {
        return Err(about!(IdTokenInvalid, CLAIMS, "aud"));
    }
    let (mut is_for_us, mut has_others) = (false, false);
    for audience in elements(claims.aud()) {
        if audience == client_id {
            is_for_us = true;
        } else if has_element(trusted, audience) {
            has_others = true;
        } else {
            return Err(about!(IdTokenAudienceMismatch, CLAIMS, "aud"));
        }
    }
    if !is_for_us {
        return Err(about!(IdTokenAudienceMismatch, CLAIMS, "aud"));
    }
    if (has_others || !claims.azp().is_empty()) && claims.azp() != client_id {
        return Err(about!(IdTokenAudienceMismatch, CLAIMS, "azp"));
    }
    Ok(())
}

/// What the ID token of an answer says where it is at fault, a list separated by spaces: of its issuer, audiences and algorithm, no more.
pub(crate) fn said(fault: Fault, answer: &[u8]) -> Option<Vec<u8>> {
    let place = fault.place();
    let fields = ANSWER.read(answer, fault.code()).ok()?;
    let token = Jwt::decode(plain(Granted::of_table(&fields).id_token()))?;
    let (table, text, first) = if place == HEADER.place("alg") {
        (HEADER, token.header, HEADER.place("alg"))
    } else if [CLAIMS.place("iss"), CLAIMS.place("aud"), CLAIMS.place("azp"), CLAIMS.place("tid")].contains(&place) {
        (CLAIMS, token.claims, CLAIMS.place("iss"))
    } else {
        return None;
    };
    let fields = table.read(&text, fault.code()).ok()?;
    let field = parts(&fields, FIELD).nth(usize::from(place.checked_sub(first)?))?;
    let said = parts(field, LIST).map(plain).filter(|element| !element.is_empty()).collect::<Vec<_>>().join(&b' ');
    (!said.is_empty() && is_utf8(&said)).then_some(said)
}

/// Checks that the time of the authentication, which is read later for one reason or another, is one that a clock can show.
///
/// # Errors
/// [`Code::IdTokenInvalid`]
pub(crate) fn check_auth_time(claims: &Claims<'_>) -> Result<(), Fault> {
    let is_odd = json::number_or_nan(claims.auth_time()).abs() > json::MOST_EXACT;
    if is_odd { Err(about!(IdTokenInvalid, CLAIMS, "auth_time")) } else { Ok(()) }
}

/// Checks that the user was authenticated as the login requires (steps 12 and 13): no earlier than that, and by one of
/// those values of `acr`: by any where that is an empty text, however where it is not there. The times are in seconds since 1970.
///
/// # Errors
/// [`Code::IdTokenInvalid`] when `auth_time` is missing, [`Code::InsufficientUserAuthentication`]
pub(crate) fn check_authentication(
    claims: &Claims<'_>,
    setup: &Setup<'_>,
    earliest: Option<u64>,
    acr_values: &[u8],
    now: u64,
) -> Result<(), Fault> {
    if let Some(earliest) = earliest {
        let auth_time = time(claims.auth_time(), about!(IdTokenInvalid, CLAIMS, "auth_time"))?;
        let tolerance = setup.tolerance();
        if auth_time < seconds(earliest) - tolerance || auth_time > seconds(now) + tolerance {
            return Err(about!(InsufficientUserAuthentication, CLAIMS, "auth_time"));
        }
    }
    let serves = if acr_values == [EMPTY] { is_text(plain(claims.acr())) } else { contains(acr_values, claims.acr()) };
    if !(acr_values.is_empty() || serves) {
        return Err(about!(InsufficientUserAuthentication, CLAIMS, "acr"));
    }
    Ok(())
}

/// Checks the hash of the access token where its function is the one of this crate, and gives it where it is another: that is
/// checked when the platform has made the digest.
///
/// # Errors
/// [`Code::IdTokenHashMismatch`]
pub(crate) fn check_access_token<'a>(
    claims: &Claims<'a>,
    algorithm: Algorithm,
    access_token: &[u8],
) -> Result<&'a [u8], Fault> {
    let at_hash = claims.at_hash();
    if at_hash.is_empty() || algorithm.bits() != 256 {
        return Ok(at_hash);
    }
    check_hash(plain(at_hash), &sha256(access_token))?;
    Ok(b"")
}

/// The left half of the digest of the access token (OpenID Connect Core section 3.1.3.6).
pub(crate) fn check_hash(at_hash: &[u8], digest: &[u8]) -> Result<(), Fault> {
    let mut left = Vec::new();
    write_base64url_to(&mut left, digest.get(..digest.len() / 2).unwrap_or_default());
    if matches(&left, at_hash) { Ok(()) } else { Err(about!(IdTokenHashMismatch, CLAIMS, "at_hash")) }
}

/// Seconds since 1970 as JSON has them.
#[allow(clippy::cast_precision_loss, reason = "exact up to the year 285 million")]
pub(crate) const fn seconds(time: u64) -> f64 {
    time as f64
}
