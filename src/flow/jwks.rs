//! The server's public keys, and which of them may have signed a token (RFC 7517, RFC 7518, RFC 8037).

use alloc::vec::Vec;

use crate::encoding::decode_base64url;
use crate::error::{Code, Fault};
use crate::flow::algorithm::Algorithm;
use crate::flow::issuer::tenant;
use crate::http::Reply;
use crate::json::Json;
use crate::table::has_element;
use crate::tables::{JWK, JWKS, Jwk, KeySet};
use crate::text::{joined, same};

/// Seconds for which a key that is not in the set makes nobody fetch the set again.
const REFETCH_INTERVAL: u64 = 30;

/// The most keys that are tried on one signature.
const MAX_CANDIDATES: usize = 32;

/// The keys of a set as a JSON array, from the answer of the `jwks_uri`. They are looked at only when one of them is wanted.
///
/// # Errors
/// [`Code::ServerError`], [`Code::RedirectNotFollowed`], [`Code::JwksInvalid`]
pub(crate) fn finish(reply: &Reply<'_>) -> Result<Vec<u8>, Fault> {
    reply.check_status()?;
    if reply.status != 200 || !reply.is_json() {
        return Err(Code::JwksInvalid.into());
    }
    read(reply.body).ok_or(Code::JwksInvalid.into())
}

/// The same from the set itself; `None` when it is none.
pub(crate) fn read(set: &[u8]) -> Option<Vec<u8>> {
    let fields = JWKS.read(set, Code::JwksInvalid).ok()?;
    let keys = KeySet::of_table(&fields).keys();
    if keys.is_empty() { None } else { Some(joined(&[keys])) }
}

/// Visits the keys that may have made a signature by this algorithm, under this `kid` and of this issuer unless they are empty. Decoys of
/// the same `kid`, keys for another use and keys of unknown kinds are passed over, and so are symmetric keys.
pub(crate) fn candidates(
    keys: &[u8],
    algorithm: Algorithm,
    kid: &[u8],
    issuer: &[u8],
    visit: &mut dyn FnMut(&Jwk<'_>),
) {
    let mut count = 0_usize;
    // They are JSON, see `read`. What is no array has no keys.
    let _ = Json::new(keys).each(b'[', &mut |_, key| {
        let Ok(fields) = JWK.take(key, Code::JwksInvalid) else { return };
        let jwk = Jwk::of_table(&fields);
        if count < MAX_CANDIDATES && fits(&jwk, algorithm, kid) && serves(&jwk, issuer) {
            count = count.saturating_add(1);
            visit(&jwk);
        }
    });
}

/// The members of a key that say what it is, and no other: `kty`, `n`, `e`, `crv`, `x`, `y`.
pub(crate) fn members<'a>(jwk: &Jwk<'a>, algorithm: Algorithm) -> [&'a [u8]; 6] {
    if algorithm.is_rsa() {
        return [jwk.kty(), jwk.n(), jwk.e(), b"", b"", b""];
    }
    [jwk.kty(), b"", b"", jwk.crv(), jwk.x(), if algorithm.has_y() { jwk.y() } else { b"" }]
}

/// Whether this is a key for this algorithm (RFC 7517 section 4).
fn fits(jwk: &Jwk<'_>, algorithm: Algorithm, kid: &[u8]) -> bool {
    let (_, kty) = algorithm.family();
    let (crv, octets) = algorithm.curve();
    let decoded = |member: &[u8]| decode_base64url(member).unwrap_or_default();
    let is_sound = if algorithm.is_rsa() {
        is_modulus(&decoded(jwk.n())) && is_exponent(&decoded(jwk.e()))
    } else {
        jwk.crv() == crv && decoded(jwk.x()).len() == octets && (!algorithm.has_y() || decoded(jwk.y()).len() == octets)
    };
    is_sound
        && jwk.kty() == kty
        && (kid.is_empty() || jwk.kid() == kid)
        && (jwk.usage().is_empty() || same(jwk.usage(), b"sig"))
        && (jwk.alg().is_empty() || Algorithm::from_alg(jwk.alg()).is_some_and(|alg| alg.is_like(algorithm)))
        && (jwk.key_ops().is_empty() || has_element(jwk.key_ops(), b"verify"))
}

/// Whether the key is one of that issuer, where it says whose it is and the issuer is not empty: servers of several tenants have keys of one of them, and keys of
/// all.
fn serves(jwk: &Jwk<'_>, issuer: &[u8]) -> bool {
    issuer.is_empty() || jwk.issuer().is_empty() || tenant(jwk.issuer(), issuer).is_some()
}

/// At least 2048 bits (RFC 7518 section 3.3), and not so many that verifying would hold up the page.
fn is_modulus(octets: &[u8]) -> bool {
    let octets = without_zeros(octets);
    matches!(octets.len(), 257..=1024) || octets.len() == 256 && octets.first().is_some_and(|first| *first >= 0x80)
}

/// Odd and not one: with one, everything is its own signature.
fn is_exponent(octets: &[u8]) -> bool {
    let octets = without_zeros(octets);
    octets.last().is_some_and(|last| last & 1 == 1) && octets != [1]
}

fn without_zeros(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.get(zeros..).unwrap_or_default()
}

/// Whether the set may be fetched again because a key is missing; both times are in seconds since 1970, the first one
/// that of the last such fetch. Otherwise every forged token would cost the server a request.
pub(crate) fn may_refetch(refetched_at: Option<u64>, now: u64) -> bool {
    refetched_at.is_none_or(|refetched_at| now.abs_diff(refetched_at) >= REFETCH_INTERVAL)
}
