//! The whole login, kept, checked and finished once: what the package's `Client` and `Session` call.

use alloc::string::String;

use js_sys::{Map, Promise};
use wasm_bindgen::prelude::*;

use crate::error::{Code, Error};
use crate::flow::authorize::{Authorization, begin};
use crate::flow::callback::Callback;
use crate::flow::metadata::Metadata;
use crate::flow::token::{self, TokenSet};
use crate::flow::transaction::{Outcome, Tombstone, key};
use crate::random::SystemEntropy;
use crate::web::convert::{Context, Members, from_tokens, login_options, now, promise};
use crate::web::navigation::{current_url, open, replace_url};
use crate::web::steps::{ask_userinfo, exchange};
use crate::web::storage::{Logins, Sessions};

/// Checks a configuration against the metadata of its server.
///
/// # Errors
/// those of [`Config::new`](crate::flow::config::Config::new) and [`Metadata::check`]
#[wasm_bindgen(js_name = checkClient)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn check_client(config: JsValue, metadata: JsValue) -> Result<(), JsValue> {
    Context::read(&config)?.metadata(&metadata)?;
    Ok(())
}

/// Begins a login: saves the transaction, then sends the user away, in one tick.
///
/// # Errors
/// those of [`begin`], and `storage_unavailable` before the user is sent away
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn login(config: JsValue, metadata: JsValue, options: JsValue) -> Result<(), JsValue> {
    let context = Context::read(&config)?;
    let metadata = context.metadata(&metadata)?;
    let now = now();
    let Authorization { url, transaction } =
        begin(&context.config, &metadata, login_options(&options)?, &mut SystemEntropy, now)?;
    let logins = Logins::open()?;
    logins.begin(&transaction, u64::from(context.config.settings().transaction_max_age), now)?;
    if let Err(error) = open(&context, &url) {
        logins.forget(&transaction.key());
        return Err(error.into());
    }
    Ok(())
}

/// Finishes a login when the page was reached by its callback. Calls that overlap get the same promise.
#[wasm_bindgen(js_name = handleRedirect)]
#[must_use]
pub fn handle_redirect(config: JsValue, metadata: JsValue, url: Option<String>) -> Promise {
    let running = config_memory(&config);
    // The page's own address changes while it is handled, so its name is the absence of one.
    let name = JsValue::from_str(&["redirect:", url.as_deref().unwrap_or_default()].concat());
    if let Some(promise) = running.as_ref().and_then(|running| running.get(&name).dyn_into::<Promise>().ok()) {
        return promise;
    }
    let promise = {
        let (running, name) = (running.clone(), name.clone());
        promise(async move {
            let outcome = finish(&config, &metadata, url).await;
            if let Some(running) = running {
                running.delete(&name);
            }
            outcome
        })
    };
    if let Some(running) = running {
        running.set(&name, &promise);
    }
    promise
}

/// The token set of the session, or null.
///
/// # Errors
/// those of the configuration, and `storage_unavailable`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn session(config: JsValue) -> Result<JsValue, JsValue> {
    let sessions = Sessions::open(&Context::read(&config)?)?;
    Ok(sessions.load().map_or(JsValue::NULL, |tokens| from_tokens(&tokens)))
}

/// The access token of the session, refreshed when it has expired.
#[wasm_bindgen(js_name = accessToken)]
#[must_use]
pub fn access_token(config: JsValue, metadata: JsValue) -> Promise {
    promise(async move {
        let context = Context::read(&config)?;
        let tokens = fresh(&context, &context.metadata(&metadata)?).await?;
        Ok(JsValue::from_str(tokens.access_token.expose()))
    })
}

/// The claims of the userinfo endpoint for the session.
#[wasm_bindgen(js_name = sessionUserinfo)]
#[must_use]
pub fn session_userinfo(config: JsValue, metadata: JsValue) -> Promise {
    promise(async move {
        let context = Context::read(&config)?;
        let metadata = context.metadata(&metadata)?;
        let tokens = fresh(&context, &metadata).await?;
        ask_userinfo(&context.network, &metadata, &tokens).await
    })
}

/// Refreshes the session; gives the token set.
#[wasm_bindgen(js_name = sessionRefresh)]
#[must_use]
pub fn session_refresh(config: JsValue, metadata: JsValue) -> Promise {
    promise(async move {
        let context = Context::read(&config)?;
        let tokens = Sessions::open(&context)?.load().ok_or(Error::new(Code::SessionExpired))?;
        Ok(from_tokens(&refresh(&context, &context.metadata(&metadata)?, tokens).await?))
    })
}

/// Forgets the session on this device.
///
/// # Errors
/// those of the configuration, and `storage_unavailable`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn logout(config: JsValue) -> Result<(), JsValue> {
    Sessions::open(&Context::read(&config)?)?.forget();
    Ok(())
}

