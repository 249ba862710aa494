//! Tokens that are bound to a key: proofs that whoever shows them has it (RFC 9449). The key stays with whoever signs; here is its public half.

use alloc::vec::Vec;

use crate::encoding::{decode_base64url, write_base64url_to, write_hash};
use crate::error::{Code, Fault};
use crate::flow::challenge::{Scheme, first, unquote};
use crate::flow::config::WORD;
use crate::flow::setup::Setup;
use crate::http::Reply;
use crate::json;
use crate::random::Entropy;
use crate::tables::{JWK, Jwk, Proven, REFUSAL, Refused, about};
use crate::text::{Write, all, cut, joined, same};

/// The header of every proof, up to its key.
const HEADER: &[u8] = br#"{"typ":"dpop+jwt","alg":"ES256","jwk":"#;

/// The most seconds by which the server's clock counts in the place of this machine's: as for all that it signs.
const MOST_AHEAD: f64 = 172_800.0;

/// The most bytes of a nonce that is kept: it travels in a header, with the proof around it.
const MOST_NONCE: usize = 1024;

/// The members of a public key for ES256 that count, in the form of which the thumbprint is the hash (RFC 7638 section 3.2, RFC 7518 section 6.2.1).
///
/// # Errors
/// [`Code::DpopKeyMissing`] when it is no key
pub(crate) fn public_key(jwk: &[u8]) -> Result<Vec<u8>, Fault> {
    let fields = JWK.read(jwk, Code::DpopKeyMissing)?;
    let key = Jwk::of_table(&fields);
    let mut members = Vec::new();
    members.members("crv kty x y", &[key.crv(), key.kty(), key.x(), key.y()]);
    members.push(b'}');
    Ok(members)
}

/// Sees to it that it is a key of P-256. Of one whose thumbprint is known that is known, too.
///
/// # Errors
/// [`Code::DpopKeyMissing`]
pub(crate) fn check_key(jwk: &[u8]) -> Result<(), Fault> {
    let fields = JWK.read(jwk, Code::DpopKeyMissing)?;
    let key = Jwk::of_table(&fields);
    let is_number = |member: &[u8]| decode_base64url(member).is_some_and(|number| number.len() == 32);
    if same(key.kty(), b"EC") && same(key.crv(), b"P-256") && is_number(key.x()) && is_number(key.y()) {
        Ok(())
    } else {
        Err(about!(DpopKeyMissing, JWK, "kty"))
    }
}

/// The thumbprint of such a key (RFC 7638 section 3, RFC 9449 section 6.1).
pub(crate) fn thumbprint(public_key: &[u8]) -> Vec<u8> {
    let mut jkt = Vec::new();
    write_hash(&mut jkt, public_key);
    jkt
}

/// The hash of an access token; empty where there is none (RFC 9449 section 4.2).
pub(crate) fn ath(access_token: &[u8]) -> Vec<u8> {
    let mut ath = Vec::new();
    if !access_token.is_empty() {
        write_hash(&mut ath, access_token);
    }
    ath
}

/// Sees to it that it is the key of that thumbprint.
///
/// # Errors
/// [`Code::DpopKeyMissing`]
pub(crate) fn check_thumbprint(public_key: &[u8], jkt: &[u8]) -> Result<(), Fault> {
    if thumbprint(public_key) == jkt { Ok(()) } else { Err(Code::DpopKeyMissing.into()) }
}

/// The header of every proof by that key, in base64url (RFC 9449 section 4.2).
pub(crate) fn head(public_key: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    write_base64url_to(&mut head, &joined(&[HEADER, public_key, b"}"]));
    head
}

/// The claims of a proof, in base64url: header, dot and claims are what is signed. `now` is in seconds since 1970.
///
/// # Errors
/// [`Code::RandomnessUnavailable`]
pub(crate) fn claims(proven: &Proven<'_>, entropy: &mut impl Entropy, now: u64) -> Result<Vec<u8>, Code> {
    let mut octets = [0; 16];
    entropy.fill(&mut octets)?;
    let mut jti = Vec::new();
    write_base64url_to(&mut jti, &octets);
    // Without query and fragment.
    let htu = cut(cut(proven.htu(), b'#').0, b'?').0;
    let nonce = if is_nonce(proven.nonce()) { proven.nonce() } else { b"" };
    let mut claims = Vec::new();
    claims.members("jti htm htu ath nonce", &[&jti, proven.htm(), htu, proven.ath(), nonce]);
    claims.member(b"iat");
    claims.number(clock(proven.ahead(), now));
    claims.push(b'}');
    let mut body = Vec::new();
    write_base64url_to(&mut body, &claims);
    Ok(body)
}

/// The time by the server's clock, which is so many seconds ahead. One that is off by more than two days is told, not mended.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "seconds since 1970 are few"
)]
fn clock(ahead: &[u8], now: u64) -> u64 {
    let ahead = json::number_or_nan(ahead);
    if (-MOST_AHEAD..=MOST_AHEAD).contains(&ahead) { (now as f64 + ahead) as u64 } else { now }
}

/// Whether a text can be a nonce of a server (RFC 9449 section 8.1). What stands in two headers is none, nor is what could end one.
pub(crate) fn is_nonce(nonce: &[u8]) -> bool {
    !nonce.is_empty() && nonce.len() <= MOST_NONCE && all(nonce, &WORD)
}

/// Whether an answer asks for the same request with another proof: one with the nonce that came along (RFC 9449 sections 8 and 9), or, where `is_late` says that only
/// now the server's clock is known to be another one, one by that clock. `www_authenticate` is empty where it cannot be seen. Nothing of the request was done.
pub(crate) fn asks_again(reply: &Reply<'_>, www_authenticate: &[u8], nonce: &[u8], is_late: bool) -> bool {
    if !matches!(reply.status, 400 | 401) {
        return false;
    }
    let fields = REFUSAL.read(reply.body, Code::Internal).unwrap_or_default();
    let mut error = Vec::new();
    let _ = json::Json::new(Refused::of_table(&fields).error()).text(&mut error);
    if error.is_empty() {
        error = first(www_authenticate, Scheme::Dpop).map(|challenge| unquote(challenge.error())).unwrap_or_default();
    }
    same(&error, b"use_dpop_nonce") && is_nonce(nonce) || same(&error, b"invalid_dpop_proof") && is_late
}

/// Writes the form of a token request that the server refuses whatever it is, and in which nothing is that could be spent: for a server that wants a nonce says it then
/// (RFC 9449 section 8).
pub(crate) fn prime(setup: &Setup<'_>, form: &mut Vec<u8>) {
    let values = [b"refresh_token".as_slice(), b"none", setup.client_id(), setup.public_client_secret()];
    form.pairs("grant_type refresh_token client_id client_secret", &values);
}
