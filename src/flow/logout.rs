//! The end of a session: revocation (RFC 7009), and the way to the server to sign out there too (OpenID Connect RP-Initiated Logout 1.0).

use alloc::vec::Vec;

use crate::error::{Code, Fault};
use crate::flow::authorize::{begin_request, check_return_to, end_request};
use crate::flow::callback::{Answer, Callback};
use crate::flow::metadata::usable;
use crate::flow::setup::Setup;
use crate::flow::token::refused;
use crate::flow::tokens::Session;
use crate::flow::transaction::{Outcome, bury, key};
use crate::http::Reply;
use crate::random::{Entropy, write_token};
use crate::tables::{Options, about};
use crate::text::{Write, after, from_form, parts};

/// The parameters of the request, in their order; no other parameter may have their names.
const PARAMETERS: &str = "id_token_hint client_id post_logout_redirect_uri state";

/// Sees to it that the tokens can be revoked.
///
/// # Errors
/// [`Code::IssuerMismatch`]; about the endpoint [`Code::EndpointMissing`], [`Code::MetadataInvalid`], [`Code::EndpointInsecure`]
pub(crate) fn check_revocation(setup: &Setup<'_>, session: &Session<'_>) -> Result<(), Fault> {
    session.check_issuer(setup)?;
    usable(setup.revocation_endpoint(), about!(EndpointMissing, METADATA, "revocation_endpoint"))
}

/// Writes the form that makes the server forget a token: first the refresh token, when there is one, then the access
/// token: the first may take the others along (RFC 7009 section 2.1).
pub(crate) fn revoke(setup: &Setup<'_>, token: &[u8], hint: &str, form: &mut Vec<u8>) {
    let values = [token, hint.as_bytes(), setup.client_id(), setup.public_client_secret()];
    form.pairs("token token_type_hint client_id client_secret", &values);
}

/// Reads the answer to one of them. The body of a success is not looked at, and an unknown token is no error (RFC 7009 section 2.2). `form` is what was
/// sent: a refusal does not repeat its token.
///
/// # Errors
/// [`Code::ServerError`], [`Code::RedirectNotFollowed`], [`Code::RevocationRefused`]
pub(crate) fn finish_revocation(reply: &Reply<'_>, form: &[u8]) -> Result<Answer<()>, Fault> {
    if matches!(reply.status, 200..=299) {
        return Ok(Answer::Given(()));
    }
    let token = parts(form, b'&').find_map(|pair| after(pair, b"token=")).and_then(from_form).unwrap_or_default();
    match refused(reply, Code::RevocationRefused, &[&token]) {
        Ok(Some(refusal)) => Ok(Answer::Refused(refusal)),
        Err(fault) if fault.code() != Code::TokenResponseInvalid => Err(fault),
        _ => Err(Code::RevocationRefused.into()),
    }
}

/// Writes the URL of the request that ends the session at the server, and gives what is to be kept until the user comes
/// back: the name of the record, which is found by the `state` of the URL that they come back with, and its fields. Where nothing says where to come back to, both
/// are empty. `now` is in seconds since 1970. The tokens are to be forgotten before the user leaves
/// (OpenID Connect RP-Initiated Logout section 2).
///
/// # Errors
/// [`Code::IssuerMismatch`]; about the endpoint [`Code::EndpointMissing`], [`Code::MetadataInvalid`], [`Code::EndpointInsecure`];
/// [`Code::ReturnToRefused`], [`Code::ParameterProtected`], [`Code::RandomnessUnavailable`]
pub(crate) fn end_session(
    setup: &Setup<'_>,
    session: Option<&Session<'_>>,
    options: &Options<'_>,
    entropy: &mut impl Entropy,
    now: u64,
    url: &mut Vec<u8>,
) -> Result<(Vec<u8>, Vec<u8>), Fault> {
    if let Some(session) = session {
        session.check_issuer(setup)?;
    }
    usable(setup.end_session_endpoint(), about!(EndpointMissing, METADATA, "end_session_endpoint"))?;
    check_return_to(options)?;
    let return_uri = setup.post_logout_redirect_uri();
    let mut state = Vec::new();
    if !return_uri.is_empty() {
        write_token(entropy, &mut state)?;
    }
    let id_token = session.map_or(b"".as_slice(), Session::id_token);
    let endpoint = (setup.end_session_endpoint(), about!(MetadataInvalid, METADATA, "end_session_endpoint"));
    begin_request(setup.end_session_endpoint(), url);
    url.pairs(PARAMETERS, &[id_token, setup.client_id(), return_uri, &state]);
    end_request(endpoint, PARAMETERS.as_bytes(), options.extra_parameters(), url)?;
    if state.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    Ok((key(&state), bury(Outcome::SignedOut, b"", &setup.owner(), options.return_to(), now)))
}

/// The name of the sign-out from which the user may have come back to this URL; `None` when it is no such place. Whether it was one of ours, only
/// what is kept under the name can say (OpenID Connect RP-Initiated Logout section 3).
pub(crate) fn returned(setup: &Setup<'_>, url: &[u8]) -> Option<Vec<u8>> {
    let callback = Callback::read(url, setup.post_logout_redirect_uri());
    if callback.difference == 0 && !callback.state().is_empty() { Some(key(callback.state())) } else { None }
}
