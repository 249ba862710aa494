//! What a page asks when it starts, begins a login, or signs out; and what is common to all steps. A step takes texts and gives the text of a JSON object; of one that fails the object has the
//! member `error`: `{ code, subject?, status?, retryAfter?, oauthError?, oauthErrorDescription?, oauthErrorUri?, loginOptions? }`.
//!
//! A *record* is a text that a step made and that a later one takes; nobody else reads or changes it. An *answer* is what a
//! server answered: its status, content type, `Date` in seconds since 1970 and `Retry-After` in seconds, each on a line of its own and
//! empty when it cannot be seen, and after these four lines the body.

use alloc::vec::Vec;

use wasm_bindgen::prelude::*;

use crate::error::{Code, Fault};
use crate::flow::authorize::begin as begin_login;
use crate::flow::callback::Callback;
use crate::flow::config::{are_accepted, is_set};
use crate::flow::login::{key_of, of_nobody};
use crate::flow::logout::end_session;
use crate::flow::metadata as discovery_of;
use crate::flow::redirect_uris::{is_unseen_from, note};
use crate::flow::session::is_over;
use crate::flow::setup::{Setup, setup as check_setup};
use crate::flow::tokens::{Session, from_json};
use crate::flow::transaction::{Transaction, key, sweep as sweep_records};
use crate::flow::user_agent::is_embedded;
use crate::random::SystemEntropy;
use crate::table::{Members, Table};
use crate::tables::{ALL, Document, OF_LOGIN, OF_LOGOUT, OPTIONS, Options, PAGE, Page, SETTINGS, Settings, about};
use crate::text::{Write, joined};
use crate::web::text::{Given, Out, TEXTS, Text, absent, now, reply, run, separate, setup_and, tell_tokens};

/// Checks a configuration against the metadata of its server (RFC 6749, RFC 8252 section 7, RFC 8414 section 3.3): both are JSON.
/// Gives `{ setup, owner, pushed?, bound? }`: a record that every later step takes, and a name for this client at this issuer; whether the request of a login is pushed, and
/// whether it asks for tokens that are bound to a key, with `required` where others are refused, and with `none` where the server takes no key of its kind.
///
/// # Errors
/// `member_unknown`, `config_invalid`, `redirect_uri_invalid`, `metadata_invalid`, `issuer_mismatch`, `endpoint_insecure`, `pkce_unsupported`,
/// `id_token_alg_unsupported`, `server_unsupported`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn setup(config: Text, metadata: Text) -> Text {
    run(config, metadata, absent(), absent(), TEXTS, |given, out| {
        let [config, document, ..] = given.texts;
        check_members(&SETTINGS, ALL, config, out)?;
        let fields = check_setup(config, document).map_err(|fault| {
            let fields = SETTINGS.read(config, fault.code()).unwrap_or_default();
            said(fault, document, Settings::of_table(&fields).metadata(), out)
        })?;
        out.record("setup", &fields);
        let setup = Setup::of_table(&fields);
        out.text("owner", &setup.owner());
        if setup.is_pushed() {
            out.json("pushed", b"true");
        }
        out.text("bound", setup.dpop());
        Ok(())
    })
}

/// Sees to it that an object has no member which nothing here reads: mostly it is another one, misspelled.
fn check_members(table: &Table, known: Members, text: &[u8], out: &mut Out) -> Result<(), Fault> {
    let Some(stranger) = table.stranger(known, text) else { return Ok(()) };
    out.about(&stranger);
    Err(Code::MemberUnknown.into())
}

/// Reads the options of a login or a sign-out.
#[inline(never)]
fn read_options(known: Members, text: &[u8], out: &mut Out) -> Result<Vec<u8>, Fault> {
    check_members(&OPTIONS, known, text, out)?;
    OPTIONS.read(text, Code::ConfigInvalid)
}

/// Gives the places where the metadata of an issuer may be (OpenID Connect Discovery 1.0 section 4, RFC 8414 sections 3.1 and 5):
/// `{ openid, oauth, inserted? }`. They are asked in this order until one has it; a document of another issuer ends the search. The options are JSON:
/// `{ dangerouslyAllowHttp?, acceptIssuer?, metadata?, scope? }`, or a whole configuration.
///
/// # Errors
/// `member_unknown`, `config_invalid`, `endpoint_insecure`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn discovery(issuer: Text, options: Text) -> Text {
    run(issuer, options, absent(), absent(), TEXTS, |given, out| {
        check_members(&SETTINGS, ALL, given.texts[1], out)?;
        let (_, allow_http) = allowed(given)?;
        let [openid, oauth, inserted] = discovery_of::places(given.texts[0], allow_http)?;
        out.texts("openid oauth inserted", &[&openid, &oauth, &inserted]);
        Ok(())
    })
}

