//! What the package's `Client` and `Session` ask beside the steps: what becomes of records that they keep. They read and write;
//! every decision is the protocol's.

use alloc::vec::Vec;

use wasm_bindgen::prelude::*;

use crate::error::Code;
use crate::flow::callback::{Callback, is_at};
use crate::flow::login::{self, Arrival, Failed};
use crate::flow::logout::end_session;
use crate::flow::resource::{self, Refused};
use crate::flow::session::{Asked, Failure, Kept, Next, conclude, failed, is_over, next};
use crate::flow::tokens::Session;
use crate::flow::transaction::{Outcome, Transaction, sweep as sweep_records};
use crate::random::{Entropy, SystemEntropy};
use crate::tables::{ASKED, AskedFor, FAILED, FailedAs, OPTIONS, Options};
use crate::text::{Write, cut, digits, joined, number_or};
use crate::web::steps::{separate, tell_tokens};
use crate::web::text::{
    Out, SESSION, TEXTS, TRANSACTION, Text, absent, now, read_code, records, reply, run, setup_and, write_code,
};

/// Decides what becomes of a URL, by the records of the pending login and of what remains of one, each empty when there is none.
///
/// Without records it says what they are kept under: `{ key?, bare?, outcome }`. `key` is the name of the login or sign-out that the URL may belong to,
/// wherever it is. With `bare` it is an error at the redirect URI that does not say whose it is: it is looked at with each pending login in turn.
/// The outcome is that of a URL that belongs to nothing: `none` or `other-login`. Without a URL, it is that of what remains.
///
/// Gives `{ outcome, address?, remains? }` with `{ status, error?, restart?, returnTo?, unverified? }`; or `{ url, form, said, keys, jkt?, address, remains }` when the code
/// is to be redeemed. `remains` takes the place of the pending login, before the request is sent; `address` is what is to stand in the address bar, which else
/// stays as it is.
///
/// # Errors
/// none: what is wrong with the callback is an outcome
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn arrive(setup: Text, url: Text, pending: Text, remains: Text) -> Text {
    run(setup, pending, remains, url, setup_and(2), |given, out| {
        let (setup, [_, pending, remains, url]) = (&given.setup, given.texts);
        let callback = Callback::read(url, setup.redirect_uri());
        let is_bare = callback.state().is_empty() && !callback.unverified().is_empty();
        let mut address = setup.redirect_uri();
        let (mut status, mut fault, mut restart) = ("none", None, b"".as_slice());
        let (mut return_to, mut unverified) = (b"".as_slice(), b"".as_slice());
        match login::arrive(setup, url, &callback, pending, remains, now()) {
            Arrival::Redeem { form, said, transaction } => {
                status = "";
                let keys = if transaction.nonce().is_empty() { b"" } else { transaction.jwks_uri() };
                let jkt = transaction.dpop_jkt();
                out.texts("url form keys jkt", &[transaction.token_endpoint(), &form, keys, jkt]);
                out.record("said", &said);
                out.record("remains", &login::claim(setup, &transaction, now()));
            }
            Arrival::None => address = b"",
            Arrival::Unverified => {
                unverified = callback.unverified();
                address = b"";
            }
            Arrival::Foreign(whose) => {
                (status, fault) = ("other-login", Some(whose));
                address = b"";
            }
            Arrival::Ended(tombstone) => {
                return_to = tombstone.way_back();
                match tombstone.ended() {
                    Outcome::Completed => status = "already-completed",
                    Outcome::SignedOut => {
                        status = "signed-out";
                        address = setup.post_logout_redirect_uri();
                    }
                    Outcome::Refused { code, restart: helps } => {
                        out.said(&[tombstone.error()]);
                        (status, fault, restart) = ("refused", Some(code.into()), truth(helps));
                    }
                    Outcome::Claimed => {
                        (status, fault, restart) = ("refused", Some(Code::CodeAlreadyUsed.into()), truth(true));
                    }
                }
            }
            Arrival::Refused(why, refusal, way_back) => {
                let code = why.code();
                let mut error = b"".as_slice();
                if let Some(refusal) = &refusal {
                    out.refused(refusal);
                    error = &refusal.error;
                } else if code == Code::ResponseIssuerMissing {
                    unverified = callback.unverified();
                } else if code == Code::RedirectUriMismatch {
                    let found = cut(cut(url, b'#').0, b'?').0;
                    out.differs(Transaction::of_table(pending).redirect_uri(), found);
                    // It may be another page's.
                    address = b"";
                }
                let failed = Failed { code, error };
                out.record("remains", &login::refuse(setup, failed, way_back, now()));
                (status, fault, restart) = ("refused", Some(why), truth(failed.restart()));
                return_to = way_back;
            }
        }
        if !status.is_empty() {
            let mut outcome = Vec::new();
            outcome.members("status returnTo", &[status.as_bytes(), return_to]);
            if !unverified.is_empty() {
                outcome.member(b"unverified");
                outcome.members("oauthError", &[unverified]);
                outcome.push(b'}');
            }
            if let Some(fault) = fault {
                outcome.member(b"error");
                outcome.text(&out.error(fault));
            }
            if !restart.is_empty() {
                outcome.member(b"restart");
                outcome.text(restart);
            }
            outcome.push(b'}');
            out.json("outcome", &outcome);
        }
        out.text("key", &login::key_of(&callback));
        if is_bare {
            out.json("bare", b"true");
        }
        // Only the address of this very place is written anew.
        if !address.is_empty() && is_at(url, address) {
            out.text("address", address);
        }
        Ok(())
    })
}

