//! The userinfo endpoint (OpenID Connect Core section 5.3).

use zeroize::Zeroizing;

use crate::client::config::Config;
use crate::client::fields::{fault_in, read, refused_in};
use crate::client::json_text::JsonText;
use crate::client::metadata::Metadata;
use crate::client::signature::{Unverified, Verdict};
use crate::client::token_set::TokenSet;
use crate::error::{Code, Error};
use crate::flow::callback::Answer;
use crate::flow::setup::Setup;
use crate::flow::tokens::Session;
use crate::flow::userinfo;
use crate::http::{Request, Response};
use crate::secret::Secret;

/// The request for the claims of the user, with the access token in its header (RFC 6750 section 2.1).
///
/// # Errors
/// [`Code::IssuerMismatch`]; about the `userinfo_endpoint` [`Code::EndpointMissing`], [`Code::MetadataInvalid`], [`Code::EndpointInsecure`]
pub fn request(metadata: &Metadata, tokens: &TokenSet) -> Result<Request, Error> {
    let (setup, fields) = (metadata.server(), tokens.to_fields());
    let setup = Setup::of_table(&setup);
    userinfo::check(&setup, &Session::of_table(&fields))?;
    let mut request = Request::get(read(setup.userinfo_endpoint()));
    request.bearer = Some(Secret::new(tokens.access_token.expose().into()));
    Ok(request)
}

/// Reads an answer in JSON. It has to be about the user of the ID token (OpenID Connect Core section 5.3.4).
///
/// # Errors
/// [`Code::ServerError`], [`Code::RedirectNotFollowed`], [`Code::UserinfoRefused`], [`Code::UserinfoInvalid`],
/// [`Code::UserinfoSubjectMismatch`]
pub fn finish(response: &Response, tokens: &TokenSet) -> Result<JsonText, Error> {
    let fields = tokens.to_fields();
    match userinfo::finish_json(&Session::of_table(&fields), &response.reply()).map_err(fault_in(response))? {
        Answer::Given(claims) => JsonText::from_bytes(&claims).ok_or(Code::UserinfoInvalid.into()),
        Answer::Refused(refusal) => Err(refused_in(response, *refusal)),
    }
}

/// Whether an answer is signed (OpenID Connect Core section 5.3.2): then [`finish_signed`] reads it.
#[must_use]
pub fn is_signed(response: &Response) -> bool {
    userinfo::is_signed(&response.reply())
}

/// Reads a signed answer; `now` is in seconds since 1970. Its claims can be used when its signature was verified by the server's keys:
/// see [`Unverified`] and [`conclude`]. `iss` and `aud` are the server and this client where they are there.
///
/// # Errors
/// [`Code::UserinfoInvalid`] naming the claim or header parameter, [`Code::UserinfoSubjectMismatch`], [`Code::IssuerMismatch`]
pub fn finish_signed(
    config: &Config,
    metadata: &Metadata,
    response: &Response,
    tokens: &TokenSet,
    now: u64,
) -> Result<Unverified, Error> {
    let (setup, fields) = (metadata.setup(config)?, tokens.to_fields());
    let (setup, session) = (Setup::of_table(&setup), Session::of_table(&fields));
    let unverified = userinfo::finish_signed(&setup, &session, &response.reply(), now).map_err(fault_in(response))?;
    Ok(Unverified(Zeroizing::new(unverified)))
}

/// Makes usable claims of the verdict on a signed answer.
///
/// # Errors
/// [`Code::UserinfoInvalid`], [`Code::IdTokenUnverifiable`]
#[allow(clippy::needless_pass_by_value, reason = "a verdict is given once")]
pub fn conclude(unverified: Unverified, verdict: &Verdict) -> Result<JsonText, Error> {
    let (waiting, session) = unverified.view();
    let digest = verdict.digest.as_deref().unwrap_or_default();
    waiting.conclude(verdict.signature, digest, &session).map_err(userinfo::told)?;
    JsonText::from_bytes(waiting.claims()).ok_or(Code::UserinfoInvalid.into())
}
