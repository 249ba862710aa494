//! The whole login, kept, checked and finished once: what the package's `Client` and `Session` call.

use alloc::string::String;

use js_sys::Reflect;
use wasm_bindgen::prelude::*;

use crate::error::{Code, Error};
use crate::flow::authorize::{Authorization, begin};
use crate::flow::callback::Callback;
use crate::flow::logout::{EndSession, end_session, returned};
use crate::flow::resource;
use crate::flow::session::{Asked, Kept, Next as Needed, Session};
use crate::flow::token::TokenSet;
use crate::flow::transaction::{Outcome, Tombstone, Transaction, key};
use crate::http::{Request, Response};
use crate::json::Json;
use crate::random::{Entropy, SystemEntropy};
use crate::web::convert::{
    Context, Members, flag, from_tokens, is_embedded, login_options, logout_options, now, seconds, to_tokens,
};
use crate::web::steps::{Awaiting, begin_refresh, done, step};
use crate::web::storage::{Keys, Logins, Sessions};
use crate::web::verify::first_keys;

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

/// Begins a login: keeps the transaction, and gives the URL to send the user to with the name of the login and the seconds
/// within which it must be finished: `{ url, key, maxAge }`.
///
/// # Errors
/// those of [`begin`], and `embedded_user_agent` and `storage_unavailable`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn login(config: JsValue, metadata: JsValue, options: JsValue) -> Result<JsValue, JsValue> {
    let context = Context::read(&config, &metadata)?;
    let allowed = ["opens", "dangerouslyAllowEmbeddedUserAgent"].iter().any(|name| flag(&config, name));
    if !allowed && is_embedded(&config) {
        return Err(Error::new(Code::EmbeddedUserAgent).into());
    }
    let now = now();
    let Authorization { url, transaction } =
        begin(&context.config, &context.metadata, login_options(&options)?, &mut SystemEntropy, now)?;
    Logins::open(&context)?.begin(&transaction, now)?;
    let max_age = context.config.settings().transaction_max_age;
    let begun = Members::new().with_text("url", Some(&url)).with_text("key", Some(&transaction.key()));
    Ok(begun.with("maxAge", max_age.into()).finish())
}

/// The name of the login that a callback belongs to; nothing when it is no callback at this redirect URI.
#[wasm_bindgen(js_name = callbackKey)]
#[must_use]
pub fn callback_key(redirect_uri: &str, url: &str) -> Option<String> {
    Callback::parse(url, redirect_uri).ok().flatten().map(|callback| key(callback.state()))
}

/// Finishes a login when the page was reached by its callback: `{ done: outcome }`, or the step that redeems the code, at times after one
/// that fetches keys. Where the callback is one of this client, `address` is what is to stand in the address bar in its place.
///
/// # Errors
/// those of the configuration, and `storage_unavailable`; everything else is an outcome
#[wasm_bindgen(js_name = handleRedirect)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn handle_redirect(config: JsValue, metadata: JsValue, url: &str) -> Result<JsValue, JsValue> {
    let context = Context::read(&config, &metadata)?;
    let settings = context.config.settings();
    let (next, address) = match Callback::parse(url, &settings.redirect_uri).transpose() {
        Some(parsed) => (begin_exchange(&context, parsed, url, None)?, Some(&settings.redirect_uri)),
        None => (come_back(&context, url)?, settings.post_logout_redirect_uri.as_ref()),
    };
    Ok(next.tell(address.map(String::as_str)))
}

/// The outcome of a login by its name, when the page went away while it was finished: `{ done: outcome }`.
///
/// # Errors
/// those of the configuration, and `storage_unavailable`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn interrupted(config: JsValue, metadata: JsValue, key: &str) -> Result<JsValue, JsValue> {
    let context = Context::read(&config, &metadata)?;
    let remains = Logins::open(&context)?.remains(key).filter(|tombstone| !tombstone.is_foreign(&context.config));
    let outcome = match remains {
        Some(tombstone) => already(&tombstone, &Sessions::open(&context)?),
        None => status("none").finish(),
    };
    Ok(done(outcome))
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
    Ok(sessions.load().map_or(JsValue::NULL, |session| from_tokens(&session.tokens)))
}

