//! The end of a session: revocation (RFC 7009).

use crate::encoding::Form;
use crate::error::{Code, Error};
use crate::flow::config::Config;
use crate::flow::metadata::Metadata;
use crate::flow::token::TokenSet;
use crate::http::{Request, Response};
use crate::json::Json;
use crate::secret::Secret;

/// The requests that make the server forget the refresh token, when there is one, and then the access token: the first
/// may take the others along (RFC 7009 section 2.1).
///
/// # Errors
/// [`Code::EndpointMissing`], [`Code::IssuerMismatch`]
pub fn revocation_requests<J: Json>(
    config: &Config,
    metadata: &Metadata,
    tokens: &TokenSet<J>,
) -> Result<(Option<Request>, Request), Error> {
    metadata.check_issuer(config)?;
    tokens.check_issuer(metadata)?;
    let endpoint = metadata
        .revocation_endpoint
        .as_ref()
        .ok_or_else(|| Error::new(Code::EndpointMissing).about("revocation_endpoint"))?;
    let request = |token: &Secret, hint: &str| {
        let form = Form::new()
            .with("token", token.expose())
            .with("token_type_hint", hint)
            .with("client_id", &config.settings().client_id);
        Request::post(endpoint.clone(), Secret::new(form.finish()))
    };
    let refresh_token = tokens.refresh_token.as_ref().map(|token| request(token, "refresh_token"));
    Ok((refresh_token, request(&tokens.access_token, "access_token")))
}

/// Reads the answer to one of them. The body is not looked at, and an unknown token is no error (RFC 7009 section 2.2).
///
/// # Errors
/// [`Code::ServerError`], [`Code::RevocationRefused`]
pub fn finish_revocation(response: &Response) -> Result<(), Error> {
    response.check_status()?;
    match response.status {
        200 => Ok(()),
        status => Err(Error::new(Code::RevocationRefused).status(status)),
    }
}