/// Checks the answer of one of these places; its body is the metadata then (RFC 8414 section 3.3). Gives `{ keyless }` when the scope asks for an ID token and the
/// document does not say where its keys are: then it counts only when no OpenID place may have another one. Otherwise `{}`.
///
/// # Errors
/// `config_invalid`, `metadata_not_found`, `metadata_invalid`, `issuer_mismatch`, `endpoint_insecure`, `server_error`, `redirect_not_followed`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn metadata(issuer: Text, options: Text, answer: Text) -> Text {
    run(issuer, options, answer, absent(), TEXTS, |given, out| {
        let reply = reply(given.texts[2]);
        let (fields, allow_http) = allowed(given)?;
        let options = Settings::of_table(&fields);
        let (known, accepted) = (options.metadata(), options.accept_issuer());
        let document = discovery_of::finish(&reply, known, given.texts[0], accepted, allow_http)
            .map_err(|fault| said(out.fault(fault, &reply), reply.body, known, out))?;
        if discovery_of::is_keyless(&Document::of_table(&document), &options) {
            out.json("keyless", b"true");
        }
        Ok(())
    })
}

/// A fault of a document, with what the document says there.
fn said(fault: Fault, document: &[u8], known: &[u8], out: &mut Out) -> Fault {
    out.found(&discovery_of::said(fault, document, known));
    fault
}

/// The fields of [`Settings`], of which those matter that `discovery` names, and whether they allow `http`.
fn allowed(given: &Given<'_>) -> Result<(Vec<u8>, bool), Fault> {
    let fields = SETTINGS.read(given.texts[1], Code::ConfigInvalid)?;
    let discovery = Settings::of_table(&fields);
    let allow_http = is_set(discovery.dangerously_allow_http());
    if !are_accepted(discovery.accept_issuer(), allow_http) {
        return Err(about!(ConfigInvalid, SETTINGS, "accept_issuer"));
    }
    Ok((fields, allow_http))
}

/// Builds the authorization request (RFC 6749 section 4.1.1, RFC 7636 section 4.3) from the options of a login, which are JSON.
/// Gives `{ url, state, key, transaction }`: where to send the user, the record to keep until they come back, and the name to keep it under. Where [`setup`] says that requests are
/// pushed, the user is not sent there, but [`push`](crate::web::push) takes the URL (RFC 9126); without `page` it is `server_unsupported` then. What the page can
/// tell of its browser is JSON, too, or empty: `{ userAgent?, inShell?, installed?, origin?, dpopJkt? }`, of which the last is the thumbprint of the key that its tokens are to be
/// bound to (RFC 9449 section 10).
///
/// The last text is the record of the redirect URIs in use, which all clients of an application share, or empty when there is none
/// (RFC 9700 section 4.4). Gives `index` when another text has to take its place; an empty one is none.
///
/// # Errors
/// `member_unknown`, `config_invalid`, `parameter_protected`, `return_to_refused`, `metadata_invalid`, `randomness_unavailable`, `embedded_user_agent`,
/// `redirect_uri_shared`, `server_unsupported`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn begin(setup: Text, options: Text, page: Text, index: Text) -> Text {
    run(setup, options, page, index, setup_and(0), |given, out| {
        let [_, _, page, index] = given.texts;
        let fields = if page.is_empty() { Vec::new() } else { PAGE.read(page, Code::ConfigInvalid)? };
        let page = Page::of_table(&fields);
        if fields.is_empty() {
            // Whoever knows nothing of the page pushes nothing.
            if given.setup.is_pushed() {
                return Err(about!(ServerUnsupported, METADATA, "require_pushed_authorization_requests"));
            }
        } else {
            if is_embedded(page.user_agent(), is_set(page.in_shell()), is_set(page.installed())) {
                return Err(Code::EmbeddedUserAgent.into());
            }
            if is_unseen_from(page.origin(), given.setup.redirect_uri()) {
                out.differs(given.setup.redirect_uri(), page.origin());
                return Err(about!(ConfigInvalid, SETTINGS, "redirect_uri"));
            }
        }
        let options = read_options(OF_LOGIN, given.texts[1], out)?;
        let mut url = Vec::new();
        let options = Options::of_table(&options);
        let fields = begin_login(&given.setup, &options, page.dpop_jkt(), &mut SystemEntropy, now(), &mut url)?;
        let state = Transaction::of_table(&fields).state();
        out.texts("url state key", &[&url, state, &key(state)]);
        out.record("transaction", &fields);
        let noted = note(&given.setup, index, now())?;
        if noted != index {
            out.members.member(b"index");
            out.members.string(&noted);
        }
        Ok(())
    })
}

