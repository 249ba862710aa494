//! An ID token but for its signature (OpenID Connect Core section 3.1.3.7).

use alloc::string::String;

use crate::error::{Code, Error};
use crate::flow::config::contains;
use crate::flow::jwks::Algorithm;
use crate::json::Json;
use crate::jwt::Jwt;

/// What the ID token has to agree with.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: Option<&'a str>,
    /// The algorithms that the server says it signs by, separated by spaces.
    pub(crate) signing_algs: Option<&'a str>,
    /// The algorithm of the registration.
    pub(crate) signed_response_alg: Option<&'a str>,
    /// Seconds since 1970, by the server's clock.
    pub(crate) now: u64,
    /// Seconds.
    pub(crate) clock_tolerance: u32,
}

/// What an ID token says, before its signature was verified.
pub(crate) struct Claimed<J> {
    pub(crate) claims: J,
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
}

/// Checks everything of an ID token but its signature.
///
/// # Errors
/// [`Code::IdTokenInvalid`], [`Code::IdTokenIssuerMismatch`], [`Code::IdTokenAudienceMismatch`], [`Code::IdTokenNonceMismatch`],
/// [`Code::IdTokenExpired`], [`Code::IdTokenNotYetValid`]
pub(crate) fn validate<J: Json>(id_token: &str, expected: &Expected<'_>) -> Result<Claimed<J>, Error> {
    let invalid = |subject: &'static str| Error::new(Code::IdTokenInvalid).about(subject);
    let Jwt { header, claims } = Jwt::<J>::decode(id_token).ok_or(Code::IdTokenInvalid)?;

    let (algorithm, kid) = read_header(&header)?;
    // Of the algorithms the one that was registered, and none that the server does not say it makes (steps 6 to 8).
    if expected.signed_response_alg.is_some_and(|alg| alg != algorithm.alg)
        || expected.signing_algs.is_some_and(|algs| !contains(algs, algorithm.alg))
    {
        return Err(invalid("alg"));
    }

    if claims.string("iss").ok_or_else(|| invalid("iss"))? != expected.issuer {
        return Err(Error::new(Code::IdTokenIssuerMismatch).about("iss"));
    }
    check_audience(&claims, expected.client_id)?;

    let tolerance = f64::from(expected.clock_tolerance);
    let now = seconds(expected.now);
    if claims.number("exp").ok_or_else(|| invalid("exp"))? <= now - tolerance {
        return Err(Error::new(Code::IdTokenExpired).about("exp"));
    }
    if claims.number("iat").ok_or_else(|| invalid("iat"))? > now + tolerance {
        return Err(Error::new(Code::IdTokenNotYetValid).about("iat"));
    }
    // RFC 7519 section 4.1.5.
    if let Some(nbf) = claims.member("nbf")
        && nbf.as_number().ok_or_else(|| invalid("nbf"))? > now + tolerance
    {
        return Err(Error::new(Code::IdTokenNotYetValid).about("nbf"));
    }
    if let Some(nonce) = expected.nonce
        && claims.string("nonce").as_deref() != Some(nonce)
    {
        return Err(Error::new(Code::IdTokenNonceMismatch).about("nonce"));
    }
    let subject = claims.string("sub").ok_or_else(|| invalid("sub"))?;
    if subject.is_empty() || subject.len() > 255 || !subject.is_ascii() {
        return Err(invalid("sub"));
    }
    Ok(Claimed { claims, algorithm, kid })
}

/// How a token is signed, and under which `kid`. Only asymmetric signatures: a public client has no key for HS*, and none is no signature.
///
/// # Errors
/// [`Code::IdTokenInvalid`]
pub(crate) fn read_header<J: Json>(header: &J) -> Result<(Algorithm, Option<String>), Error> {
    let invalid = |subject: &'static str| Error::new(Code::IdTokenInvalid).about(subject);
    let algorithm = header.string("alg").and_then(|alg| Algorithm::from_alg(&alg)).ok_or_else(|| invalid("alg"))?;
    let kid = match header.member("kid") {
        Some(kid) => Some(kid.as_string().ok_or_else(|| invalid("kid"))?),
        None => None,
    };
    // An extension that must be understood is not (RFC 7515 section 4.1.11).
    if header.member("crit").is_some() {
        return Err(invalid("crit"));
    }
    Ok((algorithm, kid))
}

/// This client has to be the only audience (steps 3 to 5): we trust no other one. An `azp` has to name it too.
fn check_audience<J: Json>(claims: &J, client_id: &str) -> Result<(), Error> {
    let mismatch = |subject: &'static str| Error::new(Code::IdTokenAudienceMismatch).about(subject);
    let audience = claims.member("aud").ok_or_else(|| Error::new(Code::IdTokenInvalid).about("aud"))?;
    let is_client = |value: &J| value.as_string().is_some_and(|name| name == client_id);
    let accepted = match audience.as_elements() {
        Some(elements) => !elements.is_empty() && elements.iter().all(is_client),
        None => is_client(&audience),
    };
    if !accepted {
        return Err(mismatch("aud"));
    }
    match claims.member("azp") {
        Some(azp) if !is_client(&azp) => Err(mismatch("azp")),
        _ => Ok(()),
    }
}

/// How and when a login asked for the user to be authenticated.
#[derive(Debug)]
pub(crate) struct Authentication {
    /// The earliest `auth_time` that serves, in seconds since 1970.
    pub(crate) earliest: Option<u64>,
    /// The values of `acr` that serve, separated by spaces.
    pub(crate) acr_values: Option<String>,
}

/// Checks that the user was authenticated as the login asked for (steps 12 and 13); `now` is in seconds since 1970,
/// `clock_tolerance` in seconds.
///
/// # Errors
/// [`Code::IdTokenInvalid`] when `auth_time` is missing, [`Code::InsufficientUserAuthentication`]
pub(crate) fn check_authentication<J: Json>(
    claims: &J,
    asked: &Authentication,
    now: u64,
    clock_tolerance: u32,
) -> Result<(), Error> {
    let insufficient = |subject: &'static str| Err(Error::new(Code::InsufficientUserAuthentication).about(subject));
    if let Some(earliest) = asked.earliest {
        let auth_time =
            claims.number("auth_time").ok_or_else(|| Error::new(Code::IdTokenInvalid).about("auth_time"))?;
        let tolerance = f64::from(clock_tolerance);
        if auth_time < seconds(earliest) - tolerance || auth_time > seconds(now) + tolerance {
            return insufficient("auth_time");
        }
    }
    if let Some(acr_values) = &asked.acr_values
        && !claims.string("acr").is_some_and(|acr| contains(acr_values, &acr))
    {
        return insufficient("acr");
    }
    Ok(())
}

/// Seconds since 1970 as JSON has them.
#[allow(clippy::cast_precision_loss, reason = "exact up to the year 285 million")]
pub(crate) const fn seconds(time: u64) -> f64 {
    time as f64
}
