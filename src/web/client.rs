//! The whole login, kept, checked and finished once: what the package's `Client` and `Session` call.

use alloc::string::String;

use wasm_bindgen::prelude::*;

use crate::error::{Code, Error};
use crate::flow::authorize::{Authorization, begin};
use crate::flow::callback::Callback;
use crate::flow::token::TokenSet;
use crate::flow::transaction::{Outcome, Tombstone, Transaction, key};
use crate::random::SystemEntropy;
use crate::web::convert::{Context, Members, flag, from_tokens, is_embedded, login_options, now};
use crate::web::navigation::{current_url, open, replace_url};
use crate::web::steps::{Awaiting, begin_refresh, done, step};
use crate::web::storage::{Logins, Sessions};

/// Checks a configuration against the metadata of its server.
///
/// # Errors
/// those of [`Config::new`](crate::flow::config::Config::new) and [`Metadata::check`](crate::flow::metadata::Metadata::check)
#[wasm_bindgen(js_name = checkClient)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn check_client(config: JsValue, metadata: JsValue) -> Result<(), JsValue> {
    Context::read(&config, &metadata)?;
    Ok(())
}

/// Begins a login: saves the transaction, then sends the user away, in one tick.
///
/// # Errors
/// those of [`begin`], and `embedded_user_agent` and `storage_unavailable` before the user is sent away
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn login(config: JsValue, metadata: JsValue, options: JsValue) -> Result<(), JsValue> {
    let context = Context::read(&config, &metadata)?;
    if context.open.is_none() && !flag(&config, "dangerouslyAllowEmbeddedUserAgent") && is_embedded(&config) {
        return Err(Error::new(Code::EmbeddedUserAgent).into());
    }
    let now = now();
    let Authorization { url, transaction } =
        begin(&context.config, &context.metadata, login_options(&options)?, &mut SystemEntropy, now)?;
    let logins = Logins::open()?;
    logins.begin(&transaction, u64::from(context.config.settings().transaction_max_age), now)?;
    if let Err(error) = open(&context, &url) {
        logins.forget(&transaction.key());
        return Err(error.into());
    }
    Ok(())
}

/// Finishes a login when the page was reached by its callback: `{ done: outcome }`, or the step that redeems the code.
///
/// # Errors
/// those of the configuration, and `storage_unavailable`; everything else is an outcome
#[wasm_bindgen(js_name = handleRedirect)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn handle_redirect(config: JsValue, metadata: JsValue, url: Option<String>) -> Result<JsValue, JsValue> {
    let context = Context::read(&config, &metadata)?;
    Ok(match begin_exchange(&context, url)? {
        Next::Step(step) => step,
        Next::Outcome(outcome) => done(outcome),
    })
}

/// The token set of the session, or null.
///
/// # Errors
/// those of the configuration, and `storage_unavailable`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn session(config: JsValue, metadata: JsValue) -> Result<JsValue, JsValue> {
    let context = Context::read(&config, &metadata)?;
    let sessions = Sessions::open(&context)?;
    Ok(sessions.load().map_or(JsValue::NULL, |tokens| from_tokens(&tokens)))
}

/// The token set of the session with an access token that may be used: `{ done }`, or the step that refreshes it.
///
/// # Errors
/// `session_expired` and those of the configuration
#[wasm_bindgen(js_name = sessionTokens)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn session_tokens(config: JsValue, metadata: JsValue, refresh: bool) -> Result<JsValue, JsValue> {
    let context = Context::read(&config, &metadata)?;
    let tokens = Sessions::open(&context)?.load().ok_or(Error::new(Code::SessionExpired))?;
    if !refresh && tokens.is_fresh(now()) {
        return Ok(done(from_tokens(&tokens)));
    }
    if !refresh && tokens.refresh_token.is_none() {
        return Err(Error::new(Code::SessionExpired).into());
    }
    Ok(begin_refresh(&context, tokens, Awaiting::FreshSession)?)
}

/// Forgets the session on this device.
///
/// # Errors
/// those of the configuration, and `storage_unavailable`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn logout(config: JsValue, metadata: JsValue) -> Result<(), JsValue> {
    let context = Context::read(&config, &metadata)?;
    Sessions::open(&context)?.forget();
    Ok(())
}

/// Keeps what a refresh brought. Only the server's own refusal of the refresh token ends a session.
pub(crate) fn keep_session(
    context: &Context,
    refreshed: Result<TokenSet<JsValue>, Error>,
) -> Result<TokenSet<JsValue>, Error> {
    let sessions = Sessions::open(context)?;
    match &refreshed {
        Ok(tokens) => sessions.save(tokens)?,
        Err(error) if error.is_invalid_grant() => sessions.forget(),
        Err(_) => {}
    }
    refreshed
}