/// Decides by a URL alone, wherever it is, what a login or sign-out that it may belong to is kept under: `{ key?, bare?, outcome }`. `key` is
/// its name. With `bare` it is an error at the redirect URI that does not say whose it is: it is looked at with each pending login in turn. The outcome is that
/// of a URL that belongs to nothing: `none` or `other-login`.
///
/// # Errors
/// none: what is wrong with the callback is an outcome
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn callback(setup: Text, url: Text) -> Text {
    run(setup, url, absent(), absent(), setup_and(0), |given, out| {
        let callback = Callback::read(given.texts[1], given.setup.redirect_uri());
        let mut outcome = Vec::new();
        if let Some(code) = of_nobody(&callback) {
            outcome.members("status", &[b"other-login"]);
            outcome.member(b"error");
            outcome.text(&out.error(code.into()));
        } else {
            outcome.members("status", &[b"none"]);
        }
        outcome.push(b'}');
        out.json("outcome", &outcome);
        out.text("key", &key_of(&callback));
        if callback.is_bare() {
            out.json("bare", b"true");
        }
        Ok(())
    })
}

/// Reads a session that was kept: `{ tokens, session }`, with `expired` when no access token can be had from it any more; or `{}` when it is
/// none of this version, or of an issuer that this client does not accept.
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn session(setup: Text, session: Text) -> Text {
    run(setup, session, absent(), absent(), setup_and(1), |given, out| {
        let fields = given.texts[1];
        let is_ours = |session: &Session<'_>| session.check_issuer(&given.setup).is_ok();
        if let Some(session) = Session::parse(fields).filter(is_ours) {
            tell_tokens(fields, b"", out);
            if is_over(&session, now()) {
                out.json("expired", b"true");
            }
        }
        Ok(())
    })
}

/// Makes a record of a token set, which is JSON: `{ session }`.
///
/// # Errors
/// `config_invalid` naming the member
#[wasm_bindgen(js_name = fromTokens)]
#[must_use]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn from_tokens(tokens: Text) -> Text {
    run(tokens, absent(), absent(), absent(), TEXTS, |given, out| {
        out.record("session", &from_json(given.texts[0])?);
        Ok(())
    })
}

/// Builds the request that ends the session at the server, where the options say `endSession` (OpenID Connect RP-Initiated Logout section 2): `{ url, key?, remains? }`, where to send
/// the user, and what to keep until they come back; otherwise `{}`. The session may be empty; the options are JSON. It is for when the session has ended here.
///
/// # Errors
/// `member_unknown`; `config_invalid` naming the option, `issuer_mismatch`; about the endpoint `endpoint_missing`, `metadata_invalid`, `endpoint_insecure`; `return_to_refused`, `parameter_protected`,
/// `randomness_unavailable`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn logout(setup: Text, session: Text, options: Text) -> Text {
    run(setup, session, options, absent(), setup_and(1), |given, out| {
        let options = read_options(OF_LOGOUT, given.texts[2], out)?;
        let options = Options::of_table(&options);
        if !is_set(options.end_session()) {
            return Ok(());
        }
        let session = Session::parse(given.texts[1]);
        let mut url = Vec::new();
        let (key, remains) =
            end_session(&given.setup, session.as_ref(), &options, &mut SystemEntropy, now(), &mut url)?;
        out.texts("url key", &[&url, &key]);
        out.record("remains", &remains);
        Ok(())
    })
}

/// Decides which records of logins are to be forgotten before one more of their kind is kept: `{ forget }`, their names. Takes of each record
/// four lines: its name, and the three with which it begins.
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn sweep(records: Text) -> Text {
    run(records, absent(), absent(), absent(), TEXTS, |given, out| {
        let mut list = joined(&[b"["]);
        sweep_records(given.texts[0], now(), &mut |name| {
            separate(&mut list);
            list.string(name);
        });
        list.push(b']');
        out.json("forget", &list);
        Ok(())
    })
}
