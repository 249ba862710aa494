//! From the callback of a login to its tokens, and to fresh ones.

use alloc::vec::Vec;

use wasm_bindgen::prelude::*;

use crate::error::{Code, Fault};
use crate::flow::algorithm::Algorithm;
use crate::flow::callback::{Answer, Callback, Said, is_at};
use crate::flow::config::is_set;
use crate::flow::jwks;
use crate::flow::login::{self, Arrival, Failed};
use crate::flow::session::begin_refresh;
use crate::flow::signature::{Signature, Unverified};
use crate::flow::token::{self, Grant};
use crate::flow::tokens::Session;
use crate::flow::transaction::{Outcome, Transaction};
use crate::flow::userinfo;
use crate::table::from_lines;
use crate::tables::{FAILED, FailedAs};
use crate::text::{Write, cut, is_number, joined, number, position, same};
use crate::web::text::{
    Given, Out, SESSION, TEXTS, Text, absent, now, read_code, records, reply, run, separate, setup_and, tell_tokens,
};

/// Decides what becomes of a URL, by the records of the pending login and of what remains of one, each empty when there is none.
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
                let ended = tombstone.ended();
                if let Some((code, helps)) = ended.refusal() {
                    out.said(&[tombstone.error()]);
                    (status, fault, restart) = ("refused", Some(code.into()), truth(helps));
                } else if ended == Outcome::SignedOut {
                    status = "signed-out";
                    address = setup.post_logout_redirect_uri();
                } else {
                    status = "already-completed";
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
        // Only the address of this very place is written anew.
        let is_there = || {
            if same(address, setup.redirect_uri()) { callback.difference == 0 } else { is_at(url, address) }
        };
        if !address.is_empty() && is_there() {
            out.text("address", address);
        }
        Ok(())
    })
}

/// The transaction that comes after the setup, which has to be of that setup.
fn transaction_of<'a>(given: &Given<'a>) -> Result<Transaction<'a>, Fault> {
    let [_, record, ..] = given.texts;
    let transaction = Transaction::parse(record)?;
    transaction.check_owner(&given.setup)?;
    transaction.check_server(&given.setup)?;
    Ok(transaction)
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
    run(setup, transaction, failed, absent(), setup_and(1), |given, out| {
        let transaction = transaction_of(given)?;
        let failed = FAILED.read(given.texts[2], Code::Internal)?;
        let failed = failure_of(&FailedAs::of_table(&failed));
        out.json("restart", truth(failed.is_some_and(Failed::restart)));
        out.text("returnTo", transaction.return_to());
        out.record("remains", &login::end(&given.setup, &transaction, failed, now()));
        Ok(())
    })
}

/// `None` when it went well; what failed in a way that has no code is a fault of this package.
pub(crate) fn failure_of<'a>(failed: &FailedAs<'a>) -> Option<Failed<'a>> {
    if failed.code().is_empty() {
        return None;
    }
    let code = read_code(failed.code()).unwrap_or(Code::Internal);
    Some(Failed { code, error: failed.oauth_error() })
}

/// Checks the callback against its transaction (RFC 6749 sections 4.1.2 and 10.12, RFC 9207 section 2.4) and builds the token
/// request (section 4.1.3): `{ url, form, said, jkt? }`, of which `said` is for [`finish`], and `jkt` the thumbprint of the key whose proof goes along (RFC 9449 section 5).
///
/// # Errors
/// `transaction_invalid`, `transaction_expired`, `state_missing`, `state_mismatch`, `redirect_uri_mismatch`, `parameter_duplicated`,
/// `callback_invalid`, `response_issuer_missing`, `response_issuer_mismatch`, `code_missing`, `access_denied`,
/// `interaction_required`, `authorization_refused`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn redeem(setup: Text, transaction: Text, url: Text) -> Text {
    run(setup, transaction, url, absent(), setup_and(1), |given, out| {
        let transaction = &transaction_of(given)?;
        let callback = Callback::read(given.texts[2], transaction.redirect_uri());
        match callback.accept(&given.setup, transaction, now())? {
            Answer::Given(said) => {
                let mut form = Vec::new();
                token::redeem(&given.setup, transaction, Said::of_table(&said).code(), &mut form);
                out.texts("url form jkt", &[transaction.token_endpoint(), &form, transaction.dpop_jkt()]);
                out.record("said", &said);
                Ok(())
            }
            Answer::Refused(refusal) => Err(out.refused(&refusal)),
        }
    })
}

