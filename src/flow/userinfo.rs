//! The userinfo endpoint (OpenID Connect Core section 5.3).

use alloc::string::String;

use crate::error::{Code, Error};
use crate::flow::config::Config;
use crate::flow::id_token::{Claimed, read_header, seconds};
use crate::flow::metadata::Metadata;
use crate::flow::signature::{Unverified, Verdict};
use crate::flow::token::{TokenSet, successful, voucher};
use crate::http::{Request, Response};
use crate::json::Json;
use crate::jwt::Jwt;
use crate::secret::Secret;

/// The request for the claims of the user, with the access token in its header (RFC 6750 section 2.1).
///
/// # Errors
/// [`Code::EndpointMissing`], [`Code::IssuerMismatch`]
pub fn request<J: Json>(metadata: &Metadata, tokens: &TokenSet<J>) -> Result<Request, Error> {
    tokens.check_issuer(metadata)?;
    let endpoint = metadata
        .userinfo_endpoint
        .clone()
        .ok_or_else(|| Error::new(Code::EndpointMissing).about("userinfo_endpoint"))?;
    let mut request = Request::get(endpoint);
    request.bearer = Some(Secret::new(String::from(tokens.access_token.expose())));
    Ok(request)
}

/// Reads an answer in JSON. It has to be about the user of the ID token (OpenID Connect Core section 5.3.4).
///
/// # Errors
/// [`Code::ServerError`], [`Code::UserinfoRefused`], [`Code::UserinfoInvalid`], [`Code::UserinfoSubjectMismatch`]
pub fn finish<J: Json>(response: &Response, tokens: &TokenSet<J>) -> Result<J, Error> {
    let claims: J = successful(response, Code::UserinfoRefused).map_err(|error| match error.code {
        Code::TokenResponseInvalid if matches!(error.status, Some(401 | 403)) => error.code(Code::UserinfoRefused),
        Code::TokenResponseInvalid => error.code(Code::UserinfoInvalid),
        _ => error,
    })?;
    check_subject(&claims, tokens)?;
    Ok(claims)
}

/// Whether an answer is signed (OpenID Connect Core section 5.3.2): then [`finish_signed`] reads it.
#[must_use]
pub fn is_signed(response: &Response) -> bool {
    response.status == 200 && response.has_type("application/jwt")
}

/// Reads a signed answer; `now` is in seconds since 1970. Its claims can be used when its signature was verified by the server's keys:
/// see [`Unverified`] and [`conclude`]. `iss` and `aud` are the server and this client where they are there.
///
/// # Errors
/// [`Code::UserinfoInvalid`] naming the claim or header parameter, [`Code::UserinfoSubjectMismatch`]
pub fn finish_signed<J: Json>(
    config: &Config,
    metadata: &Metadata,
    response: &Response,
    tokens: &TokenSet<J>,
    now: u64,
) -> Result<Unverified<J>, Error> {
    let invalid = |subject: &'static str| Error::new(Code::UserinfoInvalid).about(subject);
    let token = response.body.expose();
    let Jwt { header, claims } = Jwt::<J>::decode(token).ok_or(Code::UserinfoInvalid)?;
    let (algorithm, kid) = read_header(&header).map_err(|error| error.code(Code::UserinfoInvalid))?;
    let is = |value: &J, expected: &str| value.as_string().is_some_and(|text| text == expected);
    if claims.member("iss").is_some_and(|iss| !is(&iss, &metadata.issuer)) {
        return Err(invalid("iss"));
    }
    let client_id = &config.settings().client_id;
    let names_client = |audience: &J| match audience.as_elements() {
        Some(elements) => elements.iter().any(|element| is(element, client_id)),
        None => is(audience, client_id),
    };
    if claims.member("aud").is_some_and(|audience| !names_client(&audience)) {
        return Err(invalid("aud"));
    }
    let earliest = response.clock(now).saturating_sub(u64::from(config.settings().clock_tolerance));
    if claims.member("exp").is_some_and(|exp| !exp.as_number().is_some_and(|exp| exp > seconds(earliest))) {
        return Err(invalid("exp"));
    }
    check_subject(&claims, tokens)?;
    let endpoint = metadata.userinfo_endpoint.as_deref().unwrap_or_default();
    Unverified::new(
        TokenSet::empty(),
        Secret::new(token.into()),
        Claimed { claims, algorithm, kid },
        metadata.jwks_uri.clone(),
        voucher(config, endpoint),
    )
}

/// Makes usable claims of the verdict on a signed answer.
///
/// # Errors
/// [`Code::UserinfoInvalid`], [`Code::IdTokenUnverifiable`]
pub fn conclude<J: Json>(unverified: Unverified<J>, verdict: &Verdict) -> Result<J, Error> {
    unverified.conclude(verdict).map_err(told)?.claims.ok_or_else(|| Error::new(Code::UserinfoInvalid))
}

/// What went wrong with the signature, as it is told of a userinfo response.
pub(crate) fn told(error: Error) -> Error {
    match error.code {
        Code::IdTokenSignatureInvalid => Error::new(Code::UserinfoInvalid).about("signature"),
        _ => error,
    }
}

fn check_subject<J: Json>(claims: &J, tokens: &TokenSet<J>) -> Result<(), Error> {
    let subject = claims.string("sub").ok_or_else(|| Error::new(Code::UserinfoInvalid).about("sub"))?;
    match tokens.subject() {
        Some(expected) if expected != subject => Err(Error::new(Code::UserinfoSubjectMismatch).about("sub")),
        _ => Ok(()),
    }
}