/// Tokens of the session for whoever `asked`: `{ done }`, with `refresh` when they are to be refreshed meanwhile; `{ refresh }` alone
/// when fresh ones have to come. Who is the only one to refresh them (`alone`) gets the step that does so instead.
///
/// # Errors
/// `session_expired`, `refresh_token_missing`, how the last refresh failed, and those of the configuration
#[wasm_bindgen(js_name = sessionTokens)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn session_tokens(config: JsValue, metadata: JsValue, asked: JsValue, alone: bool) -> Result<JsValue, JsValue> {
    let context = Context::read(&config, &metadata)?;
    let sessions = Sessions::open(&context)?;
    let mut session = sessions.load().ok_or(Error::new(Code::SessionExpired))?;
    let [subject, spent, seen] = ["subject", "spent", "seen"].map(|name| asked.string(name));
    let steady = seconds(&asked, "now").unwrap_or_default();
    let next = session.next(
        &Asked {
            subject: subject.as_deref(),
            spent: spent.as_deref(),
            seen: seen.as_deref().map(|token| (token, steady)),
        },
        now(),
    )?;
    if next == Needed::Give {
        return Ok(done(from_tokens(&session.tokens)));
    }
    if alone {
        session.begin_refresh();
        let carry = session.to_record();
        let step = begin_refresh(&context, session.tokens, carry.expose(), Awaiting::FreshSession)?;
        sessions.keep(carry.expose())?;
        return Ok(step);
    }
    let tokens = (next == Needed::GiveAndRefresh).then(|| from_tokens(&session.tokens));
    Ok(Members::new().with("refresh", true.into()).with_some("done", tokens).finish())
}

/// Sees to it that the access token may be sent to a URL, which is absolute and as the platform writes it.
///
/// # Errors
/// `origin_refused` and those of the configuration
#[wasm_bindgen(js_name = checkResource)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn check_resource(config: JsValue, metadata: JsValue, url: &str) -> Result<(), JsValue> {
    let context = Context::read(&config, &metadata)?;
    Ok(resource::check(&context.config, &context.metadata, url)?)
}

/// Whether fresh tokens may help after a resource server refused these.
///
/// # Errors
/// `insufficient_scope`, `insufficient_user_authentication` and those of the configuration
#[wasm_bindgen(js_name = readRefusal)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn read_refusal(
    config: JsValue,
    metadata: JsValue,
    tokens: JsValue,
    status: u16,
    www_authenticate: Option<String>,
) -> Result<bool, JsValue> {
    let context = Context::read(&config, &metadata)?;
    let tokens = to_tokens(&tokens)?;
    Ok(resource::read_refusal(&context.config, &tokens, status, www_authenticate.as_deref(), now())?)
}

/// Forgets the session on this device, whatever comes after: `{ tokens, url }`, the tokens that it had, and where to send the user when the session at
/// the server is to end too.
///
/// # Errors
/// those of [`end_session`] and of the configuration, and `storage_unavailable`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn logout(config: JsValue, metadata: JsValue, options: JsValue) -> Result<JsValue, JsValue> {
    let context = Context::read(&config, &metadata)?;
    let sessions = Sessions::open(&context)?;
    let tokens = sessions.load().map(|session| session.tokens);
    sessions.forget();
    let done = Members::new().with_some("tokens", tokens.as_ref().map(from_tokens));
    if !flag(&options, "endSession") {
        return Ok(done.finish());
    }
    let options = logout_options(&options)?;
    let EndSession { url, expected } =
        end_session(&context.config, &context.metadata, tokens.as_ref(), options, &mut SystemEntropy, now())?;
    if let Some((key, tombstone)) = expected {
        Logins::open(&context)?.bury(&key, &tombstone)?;
    }
    Ok(done.with_text("url", Some(&url)).finish())
}