/// Reads the answer to the token request of a login (RFC 6749 section 5, OpenID Connect Core section 3.1.3.7). What the callback said comes
/// from [`redeem`]: the ID token is of the same issuer, and a refusal does not repeat the code. Gives
/// `{ tokens, session }`: the token set and the record to keep; or `{ unverified, keys?, optional? }`: a record for [`check`] and [`conclude`], the
/// `jwks_uri`, and whether the tokens serve without the ID token: then a failure of [`check`] leads to [`conclude`] as `unfetched`.
///
/// # Errors
/// `server_error`, `redirect_not_followed`, `token_refused`, `token_response_invalid`, `access_token_missing`,
/// `token_type_unsupported`, `id_token_missing`, `insufficient_user_authentication` and the errors of the ID token
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn finish(setup: Text, transaction: Text, answer: Text, said: Text) -> Text {
    run(setup, transaction, answer, said, setup_and(1), |given, out| {
        let transaction = transaction_of(given)?;
        let fields = from_lines(given.texts[3]);
        // Who does not hand it on cannot be told which of several issuers it was.
        let is_needed = !given.setup.accept_issuer().is_empty();
        let said = Said::read(&fields).or(if is_needed { None } else { Some(Said::blank()) });
        let said = said.ok_or(Code::Internal)?;
        take_tokens(given, &transaction, &said, out)
    })
}

/// Builds the request that trades a refresh token for fresh tokens (RFC 6749 section 6): `{ url, form, session, jkt? }`. The record takes the
/// place of the one that is kept, before the request is sent.
///
/// # Errors
/// `refresh_token_missing`, `issuer_mismatch`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn refresh(setup: Text, session: Text) -> Text {
    run(setup, session, absent(), absent(), SESSION, |given, out| {
        let (setup, session) = (&given.setup, &given.session);
        let mut form = Vec::new();
        token::refresh(setup, session, &mut form)?;
        out.texts("url form jkt", &[setup.token_endpoint(), &form, session.jkt()]);
        out.record("session", &begin_refresh(session));
        Ok(())
    })
}

/// Reads the answer to it, as [`finish`] does (OpenID Connect Core section 12.2).
///
/// # Errors
/// those of [`finish`], and `id_token_subject_mismatch`
#[wasm_bindgen(js_name = finishRefresh)]
#[must_use]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn finish_refresh(setup: Text, session: Text, answer: Text) -> Text {
    run(setup, session, answer, absent(), SESSION, |given, out| {
        take_tokens(given, &token::renewal(&given.setup, &given.session), &Said::blank(), out)
    })
}

#[inline(never)]
fn take_tokens(given: &Given<'_>, transaction: &Transaction<'_>, said: &Said<'_>, out: &mut Out) -> Result<(), Fault> {
    let reply = reply(given.texts[2]);
    let granted = token::finish(&given.setup, transaction, &given.session, said, &reply, now());
    match granted.map_err(|fault| out.fault(fault, &reply))? {
        Answer::Given(Grant::Tokens(session)) => tell_tokens(&session, b"", out),
        Answer::Given(Grant::Unverified(fields)) => tell_unverified(&fields, out),
        Answer::Refused(refusal) => {
            return Err(out.refused_in(&refusal, &reply));
        }
    }
    Ok(())
}

pub(crate) fn tell_unverified(fields: &[u8], out: &mut Out) {
    let mut rest = fields;
    let unverified = Unverified::take(&mut rest).unwrap_or(Unverified::blank());
    out.record("unverified", fields);
    out.text("keys", unverified.jwks_uri());
    if is_set(unverified.optional()) {
        out.json("optional", b"true");
    }
}

/// Says by which keys a signature is to be verified (RFC 7515 section 5.2, RFC 7517). `keys` is the body of the `jwks_uri`, or empty when it was not
/// fetched yet; `refetched_at` when it was last fetched because of this step, in seconds since 1970, or empty; `invalid` is `1` when none of the
/// keys made the signature. Gives `{ fetch }`, where the keys are to be fetched, or what WebCrypto is to be asked:
/// `{ algorithm, keys, input, signature, registered?, digest?, text? }`.
///
/// # Errors
/// about the `jwks_uri` `endpoint_missing`, `metadata_invalid`, `endpoint_insecure`; `signing_key_not_found`, `id_token_signature_invalid`, `jwks_invalid`; of a signed userinfo
/// response `userinfo_invalid` in the place of `id_token_signature_invalid`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn check(unverified: Text, keys: Text, refetched_at: Text, invalid: Text) -> Text {
    run(unverified, keys, refetched_at, invalid, records(1), |given, out| {
        let [mut rest, body, refetched_at, invalid] = given.texts;
        let unverified = Unverified::take(&mut rest).ok_or(Code::Internal)?;
        let session = Session::of_table(rest);
        let told = |fault: Fault| if is_about_user(&session) { userinfo::told(fault) } else { fault };
        if body.is_empty() {
            unverified.fetch().map_err(told)?;
        } else {
            let keys = jwks::read(body).ok_or(Code::JwksInvalid)?;
            let algorithm = unverified.algorithm()?;
            let is_invalid = is_number(invalid);
            if !is_invalid && write_check(&unverified, &session, algorithm, &keys, out) {
                return Ok(());
            }
            out.members.clear();
            unverified.fetch_again(is_invalid, number(refetched_at), now()).map_err(told)?;
        }
        out.text("fetch", unverified.jwks_uri());
        Ok(())
    })
}

