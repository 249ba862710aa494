//! The stateless steps, for those who keep their own storage.

use alloc::string::String;

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use crate::error::{Code, Error};
use crate::flow::authorize::{Authorization, begin};
use crate::flow::callback::Callback;
use crate::flow::metadata::{Metadata, discovery_requests};
use crate::flow::token::{self, Exchange, TokenSet};
use crate::flow::transaction::Transaction;
use crate::flow::{logout, userinfo};
use crate::http::Request;
use crate::json::Json;
use crate::random::SystemEntropy;
use crate::web::convert::{Context, Members, Network, from_tokens, login_options, now, promise, to_tokens};
use crate::web::fetch::send;

/// Fetches and checks the metadata of an issuer: the OpenID form first, then that of RFC 8414.
#[wasm_bindgen]
#[must_use]
pub fn discover(issuer: String, options: JsValue) -> Promise {
    promise(async move {
        let allow_http = options.member("dangerouslyAllowHttp").and_then(|flag| flag.as_boolean()).unwrap_or(false);
        let network = Network::read(Some(&options), &options)?;
        let [openid, oauth] = discovery_requests(&issuer, allow_http)?;
        let mut response = send(&network, openid).await?;
        if response.status == 404 {
            response = send(&network, oauth).await?;
        }
        let (_, document) = Metadata::from_response::<JsValue>(&response, &issuer, allow_http)?;
        Ok(document)
    })
}

/// Builds the authorization request: `{ url, state, transaction }`.
///
/// # Errors
/// those of [`begin`]
#[wasm_bindgen(js_name = beginAuthorization)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn begin_authorization(config: JsValue, metadata: JsValue, options: JsValue) -> Result<JsValue, JsValue> {
    let context = Context::read(&config)?;
    let Authorization { url, transaction } = begin(
        &context.config,
        &context.metadata(&metadata)?,
        login_options(&options)?,
        &mut SystemEntropy,
        now(),
    )?;
    Ok(Members::new()
        .with_text("url", Some(&url))
        .with_text("state", Some(transaction.state.expose()))
        .with_text("transaction", Some(transaction.to_record().expose()))
        .finish())
}

/// Checks the callback, redeems the code, checks the ID token; gives the token set.
#[wasm_bindgen(js_name = completeAuthorization)]
#[must_use]
pub fn complete_authorization(
    config: JsValue,
    metadata: JsValue,
    transaction: String,
    callback_url: String,
    options: JsValue,
) -> Promise {
    promise(async move {
        let context = Context::read(&config)?;
        context.metadata(&metadata)?;
        let transaction = Transaction::from_record(&transaction)?;
        let callback = Callback::parse(&callback_url, &transaction.redirect_uri)?.ok_or(Code::RedirectUriMismatch);
        let grant = transaction.accept(&context.config, callback.map_err(Error::new)?, now())?;
        let tokens = exchange(&context.network.or(&options), grant.into_request(&context.config)).await?;
        Ok(from_tokens(&tokens))
    })
}

/// Trades the refresh token for fresh tokens; gives the token set.
#[wasm_bindgen(js_name = refreshTokens)]
#[must_use]
pub fn refresh_tokens(config: JsValue, metadata: JsValue, tokens: JsValue, options: JsValue) -> Promise {
    promise(async move {
        let context = Context::read(&config)?;
        let request = token::refresh(&context.config, &context.metadata(&metadata)?, to_tokens(&tokens)?)?;
        Ok(from_tokens(&exchange(&context.network.or(&options), request).await?))
    })
}

/// Asks the userinfo endpoint; gives the claims.
#[wasm_bindgen(js_name = fetchUserinfo)]
#[must_use]
pub fn fetch_userinfo(config: JsValue, metadata: JsValue, tokens: JsValue, options: JsValue) -> Promise {
    promise(async move {
        let context = Context::read(&config)?;
        let tokens = to_tokens(&tokens)?;
        let network = context.network.clone().or(&options);
        ask_userinfo(&network, &context.metadata(&metadata)?, &tokens).await
    })
}

/// Tells the server to forget the tokens.
#[wasm_bindgen(js_name = revokeTokens)]
#[must_use]
pub fn revoke_tokens(config: JsValue, metadata: JsValue, tokens: JsValue, options: JsValue) -> Promise {
    promise(async move {
        let context = Context::read(&config)?;
        let metadata = context.metadata(&metadata)?;
        let network = context.network.clone().or(&options);
        for request in logout::revocation_requests(&context.config, &metadata, &to_tokens(&tokens)?)? {
            logout::finish_revocation(&send(&network, request).await?)?;
        }
        Ok(JsValue::UNDEFINED)
    })
}

/// Sends a token request and reads its answer.
pub(crate) async fn exchange(
    network: &Network,
    (request, exchange): (Request, Exchange),
) -> Result<TokenSet<JsValue>, Error> {
    let response = send(network, request).await?;
    exchange.finish(&response, now())
}

/// Asks the userinfo endpoint.
pub(crate) async fn ask_userinfo(
    network: &Network,
    metadata: &Metadata,
    tokens: &TokenSet<JsValue>,
) -> Result<JsValue, Error> {
    let response = send(network, userinfo::request(metadata, tokens)?).await?;
    userinfo::finish(&response, tokens)
}