/// Keeps what the refresh of a session brought.
pub(crate) fn keep_session(
    context: &Context,
    carry: &str,
    refreshed: Result<TokenSet<JsValue>, Error>,
) -> Result<TokenSet<JsValue>, Error> {
    let sessions = Sessions::open(context)?;
    let session = Session::from_record(carry).ok_or(Code::Internal)?;
    let mut chance = [0_u8; 1];
    // Without it those who failed together come back together, which is no reason to lose what came.
    let _ = SystemEntropy.fill(&mut chance);
    let (kept, told) = session.conclude(sessions.load().as_ref(), refreshed, now(), u8::from_le_bytes(chance));
    match kept {
        Kept::As(session) => {
            sessions.keep(session.to_record().expose())?;
            told.map(|()| session.tokens)
        }
        Kept::Ended => {
            sessions.forget();
            Err(told.err().unwrap_or(Error::new(Code::SessionExpired)))
        }
        Kept::Other => Err(Error::new(Code::SessionExpired)),
    }
}

/// How the handling of a callback goes on.
enum Next {
    /// The code is redeemed.
    Exchange(JsValue),
    /// The keys are fetched before it; until then the callback stays where it was found.
    Keys(JsValue),
    Outcome(JsValue),
    /// It is not for this client: the callback stays where it was found.
    Left(JsValue),
}

impl Next {
    /// For JavaScript, with what is to stand in the address bar.
    fn tell(self, address: Option<&str>) -> JsValue {
        let next = match self {
            Self::Keys(step) => return step,
            Self::Left(outcome) => return done(outcome),
            Self::Exchange(step) => step,
            Self::Outcome(outcome) => done(outcome),
        };
        if let Some(address) = address {
            // Setting a member of a fresh object cannot fail.
            let _ = Reflect::set(&next, &"address".into(), &address.into());
        }
        next
    }
}

/// Goes on with a callback when the answer of the `jwks_uri` is there.
pub(crate) fn handle_with_keys(
    context: &Context,
    url: &str,
    answer: Result<Response, Error>,
) -> Result<JsValue, Error> {
    let redirect_uri = &context.config.settings().redirect_uri;
    let parsed = Callback::parse(url, redirect_uri).transpose().ok_or(Code::Internal)?;
    Ok(begin_exchange(context, parsed, url, Some(answer))?.tell(Some(redirect_uri)))
}

/// Where the user may have come back to after signing out at the server. It may be any page: what is none of ours changes nothing.
fn come_back(context: &Context, url: &str) -> Result<Next, Error> {
    let config = &context.config;
    let remains = match returned(config, url) {
        Some(key) => Logins::open(context)?.remains(&key),
        None => None,
    };
    Ok(match remains {
        Some(tombstone) if tombstone.outcome == Outcome::SignedOut && !tombstone.is_foreign(config) => {
            Next::Outcome(signed_out(&tombstone))
        }
        _ => Next::Left(status("none").finish()),
    })
}

/// Up to the token request; from there on the code counts as used, whatever becomes of the page. So the server's keys are fetched
/// before it: when they are not to be had, the same callback can be handled again.
fn begin_exchange(
    context: &Context,
    parsed: Result<Callback, Error>,
    url: &str,
    keys: Option<Result<Response, Error>>,
) -> Result<Next, Error> {
    let config = &context.config;
    let callback = match parsed {
        Ok(callback) => callback,
        Err(error) => return Ok(refused(error, None)),
    };

    let logins = Logins::open(context)?;
    let sessions = Sessions::open(context)?;
    let key = key(callback.state());
    if let Some(tombstone) = logins.remains(&key) {
        if tombstone.is_foreign(config) {
            return Ok(Next::Left(other_login(Error::new(Code::TransactionInvalid).about("client_id"))));
        }
        return Ok(Next::Outcome(already(&tombstone, &sessions)));
    }
    let transaction = match logins.pending(&key) {
        Some(Ok(transaction)) => transaction,
        Some(Err(error)) => return Ok(refused(error, None)),
        None => return Ok(Next::Outcome(other_login(Error::new(Code::TransactionNotFound)))),
    };
    if let Some(member) = transaction.foreign_member(config) {
        return Ok(Next::Left(other_login(Error::new(Code::TransactionInvalid).about(member))));
    }

    let return_to = transaction.return_to.clone();
    let record = transaction.to_record();
    let keys_request = transaction.keys_request();
    let accepted = transaction.accept(config, callback, now());
    match accepted.and_then(|grant| Ok((grant, missing_keys(context, keys_request, keys)?))) {
        Ok((_, Some(request))) => Ok(Next::Keys(step(request, Awaiting::FirstKeys, url))),
        Ok((grant, None)) => {
            logins.bury(&key, &Tombstone::new(config, Outcome::Claimed, return_to, now()))?;
            let (request, _) = grant.into_request(config);
            Ok(Next::Exchange(step(request, Awaiting::Login, record.expose())))
        }
        Err(error) => {
            let outcome = refused(error.clone(), return_to.as_deref());
            // What was not shown to come from the server does not end the login: the server's own answer may still come.
            if error.ends_login() {
                logins.bury(&key, &Tombstone::new(config, refusal(&error), return_to, now()))?;
            }
            Ok(outcome)
        }
    }
}

