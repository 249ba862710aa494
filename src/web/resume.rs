//! How an operation goes on with the answer to its request.

use wasm_bindgen::prelude::*;

use crate::error::{Code, Error};
use crate::flow::metadata::{Metadata, discovery_requests};
use crate::flow::token::TokenSet;
use crate::flow::{logout, userinfo};
use crate::http::Response;
use crate::web::client::handle_with_keys;
use crate::web::convert::{Context, flag, to_response};
use crate::web::steps::{Awaiting, done, step};
use crate::web::verify::{Pending, take_tokens};

/// Goes on with the answer to a step: `{ status, redirected, type, date, body }`, or `{ failure }` when none came; after a step that
/// verifies with `{ signature, digest }`.
///
/// # Errors
/// those of the operation
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn resume(
    config: JsValue,
    metadata: JsValue,
    awaiting: u32,
    carry: &str,
    given: JsValue,
) -> Result<JsValue, JsValue> {
    let place = usize::try_from(awaiting).unwrap_or(usize::MAX);
    let awaiting = Awaiting::ALL.get(place).copied().ok_or(Error::new(Code::Internal))?;
    let answer = to_response(&given);
    if let Awaiting::OpenidMetadata | Awaiting::OauthMetadata = awaiting {
        return Ok(finish_discovery(&config, carry, awaiting, &answer?)?);
    }
    let context = Context::read(&config, &metadata)?;
    match awaiting {
        Awaiting::FirstKeys => return Ok(handle_with_keys(&context, carry, answer)?),
        Awaiting::Keys => return Ok(Pending::from_record(carry)?.with_keys(&context, answer)?),
        Awaiting::Verdict => return Ok(Pending::from_record(carry)?.with_verdict(&context, &given)?),
        Awaiting::Tokens | Awaiting::Login | Awaiting::FreshTokens | Awaiting::FreshSession => {
            return Ok(take_tokens(&context, awaiting, carry, answer)?);
        }
        _ => {}
    }
    let answer = answer?;
    if let Awaiting::Userinfo = awaiting
        && userinfo::is_signed(&answer)
    {
        return Ok(take_tokens(&context, awaiting, carry, Ok(answer))?);
    }
    let tokens = TokenSet::<JsValue>::from_record(carry).ok_or(Error::new(Code::Internal))?;
    if let Awaiting::Userinfo = awaiting {
        return Ok(done(userinfo::finish(&answer, &tokens)?));
    }
    logout::finish_revocation(&answer)?;
    if let Awaiting::FirstRevocation = awaiting {
        let (_, request) = logout::revocation_requests(&context.config, &context.metadata, &tokens)?;
        return Ok(step(request, Awaiting::LastRevocation, carry));
    }
    Ok(done(JsValue::UNDEFINED))
}

/// Where the OpenID form is not found, that of RFC 8414 is asked for.
fn finish_discovery(options: &JsValue, issuer: &str, awaiting: Awaiting, answer: &Response) -> Result<JsValue, Error> {
    let allow_http = flag(options, "dangerouslyAllowHttp");
    match awaiting {
        Awaiting::OpenidMetadata if answer.status == 404 => {
            let [_, oauth] = discovery_requests(issuer, allow_http)?;
            Ok(step(oauth, Awaiting::OauthMetadata, issuer))
        }
        _ => Ok(done(Metadata::from_response::<JsValue>(answer, issuer, allow_http)?.1)),
    }
}