/// Whether what waits is a signed answer of the userinfo endpoint: then there are no tokens beside it.
fn is_about_user(session: &Session<'_>) -> bool {
    session.access_token().is_empty()
}

/// Writes what WebCrypto is asked; false when no key fits. The algorithm is one object for importing and for verifying: each
/// takes the members that it knows.
fn write_check(
    unverified: &Unverified<'_>,
    session: &Session<'_>,
    algorithm: Algorithm,
    keys: &[u8],
    out: &mut Out,
) -> bool {
    let hash = joined(&[b"SHA-", algorithm.hash()]);
    let (crv, _) = algorithm.curve();
    let mut members = Vec::new();
    members.members("name hash namedCurve", &[algorithm.family().0, &hash, crv]);
    members.member(b"saltLength");
    members.number(algorithm.bits() / 8);
    members.push(b'}');
    out.json("algorithm", &members);
    let (input, signature) = unverified.signed();
    out.texts("input signature", &[input, signature]);
    out.text("registered", unverified.registered());
    if !unverified.at_hash().is_empty() {
        out.texts("digest text", &[&hash, session.access_token()]);
    }
    let mut list = joined(&[b"["]);
    jwks::candidates(keys, algorithm, unverified.kid(), unverified.issuer(), &mut |jwk| {
        let mut key = Vec::new();
        key.members("kty n e crv x y", &jwks::members(jwk, algorithm));
        separate(&mut list);
        list.text(&key);
        list.push(b'}');
    });
    list.push(b']');
    out.json("keys", &list);
    list.len() > 2
}

/// Checks the answer of the `jwks_uri`, of which [`check`] takes the body (RFC 7517 section 5). Gives `{}`.
///
/// # Errors
/// `jwks_invalid`, `server_error`, `redirect_not_followed`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn keys(answer: Text) -> Text {
    run(answer, absent(), absent(), absent(), TEXTS, |given, out| {
        let reply = reply(given.texts[0]);
        jwks::finish(&reply).map_err(|fault| out.fault(fault, &reply))?;
        Ok(())
    })
}

/// Makes usable tokens of what the signature was found to be: `valid`, `unavailable` when this platform cannot verify it, or `unfetched` when the
/// keys could not be fetched or the tokens are to do without the ID token, anything else when it is invalid; and of the digest that was asked for, in
/// base64url. Gives `{ tokens, session, dropped? }`, or `{ claims }` of a signed userinfo response. `dropped` says that the ID token was not used: the one before, if
/// any, stays.
///
/// # Errors
/// `id_token_signature_invalid`, `id_token_hash_mismatch`, `id_token_unverifiable`, `signing_keys_unavailable`, `userinfo_invalid`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn conclude(unverified: Text, signature: Text, digest: Text) -> Text {
    run(unverified, signature, digest, absent(), records(1), |given, out| {
        let [mut rest, signature, digest, _] = given.texts;
        let unverified = Unverified::take(&mut rest).ok_or(Code::Internal)?;
        let session = Session::of_table(rest);
        let digest = crate::encoding::decode_base64url(digest).unwrap_or_default();
        let signature = match position(b"valid unavailable unfetched", signature) {
            Some(0) => Signature::Valid,
            Some(1) => Signature::Unavailable,
            Some(_) => {
                unverified.leave_out(&session)?;
                tell_tokens(rest, b"", out);
                out.json("dropped", b"true");
                return Ok(());
            }
            None => Signature::Invalid,
        };
        if is_about_user(&session) {
            unverified.conclude(signature, &digest, &session).map_err(userinfo::told)?;
            out.json("claims", unverified.claims());
        } else {
            let (fields, is_used) = unverified.conclude(signature, &digest, &session)?;
            tell_tokens(&fields, if is_used { unverified.claims() } else { b"" }, out);
            if !is_used {
                out.json("dropped", b"true");
            }
        }
        Ok(())
    })
}