/// The request for the keys of a login, where they are needed and neither kept nor in this answer.
fn missing_keys(
    context: &Context,
    request: Option<Request>,
    answer: Option<Result<Response, Error>>,
) -> Result<Option<Request>, Error> {
    let Some(request) = request.filter(|_| context.can_verify) else { return Ok(None) };
    let kept = Keys::open(context);
    match answer {
        Some(answer) => kept.save(&request.url, &first_keys(&answer?)?)?,
        None if kept.load(&request.url).is_none() => return Ok(Some(request)),
        None => {}
    }
    Ok(None)
}

/// From the tokens to the outcome.
pub(crate) fn finish_login(
    context: &Context,
    record: &str,
    tokens: Result<TokenSet<JsValue>, Error>,
) -> Result<JsValue, Error> {
    let transaction = Transaction::from_record(record)?;
    let logins = Logins::open(context)?;
    let key = transaction.key();
    let return_to = transaction.return_to.clone();
    let finished = tokens.and_then(|tokens| {
        Sessions::open(context)?.save(&tokens)?;
        Ok(tokens)
    });
    let bury = |outcome| logins.bury(&key, &Tombstone::new(&context.config, outcome, return_to.clone(), now()));
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
                bury(refusal(&error))?;
            }
            let restart = error.restart_helps();
            Ok(refused_with(error, restart, return_to.as_deref()))
        }
    }
}

/// The outcome of a login that came to its end before.
fn already(tombstone: &Tombstone, sessions: &Sessions) -> JsValue {
    let return_to = tombstone.return_to.as_deref();
    match tombstone.outcome {
        Outcome::Completed => status("already-completed")
            .with("tokens", sessions.load().map_or(JsValue::NULL, |session| from_tokens(&session.tokens)))
            .with_text("returnTo", return_to)
            .finish(),
        Outcome::SignedOut => signed_out(tombstone),
        Outcome::Refused { code, restart } => refused_with(Error::new(code), restart, return_to),
        Outcome::Claimed => refused_with(Error::new(Code::CodeAlreadyUsed), true, return_to),
    }
}

fn signed_out(tombstone: &Tombstone) -> JsValue {
    status("signed-out").with_text("returnTo", tombstone.return_to.as_deref()).finish()
}

fn other_login(error: Error) -> JsValue {
    status("other-login").with("error", error.into()).finish()
}

fn refused(error: Error, return_to: Option<&str>) -> Next {
    let restart = error.restart_helps();
    Next::Outcome(refused_with(error, restart, return_to))
}

fn refused_with(error: Error, restart: bool, return_to: Option<&str>) -> JsValue {
    status("refused")
        .with("restart", restart.into())
        .with("error", error.into())
        .with_text("returnTo", return_to)
        .finish()
}

/// What remains of a refusal.
fn refusal(error: &Error) -> Outcome {
    Outcome::Refused { code: error.code, restart: error.restart_helps() }
}

fn status(status: &str) -> Members {
    Members::new().with_text("status", Some(status))
}