/// A truth value as JSON.
const fn truth(value: bool) -> &'static [u8] {
    if value { b"true" } else { b"false" }
}

/// Decides how a login ends whose code was sent, by how it failed: JSON, `{ code, oauthError? }`, or `{}` when it went well. Gives
/// `{ restart, returnTo?, remains? }`; where nothing remains, the pending login takes its place again, for the same callback may be handled once more.
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn end(setup: Text, transaction: Text, failed: Text) -> Text {
    run(setup, transaction, failed, absent(), TRANSACTION, |given, out| {
        let failed = FAILED.read(given.texts[2], Code::Internal)?;
        let failed = failure_of(&FailedAs::of_table(&failed));
        out.json("restart", truth(failed.is_some_and(Failed::restart)));
        out.text("returnTo", given.transaction.return_to());
        out.record("remains", &login::end(&given.setup, &given.transaction, failed, now()));
        Ok(())
    })
}

/// `None` when it went well; what failed in a way that has no code is a fault of this package.
fn failure_of<'a>(failed: &FailedAs<'a>) -> Option<Failed<'a>> {
    if failed.code().is_empty() {
        return None;
    }
    let code = read_code(failed.code()).unwrap_or(Code::Internal);
    Some(Failed { code, error: failed.oauth_error() })
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

/// Decides what is done for whoever wants tokens (RFC 6749 section 6). `asked` is JSON: `{ spent?, seen?, now? }`. Gives
/// `{ tokens, session }` when these are given, with `refresh` when they are to be refreshed meanwhile, and `{ refresh }` alone when fresh ones have to come.
///
/// # Errors
/// `session_expired`, `refresh_token_missing`, how the last refresh failed
#[wasm_bindgen(js_name = sessionTokens)]
#[must_use]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn session_tokens(session: Text, asked: Text) -> Text {
    run(session, asked, absent(), absent(), records(1), |given, out| {
        let [fields, asked, ..] = given.texts;
        let session = Session::parse(fields).ok_or(Code::SessionExpired)?;
        let asked = ASKED.read(asked, Code::Internal)?;
        let asked = AskedFor::of_table(&asked);
        let asked = Asked {
            spent: asked.spent(),
            seen: asked.seen(),
            steady: crate::flow::tokens::seconds(asked.now()).unwrap_or_default(),
        };
        let next = next(&session, &asked, now()).map_err(|(fault, retry_after)| {
            if retry_after.is_some() {
                out.repeat(&FailedAs::of_table(&failed(&session)));
            }
            out.detail("retryAfter", retry_after.filter(|_| fault.code().retryable()));
            fault
        })?;
        if next != Next::Refresh {
            tell_tokens(fields, b"", out);
        }
        if next != Next::Give {
            out.json("refresh", b"true");
        }
        Ok(())
    })
}

