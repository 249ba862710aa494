//! The steps of the protocol for JavaScript: each begins with a request, and goes on with its answer in `resume`.

use wasm_bindgen::prelude::*;

use crate::error::{Code, Error};
use crate::flow::authorize::{Authorization, begin};
use crate::flow::callback::Callback;
use crate::flow::metadata::discovery_requests;
use crate::flow::token::{self, TokenSet};
use crate::flow::transaction::Transaction;
use crate::flow::{logout, userinfo};
use crate::http::Request;
use crate::random::SystemEntropy;
use crate::secret::Secret;
use crate::web::convert::{Context, Members, flag, login_options, now, to_tokens};

/// What an answer is the answer to.
#[derive(Clone, Copy)]
pub(crate) enum Awaiting {
    /// The metadata, in the OpenID form.
    OpenidMetadata,
    /// The metadata, in the form of RFC 8414.
    OauthMetadata,
    /// The tokens for a code.
    Tokens,
    /// The same, for the login that the client keeps.
    Login,
    /// Fresh tokens.
    FreshTokens,
    /// The same, for the session that the client keeps.
    FreshSession,
    /// The claims of the user.
    Userinfo,
    /// The end of the refresh token; the access token is next.
    FirstRevocation,
    /// The end of the last token.
    LastRevocation,
    /// The keys for the signature of an ID token, before its code is redeemed.
    FirstKeys,
    /// The same, when the ID token is there.
    Keys,
    /// The verdict on it.
    Verdict,
}

impl Awaiting {
    pub(crate) const ALL: [Self; 12] = [
        Self::OpenidMetadata,
        Self::OauthMetadata,
        Self::Tokens,
        Self::Login,
        Self::FreshTokens,
        Self::FreshSession,
        Self::Userinfo,
        Self::FirstRevocation,
        Self::LastRevocation,
        Self::FirstKeys,
        Self::Keys,
        Self::Verdict,
    ];
}

/// An operation that goes on when the answer is there: `{ request, awaiting, carry }`.
#[allow(clippy::needless_pass_by_value, reason = "the request is spent")]
pub(crate) fn step(request: Request, awaiting: Awaiting, carry: &str) -> JsValue {
    let request = Members::new()
        .with_text("url", Some(&request.url))
        .with_text("form", request.form.as_ref().map(Secret::expose))
        .with_text("bearer", request.bearer.as_ref().map(Secret::expose));
    suspended("request", request.finish(), awaiting, carry)
}

/// An operation that goes on when the package's JavaScript has done something.
pub(crate) fn suspended(name: &str, task: JsValue, awaiting: Awaiting, carry: &str) -> JsValue {
    Members::new()
        .with(name, task)
        .with("awaiting", JsValue::from(awaiting as u32))
        .with_text("carry", Some(carry))
        .finish()
}

/// An operation that came to its end: `{ done }`.
pub(crate) fn done(value: JsValue) -> JsValue {
    Members::new().with("done", value).finish()
}

/// Begins to fetch the metadata of an issuer.
///
/// # Errors
/// `config_invalid`, `endpoint_insecure`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn discover(issuer: &str, options: JsValue) -> Result<JsValue, JsValue> {
    let [openid, _] = discovery_requests(issuer, flag(&options, "dangerouslyAllowHttp"))?;
    Ok(step(openid, Awaiting::OpenidMetadata, issuer))
}

/// Builds the authorization request: `{ url, state, transaction }`.
///
/// # Errors
/// those of [`begin`]
#[wasm_bindgen(js_name = beginAuthorization)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn begin_authorization(config: JsValue, metadata: JsValue, options: JsValue) -> Result<JsValue, JsValue> {
    let context = Context::read(&config, &metadata)?;
    let Authorization { url, transaction } =
        begin(&context.config, &context.metadata, login_options(&options)?, &mut SystemEntropy, now())?;
    Ok(Members::new()
        .with_text("url", Some(&url))
        .with_text("state", Some(transaction.state.expose()))
        .with_text("transaction", Some(transaction.to_record().expose()))
        .finish())
}

/// Checks the callback against its transaction and begins to redeem the code.
///
/// # Errors
/// those of [`Transaction::from_record`], [`Callback::parse`] and [`Transaction::accept`]
#[wasm_bindgen(js_name = completeAuthorization)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn complete_authorization(
    config: JsValue,
    metadata: JsValue,
    record: &str,
    callback_url: &str,
) -> Result<JsValue, JsValue> {
    let context = Context::read(&config, &metadata)?;
    let transaction = Transaction::from_record(record)?;
    let callback = Callback::parse(callback_url, &transaction.redirect_uri)?.ok_or(Code::RedirectUriMismatch);
    let grant = transaction.accept(&context.config, callback.map_err(Error::new)?, now())?;
    let (request, _) = grant.into_request(&context.config);
    Ok(step(request, Awaiting::Tokens, record))
}

/// Begins to trade the refresh token for fresh tokens.
///
/// # Errors
/// `refresh_token_missing`
#[wasm_bindgen(js_name = refreshTokens)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn refresh_tokens(config: JsValue, metadata: JsValue, tokens: JsValue) -> Result<JsValue, JsValue> {
    let context = Context::read(&config, &metadata)?;
    let tokens = to_tokens(&tokens)?;
    let carry = tokens.to_record();
    Ok(begin_refresh(&context, tokens, carry.expose(), Awaiting::FreshTokens)?)
}

/// Begins to ask the userinfo endpoint.
///
/// # Errors
/// `endpoint_missing`
#[wasm_bindgen(js_name = fetchUserinfo)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn fetch_userinfo(config: JsValue, metadata: JsValue, tokens: JsValue) -> Result<JsValue, JsValue> {
    let context = Context::read(&config, &metadata)?;
    let tokens = to_tokens(&tokens)?;
    Ok(step(userinfo::request(&context.metadata, &tokens)?, Awaiting::Userinfo, tokens.to_record().expose()))
}

/// Begins to tell the server to forget the tokens.
///
/// # Errors
/// `endpoint_missing`
#[wasm_bindgen(js_name = revokeTokens)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn revoke_tokens(config: JsValue, metadata: JsValue, tokens: JsValue) -> Result<JsValue, JsValue> {
    let context = Context::read(&config, &metadata)?;
    let tokens = to_tokens(&tokens)?;
    let (refresh, access) = logout::revocation_requests(&context.config, &context.metadata, &tokens)?;
    let (request, awaiting) = match refresh {
        Some(request) => (request, Awaiting::FirstRevocation),
        None => (access, Awaiting::LastRevocation),
    };
    Ok(step(request, awaiting, tokens.to_record().expose()))
}

pub(crate) fn begin_refresh(
    context: &Context,
    tokens: TokenSet<JsValue>,
    carry: &str,
    awaiting: Awaiting,
) -> Result<JsValue, Error> {
    let (request, _) = token::refresh(&context.config, &context.metadata, tokens)?;
    Ok(step(request, awaiting, carry))
}
