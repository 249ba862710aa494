//! How an operation goes on with the answer to its request.

use wasm_bindgen::prelude::*;

use crate::error::{Code, Error};
use crate::flow::metadata::{Metadata, discovery_requests};
use crate::flow::token::{self, TokenSet};
use crate::flow::transaction::Transaction;
use crate::flow::{logout, userinfo};
use crate::http::Response;
use crate::web::client::{finish_login, keep_session};
use crate::web::convert::{Context, flag, from_tokens, now, to_response};
use crate::web::steps::{Awaiting, done, step};

/// Goes on with the answer to a step: `{ status, redirected, type, body }`, or `{ failure }` when none came.
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
    answer: JsValue,
) -> Result<JsValue, JsValue> {
    let place = usize::try_from(awaiting).unwrap_or(usize::MAX);
    let awaiting = Awaiting::ALL.get(place).copied().ok_or(Error::new(Code::Internal))?;
    let answer = to_response(&answer);
    if let Awaiting::OpenidMetadata | Awaiting::OauthMetadata = awaiting {
        return Ok(finish_discovery(&config, carry, awaiting, &answer?)?);
    }
    let context = Context::read(&config, &metadata)?;
    if let Awaiting::Login = awaiting {
        return Ok(done(finish_login(&context, carry, answer)?));
    }
    let answer = answer?;
    if let Awaiting::Tokens = awaiting {
        let transaction = Transaction::from_record(carry)?;
        let tokens = transaction.exchange(&context.config).finish(&answer, now())?;
        return Ok(done(from_tokens(&tokens)));
    }
    let tokens = TokenSet::<JsValue>::from_record(carry).ok_or(Error::new(Code::Internal))?;
    let value = match awaiting {
        Awaiting::FreshTokens => from_tokens(&finish_refresh(&context, tokens, &answer)?),
        Awaiting::FreshSession => from_tokens(&keep_session(&context, finish_refresh(&context, tokens, &answer))?),
        Awaiting::Userinfo => userinfo::finish(&answer, &tokens)?,
        _ => {
            logout::finish_revocation(&answer)?;
            if let Awaiting::FirstRevocation = awaiting {
                let (_, request) = logout::revocation_requests(&context.config, &context.metadata, &tokens)?;
                return Ok(step(request, Awaiting::LastRevocation, carry));
            }
            JsValue::UNDEFINED
        }
    };
    Ok(done(value))
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

fn finish_refresh(context: &Context, tokens: TokenSet<JsValue>, answer: &Response) -> Result<TokenSet<JsValue>, Error> {
    let (_, exchange) = token::refresh(&context.config, &context.metadata, tokens)?;
    exchange.finish(answer, now())
}