/// Decides what becomes of the session that is kept now after the refresh of the one that was sent, by how it failed: JSON, the members of its error and
/// `refused` when a resource server did not take the access token; or `{}` when fresh tokens came. The answer is that of the token endpoint, where one came. Gives
/// `{ fresh }` when the fresh tokens are kept; `{ session, retryAfter? }` when the record is; `{ ended, code }` when the session has ended; `{ code }` when
/// whatever is kept stays.
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn settle(sent: Text, kept: Text, failed: Text, answer: Text) -> Text {
    run(sent, kept, failed, answer, records(2), |given, out| {
        let [sent, kept, failed, answer] = given.texts;
        let failed = FAILED.read(failed, Code::Internal)?;
        let told = FailedAs::of_table(&failed);
        let failure = failure_of(&told).map(|failed| Failure { code: failed.code, told: &told, reply: reply(answer) });
        let mut chance = [0_u8; 1];
        // Without it those who failed together come back together, which is no reason to lose what came.
        let _ = SystemEntropy.fill(&mut chance);
        let kept = Session::parse(kept);
        match conclude(
            &Session::parse(sent).ok_or(Code::Internal)?,
            kept.as_ref(),
            failure.as_ref(),
            now(),
            u8::from_le_bytes(chance),
        ) {
            Kept::Fresh => out.json("fresh", b"true"),
            Kept::Still(fields, seconds) => {
                out.record("session", &fields);
                // Nobody is told to come again where that does not help.
                if failure.is_some_and(|failure| failure.code.retryable()) {
                    out.json("retryAfter", &digits(seconds));
                }
            }
            Kept::Ended(code) => {
                out.json("ended", b"true");
                tell_code(code, out);
            }
            Kept::Other => tell_code(Code::SessionExpired, out),
        }
        Ok(())
    })
}

fn tell_code(code: Code, out: &mut Out) {
    let mut text = Vec::new();
    write_code(code, &mut text);
    out.json("code", &text);
}

/// Builds the request that ends the session at the server (OpenID Connect RP-Initiated Logout section 2): `{ url, key?, remains? }`, where to send the
/// user, and what to keep until they come back. The session may be empty; the options are JSON.
///
/// # Errors
/// `endpoint_missing`, `issuer_mismatch`, `return_to_refused`, `parameter_protected`, `metadata_invalid`, `randomness_unavailable`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn logout(setup: Text, session: Text, options: Text) -> Text {
    run(setup, session, options, absent(), setup_and(1), |given, out| {
        let options = OPTIONS.read(given.texts[2], Code::ConfigInvalid)?;
        let session = Session::parse(given.texts[1]);
        let mut url = Vec::new();
        let options = Options::of_table(&options);
        let (key, remains) =
            end_session(&given.setup, session.as_ref(), &options, &mut SystemEntropy, now(), &mut url)?;
        out.texts("url key", &[&url, &key]);
        out.record("remains", &remains);
        Ok(())
    })
}

/// Sees to it that the access token may be sent to a URL, which is absolute and as the platform writes it (RFC 6750 section 5.3). Gives `{}`.
///
/// # Errors
/// `origin_refused`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn resource(setup: Text, url: Text) -> Text {
    run(setup, url, absent(), absent(), setup_and(0), |given, _| resource::check(&given.setup, given.texts[1]))
}

/// Reads a refusal of a resource server by its status and its `WWW-Authenticate`, which is empty when it cannot be seen (RFC 6750
/// section 3, RFC 9470 section 3). Gives `{ refresh }` when fresh tokens may help, else `{}`.
///
/// # Errors
/// `insufficient_scope`, `insufficient_user_authentication`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn refusal(setup: Text, session: Text, status: Text, www_authenticate: Text) -> Text {
    run(setup, session, status, www_authenticate, SESSION, |given, out| {
        let [_, _, status, header] = given.texts;
        let status = number_or(status, 0);
        let header = if header.is_empty() { None } else { Some(header) };
        match resource::read_refusal(&given.setup, &given.session, status, header, now()) {
            Refused::Refresh => {
                out.json("refresh", b"true");
                Ok(())
            }
            Refused::Final => Ok(()),
            Refused::Login(code, needed) => {
                out.detail("status", Some(status));
                if let Some(needed) = &needed {
                    out.needed(needed);
                }
                Err(code.into())
            }
        }
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
