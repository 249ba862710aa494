//! The end of a session: revocation (RFC 7009), and the way to the server to sign out there too (OpenID Connect RP-Initiated Logout 1.0).

use alloc::string::String;
use alloc::vec::Vec;

use crate::encoding::Form;
use crate::error::{Code, Error};
use crate::flow::authorize::{is_local_path, request_url};
use crate::flow::callback::Callback;
use crate::flow::config::Config;
use crate::flow::metadata::Metadata;
use crate::flow::token::TokenSet;
use crate::flow::transaction::{Outcome, Tombstone, key};
use crate::http::{Request, Response};
use crate::json::Json;
use crate::random::{Entropy, token};
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

/// What a single sign-out at the server may ask for.
#[derive(Clone, Debug, Default)]
pub struct LogoutOptions {
    /// A path of the application's origin to return to; kept here, never in the URL.
    pub return_to: Option<String>,
    /// Further parameters, as `logout_hint` and `ui_locales`. They cannot replace one that this crate sets.
    pub extra_parameters: Vec<(String, String)>,
}

/// A sign-out that is ready to be asked for.
#[derive(Debug)]
pub struct EndSession {
    /// Send the user here, by navigation.
    pub url: String,
    /// What to keep until they come back, by its name, which is found by the `state` of the URL that they come back with. `None` where nothing
    /// says where to come back to.
    pub expected: Option<(String, Tombstone)>,
}

const PROTECTED: [&str; 4] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];

/// Builds the request that ends the session at the server; `now` is in seconds since 1970. The tokens are to be forgotten before the user leaves
/// (OpenID Connect RP-Initiated Logout section 2).
///
/// # Errors
/// [`Code::EndpointMissing`], [`Code::IssuerMismatch`], [`Code::ReturnToRefused`], [`Code::ParameterProtected`],
/// [`Code::MetadataInvalid`], [`Code::RandomnessUnavailable`]
pub fn end_session<J: Json>(
    config: &Config,
    metadata: &Metadata,
    tokens: Option<&TokenSet<J>>,
    options: LogoutOptions,
    entropy: &mut impl Entropy,
    now: u64,
) -> Result<EndSession, Error> {
    const ENDPOINT: &str = "end_session_endpoint";
    metadata.check_issuer(config)?;
    if let Some(tokens) = tokens {
        tokens.check_issuer(metadata)?;
    }
    let endpoint =
        metadata.end_session_endpoint.as_deref().ok_or_else(|| Error::new(Code::EndpointMissing).about(ENDPOINT))?;
    if !options.return_to.as_deref().is_none_or(is_local_path) {
        return Err(Error::new(Code::ReturnToRefused).about("return_to"));
    }
    let settings = config.settings();
    let return_uri = settings.post_logout_redirect_uri.as_deref();
    let state = return_uri.map(|_| token(entropy)).transpose()?;
    let form = Form::new()
        .with_some("id_token_hint", tokens.and_then(|tokens| tokens.id_token.as_ref()).map(Secret::expose))
        .with("client_id", &settings.client_id)
        .with_some("post_logout_redirect_uri", return_uri)
        .with_some("state", state.as_deref());
    let url = request_url((endpoint, ENDPOINT), form, &PROTECTED, &options.extra_parameters)?;
    let expected = state.map(|state| (key(&state), Tombstone::new(config, Outcome::SignedOut, options.return_to, now)));
    Ok(EndSession { url, expected })
}

/// The name of the sign-out from which the user may have come back to this URL; `None` when it is no such place. Whether it was one of ours, only
/// what is kept under the name can say (OpenID Connect RP-Initiated Logout section 3).
#[must_use]
pub fn returned(config: &Config, url: &str) -> Option<String> {
    let return_uri = config.settings().post_logout_redirect_uri.as_deref()?;
    Callback::parse(url, return_uri).ok().flatten().map(|callback| key(callback.state()))
}