/// Token sets whose access token may still be used.
async fn fresh(context: &Context, metadata: &Metadata) -> Result<TokenSet<JsValue>, Error> {
    let tokens = Sessions::open(context)?.load().ok_or(Code::SessionExpired)?;
    if tokens.is_fresh(now()) {
        return Ok(tokens);
    }
    if tokens.refresh_token.is_none() {
        return Err(Error::new(Code::SessionExpired));
    }
    refresh(context, metadata, tokens).await
}

/// Only the server's own refusal of the refresh token ends a session.
async fn refresh(
    context: &Context,
    metadata: &Metadata,
    tokens: TokenSet<JsValue>,
) -> Result<TokenSet<JsValue>, Error> {
    let sessions = Sessions::open(context)?;
    match exchange(&context.network, token::refresh(&context.config, metadata, tokens)?).await {
        Ok(tokens) => {
            sessions.save(&tokens)?;
            Ok(tokens)
        }
        Err(error) => {
            if error.is_invalid_grant() {
                sessions.forget();
            }
            Err(error)
        }
    }
}

/// What the callback at this URL leads to.
async fn finish(config: &JsValue, metadata: &JsValue, url: Option<String>) -> Result<JsValue, Error> {
    let context = Context::read(config)?;
    context.metadata(metadata)?;
    let is_page = url.is_none();
    let Some(url) = url.or_else(current_url) else { return Ok(status("none").finish()) };
    let redirect_uri = &context.config.settings().redirect_uri;
    let callback = match Callback::parse(&url, redirect_uri) {
        Ok(Some(callback)) => callback,
        Ok(None) => return Ok(status("none").finish()),
        Err(error) => return Ok(refused(error, None)),
    };
    if is_page {
        replace_url(redirect_uri);
    }

    let logins = Logins::open()?;
    let sessions = Sessions::open(&context)?;
    let key = key(callback.state());
    if let Some(tombstone) = logins.remains(&key) {
        return Ok(already(&tombstone, &sessions));
    }
    let transaction = match logins.pending(&key) {
        Some(Ok(transaction)) => transaction,
        Some(Err(error)) => return Ok(refused(error, None)),
        None => {
            let error = Error::new(Code::TransactionNotFound);
            return Ok(status("other-login").with("error", error.into()).finish());
        }
    };

    let return_to = transaction.return_to().map(String::from);
    let record = transaction.to_record();
    let bury = |outcome| logins.bury(&key, &Tombstone::new(outcome, return_to.clone(), now()));
    let grant = match transaction.accept(&context.config, callback, now()) {
        Ok(grant) => grant,
        Err(error) => {
            // What was not shown to come from the server does not end the login: the server's own answer may still come.
            if error.ends_login() {
                bury(Outcome::Refused(error.code))?;
            }
            return Ok(refused(error, return_to.as_deref()));
        }
    };

    // From here on the code counts as used, whatever becomes of this page.
    bury(Outcome::Claimed)?;
    match exchange(&context.network, grant.into_request(&context.config)).await {
        Ok(tokens) => {
            sessions.save(&tokens)?;
            bury(Outcome::Completed)?;
            let outcome = status("signed-in").with("tokens", from_tokens(&tokens));
            Ok(outcome.with_text("returnTo", return_to.as_deref()).finish())
        }
        Err(error) if error.code.retryable() => {
            logins.restore(&key, record.expose())?;
            if is_page {
                replace_url(&url);
            }
            Ok(refused(error, return_to.as_deref()))
        }
        Err(error) => {
            bury(Outcome::Refused(error.code))?;
            Ok(refused(error, return_to.as_deref()))
        }
    }
}

/// The outcome of a login that came to its end before.
fn already(tombstone: &Tombstone, sessions: &Sessions) -> JsValue {
    let return_to = tombstone.return_to.as_deref();
    match tombstone.outcome {
        Outcome::Completed => status("already-completed")
            .with("tokens", sessions.load().map_or(JsValue::NULL, |tokens| from_tokens(&tokens)))
            .with_text("returnTo", return_to)
            .finish(),
        Outcome::Refused(code) => refused(Error::new(code), return_to),
        Outcome::Claimed => refused(Error::new(Code::CodeAlreadyUsed), return_to),
    }
}

fn refused(error: Error, return_to: Option<&str>) -> JsValue {
    status("refused")
        .with("restart", error.restart_helps().into())
        .with("error", error.into())
        .with_text("returnTo", return_to)
        .finish()
}

fn status(status: &str) -> Members {
    Members::new().with_text("status", Some(status))
}

/// What lives as long as the page.
fn config_memory(config: &JsValue) -> Option<Map> {
    use crate::json::Json;
    config.member("memory")?.dyn_into().ok()
}