/// How the handling of a callback goes on.
enum Next {
    Step(JsValue),
    Outcome(JsValue),
}

/// Up to the token request; from there on the code counts as used, whatever becomes of the page.
fn begin_exchange(context: &Context, url: Option<String>) -> Result<Next, Error> {
    let is_page = url.is_none();
    let redirect_uri = &context.config.settings().redirect_uri;
    let Some(parsed) = url.or_else(current_url).and_then(|url| Callback::parse(&url, redirect_uri).transpose()) else {
        return Ok(Next::Outcome(status("none").finish()));
    };

    let logins = Logins::open()?;
    let sessions = Sessions::open(context)?;
    let key = parsed.as_ref().map_or_else(|_| String::new(), |callback| key(callback.state()));
    let pending = logins.pending(&key);
    if let Some(Ok(transaction)) = &pending
        && let Some(member) = transaction.foreign_member(&context.config)
    {
        // It is for the other client of this page to handle, and stays where it finds it.
        return Ok(other_login(Error::new(Code::TransactionInvalid).about(member)));
    }
    // Whatever becomes of it, the response does not stay in the address bar and the history.
    if is_page {
        replace_url(redirect_uri);
    }
    let callback = match parsed {
        Ok(callback) => callback,
        Err(error) => return Ok(refused(error, None)),
    };
    if let Some(tombstone) = logins.remains(&key) {
        return Ok(already(&tombstone, &sessions));
    }
    let transaction = match pending {
        Some(Ok(transaction)) => transaction,
        Some(Err(error)) => return Ok(refused(error, None)),
        None => return Ok(other_login(Error::new(Code::TransactionNotFound))),
    };

    let return_to = transaction.return_to.clone();
    let record = transaction.to_record();
    match transaction.accept(&context.config, callback, now()) {
        Ok(grant) => {
            logins.bury(&key, &Tombstone::new(Outcome::Claimed, return_to, now()))?;
            let (request, _) = grant.into_request(&context.config);
            Ok(Next::Step(step(request, Awaiting::Login, record.expose())))
        }
        Err(error) => {
            let outcome = refused(error.clone(), return_to.as_deref());
            // What was not shown to come from the server does not end the login: the server's own answer may still come.
            if error.ends_login() {
                logins.bury(&key, &Tombstone::new(Outcome::Refused(error.code), return_to, now()))?;
            }
            Ok(outcome)
        }
    }
}

/// From the tokens to the outcome.
pub(crate) fn finish_login(
    context: &Context,
    record: &str,
    tokens: Result<TokenSet<JsValue>, Error>,
) -> Result<JsValue, Error> {
    let transaction = Transaction::from_record(record)?;
    let logins = Logins::open()?;
    let key = transaction.key();
    let return_to = transaction.return_to.clone();
    let finished = tokens.and_then(|tokens| {
        Sessions::open(context)?.save(&tokens)?;
        Ok(tokens)
    });
    let bury = |outcome| logins.bury(&key, &Tombstone::new(outcome, return_to.clone(), now()));
    match finished {
        Ok(tokens) => {
            bury(Outcome::Completed)?;
            let outcome = status("signed-in").with("tokens", from_tokens(&tokens));
            Ok(outcome.with_text("returnTo", return_to.as_deref()).finish())
        }
        Err(error) => {
            // No answer, or none that counts: the same callback may be handled again.
            if error.code.retryable() {
                logins.restore(&key, record)?;
            } else {
                bury(Outcome::Refused(error.code))?;
            }
            Ok(refusal(error, return_to.as_deref()))
        }
    }
}

/// The outcome of a login that came to its end before.
fn already(tombstone: &Tombstone, sessions: &Sessions) -> Next {
    let return_to = tombstone.return_to.as_deref();
    match tombstone.outcome {
        Outcome::Completed => Next::Outcome(
            status("already-completed")
                .with("tokens", sessions.load().map_or(JsValue::NULL, |tokens| from_tokens(&tokens)))
                .with_text("returnTo", return_to)
                .finish(),
        ),
        Outcome::Refused(code) => refused(Error::new(code), return_to),
        Outcome::Claimed => refused(Error::new(Code::CodeAlreadyUsed), return_to),
    }
}

fn other_login(error: Error) -> Next {
    Next::Outcome(status("other-login").with("error", error.into()).finish())
}

fn refused(error: Error, return_to: Option<&str>) -> Next {
    Next::Outcome(refusal(error, return_to))
}

fn refusal(error: Error, return_to: Option<&str>) -> JsValue {
    status("refused")
        .with("restart", error.restart_helps().into())
        .with("error", error.into())
        .with_text("returnTo", return_to)
        .finish()
}

fn status(status: &str) -> Members {
    Members::new().with_text("status", Some(status))
}
