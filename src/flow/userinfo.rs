//! The userinfo endpoint (OpenID Connect Core section 5.3).

use alloc::string::String;

use crate::error::{Code, Error};
use crate::flow::metadata::Metadata;
use crate::flow::token::{TokenSet, successful};
use crate::http::{Request, Response};
use crate::json::Json;
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

/// Reads the answer. It has to be about the user of the ID token (OpenID Connect Core section 5.3.4).
///
/// # Errors
/// [`Code::ServerError`], [`Code::UserinfoRefused`], [`Code::UserinfoInvalid`], [`Code::UserinfoSubjectMismatch`]
pub fn finish<J: Json>(response: &Response, tokens: &TokenSet<J>) -> Result<J, Error> {
    let claims: J = successful(response, Code::UserinfoRefused).map_err(|error| match error.code {
        Code::TokenResponseInvalid if matches!(error.status, Some(401 | 403)) => error.code(Code::UserinfoRefused),
        Code::TokenResponseInvalid => error.code(Code::UserinfoInvalid),
        _ => error,
    })?;
    let subject = claims.string("sub").ok_or_else(|| Error::new(Code::UserinfoInvalid).about("sub"))?;
    match tokens.subject() {
        Some(expected) if expected != subject => Err(Error::new(Code::UserinfoSubjectMismatch).about("sub")),
        _ => Ok(claims),
    }
}
