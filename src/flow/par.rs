//! The authorization request by the back channel: it is pushed to the server, and the user takes along its name alone (RFC 9126).

use alloc::vec::Vec;

use crate::error::{Code, Fault};
use crate::flow::authorize::begin_request;
use crate::flow::callback::Answer;
use crate::flow::setup::Setup;
use crate::flow::token::refused;
use crate::flow::tokens::seconds;
use crate::http::Reply;
use crate::json;
use crate::tables::{PUSHED, Pushed, about};
use crate::text::{Class, Write, all};

/// The form of an authorization request that [`begin`](crate::flow::authorize::begin) has written as a URL: its parameters, and the secret of a public client,
/// for whoever pushes shows who it is as at the token endpoint (RFC 9126 section 2.1).
pub(crate) fn form(setup: &Setup<'_>, url: &[u8]) -> Vec<u8> {
    // The query of the endpoint stays with the endpoint.
    let start = setup.authorization_endpoint().len().saturating_add(1);
    let mut form = Vec::new();
    form.text(url.get(start..).unwrap_or_default());
    form.pairs("client_secret", &[setup.public_client_secret()]);
    form
}

/// Reads the answer to it: writes the URL to send the user to, once, and gives the seconds for which it serves (RFC 9126 sections 2.2 and 4). What was pushed is not
/// repeated in a refusal.
///
/// # Errors
/// [`Code::ServerError`], [`Code::RedirectNotFollowed`], [`Code::PushResponseInvalid`]
pub(crate) fn finish(setup: &Setup<'_>, reply: &Reply<'_>, url: &mut Vec<u8>) -> Result<Answer<u64>, Fault> {
    if let Some(refusal) = refused(reply, Code::PushRefused, &[])? {
        return Ok(Answer::Refused(refusal));
    }
    // The answer is 201; some servers say 200.
    if !matches!(reply.status, 200 | 201) {
        return Err(Code::PushResponseInvalid.into());
    }
    let fields = PUSHED.read(reply.body, Code::PushResponseInvalid)?;
    let pushed = Pushed::of_table(&fields);
    let request_uri = pushed.request_uri();
    if request_uri.is_empty() || !all(request_uri, const { &Class::printable(b" ") }) {
        return Err(about!(PushResponseInvalid, PUSHED, "request_uri"));
    }
    let lifetime = json::parse(pushed.expires_in()).unwrap_or_default().raw();
    let lifetime = seconds(lifetime).filter(|lifetime| *lifetime > 0);
    let lifetime = lifetime.ok_or(about!(PushResponseInvalid, PUSHED, "expires_in"))?;
    // Its own query was looked at when the request was built.
    begin_request(setup.authorization_endpoint(), url);
    url.pairs("client_id request_uri", &[setup.client_id(), request_uri]);
    Ok(Answer::Given(lifetime))
}
