//! The steps of the protocol. A step takes texts and gives the text of a JSON object; of one that fails the object has the
//! member `error`: `{ code, subject?, status?, retryAfter?, oauthError?, oauthErrorDescription?, oauthErrorUri?, loginOptions? }`.
//!
//! A *record* is a text that a step made and that a later one takes; nobody else reads or changes it. An *answer* is what a
//! server answered: its status, content type, `Date` in seconds since 1970 and `Retry-After` in seconds, each on a line of its own and
//! empty when it cannot be seen, and after these four lines the body.

use alloc::vec::Vec;

use wasm_bindgen::prelude::*;

use crate::error::{Code, Fault};
use crate::flow::algorithm::Algorithm;
use crate::flow::authorize::begin as begin_login;
use crate::flow::callback::{Answer, Callback, Said};
use crate::flow::config::{are_accepted, asks_for_openid, is_set, or_openid};
use crate::flow::redirect_uris::{is_unseen_from, note};
use crate::flow::session::begin_refresh;
use crate::flow::setup::{Setup, setup as check_setup};
use crate::flow::signature::{Signature, Unverified};
use crate::flow::token::{self, Grant};
use crate::flow::tokens::{Session, from_json};
use crate::flow::transaction::{Transaction, key};
use crate::flow::user_agent::is_embedded;
use crate::flow::{jwks, logout, metadata as discovery_of, par, userinfo as userinfo_of};
use crate::random::SystemEntropy;
use crate::table::{Table, from_lines};
use crate::tables::{Document, OPTIONS, Options, PAGE, Page, SETTINGS, Settings, about};
use crate::text::{Write, is_number, joined, number, position};
use crate::web::text::{Given, Out, SESSION, TEXTS, TRANSACTION, Text, absent, now, records, reply, run, setup_and};

/// Checks a configuration against the metadata of its server (RFC 6749, RFC 8252 section 7, RFC 8414 section 3.3): both are JSON.
/// Gives `{ setup, owner, pushed?, bound? }`: a record that every later step takes, and a name for this client at this issuer; whether the request of a login is pushed, and
/// whether it asks for tokens that are bound to a key, with `required` where others are refused.
///
/// # Errors
/// `member_unknown`, `config_invalid`, `redirect_uri_invalid`, `metadata_invalid`, `issuer_mismatch`, `endpoint_insecure`, `pkce_unsupported`,
/// `id_token_alg_unsupported`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn setup(config: Text, metadata: Text) -> Text {
    run(config, metadata, absent(), absent(), TEXTS, |given, out| {
        let [config, document, ..] = given.texts;
        check_members(&SETTINGS, config, out)?;
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
fn check_members(table: &Table, text: &[u8], out: &mut Out) -> Result<(), Fault> {
    let Some(stranger) = table.stranger(text) else { return Ok(()) };
    out.about(&stranger);
    Err(Code::MemberUnknown.into())
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
        check_members(&SETTINGS, given.texts[1], out)?;
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
/// `metadata_not_found`, `metadata_invalid`, `issuer_mismatch`, `endpoint_insecure`, `server_error`, `redirect_not_followed`
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
        if asks_for_openid(or_openid(options.scope())) && Document::of_table(&document).jwks_uri().is_empty() {
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
/// Gives `{ url, state, key, transaction }`, or `push` and `form` in the place of `url`: where to send the user, or what to push first and where to (RFC 9126; `pushed` reads
/// its answer), the record to keep until they come back, and the name to keep it under. What the page can
/// tell of its browser is JSON, too, or empty: `{ userAgent?, inShell?, installed?, origin?, dpopJkt? }`, of which the last is the thumbprint of the key that its tokens are to be
/// bound to (RFC 9449 section 10).
///
/// The last text is the record of the redirect URIs in use, which all clients of an application share, or empty when there is none
/// (RFC 9700 section 4.4). Gives `index` when another text has to take its place; an empty one is none.
///
/// # Errors
/// `config_invalid`, `parameter_protected`, `return_to_refused`, `metadata_invalid`, `randomness_unavailable`, `embedded_user_agent`,
/// `redirect_uri_shared`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn begin(setup: Text, options: Text, page: Text, index: Text) -> Text {
    run(setup, options, page, index, setup_and(0), |given, out| {
        let [_, _, page, index] = given.texts;
        let fields = if page.is_empty() { Vec::new() } else { PAGE.read(page, Code::ConfigInvalid)? };
        let page = Page::of_table(&fields);
        if !fields.is_empty() {
            if is_embedded(page.user_agent(), is_set(page.in_shell()), is_set(page.installed())) {
                return Err(Code::EmbeddedUserAgent.into());
            }
            if is_unseen_from(page.origin(), given.setup.redirect_uri()) {
                out.differs(given.setup.redirect_uri(), page.origin());
                return Err(about!(ConfigInvalid, SETTINGS, "redirect_uri"));
            }
        }
        check_members(&OPTIONS, given.texts[1], out)?;
        let options = OPTIONS.read(given.texts[1], Code::ConfigInvalid)?;
        let mut url = Vec::new();
        let options = Options::of_table(&options);
        let fields = begin_login(&given.setup, &options, page.dpop_jkt(), &mut SystemEntropy, now(), &mut url)?;
        let state = Transaction::of_table(&fields).state();
        let form = if given.setup.is_pushed() { par::form(&given.setup, &url) } else { Vec::new() };
        if form.is_empty() {
            out.text("url", &url);
        } else {
            out.texts("push form", &[given.setup.pushed_authorization_request_endpoint(), &form]);
        }
        out.texts("state key", &[state, &key(state)]);
        out.record("transaction", &fields);
        let noted = note(&given.setup, index, now())?;
        if noted != index {
            out.members.member(b"index");
            out.members.string(&noted);
        }
        Ok(())
    })
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
    run(setup, transaction, url, absent(), TRANSACTION, |given, out| {
        let transaction = &given.transaction;
        match Callback::accept(given.texts[2], &given.setup, transaction, now())? {
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
    run(setup, transaction, answer, said, TRANSACTION, |given, out| {
        let fields = from_lines(given.texts[3]);
        // Who does not hand it on cannot be told which of several issuers it was.
        let is_needed = !given.setup.accept_issuer().is_empty();
        let said = Said::read(&fields).or(if is_needed { None } else { Some(Said::blank()) });
        let said = said.ok_or(Code::Internal)?;
        take_tokens(given, &given.transaction, &said, out)
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
            let fault = out.refused(&refusal);
            return Err(out.fault(fault, &reply));
        }
    }
    Ok(())
}

/// Tells tokens, and the record to keep. Their claims are at hand, or else those of the ID token.
#[inline(never)]
pub(crate) fn tell_tokens(fields: &[u8], claims: &[u8], out: &mut Out) {
    let session = Session::of_table(fields);
    let text = if claims.is_empty() { session.claims_text().unwrap_or_default() } else { Vec::new() };
    out.members.member(b"tokens");
    session.write_json(if claims.is_empty() { &text } else { claims }, &mut out.members);
    out.record("session", fields);
    out.texts("binding jkt", &[session.binding(), session.jkt()]);
}

fn tell_unverified(fields: &[u8], out: &mut Out) {
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
/// `endpoint_missing`, `signing_key_not_found`, `id_token_signature_invalid`, `jwks_invalid`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn check(unverified: Text, keys: Text, refetched_at: Text, invalid: Text) -> Text {
    run(unverified, keys, refetched_at, invalid, records(1), |given, out| {
        let [mut rest, body, refetched_at, invalid] = given.texts;
        let unverified = Unverified::take(&mut rest).ok_or(Code::Internal)?;
        let session = Session::of_table(rest);
        let told = |fault: Fault| if is_about_user(&session) { userinfo_of::told(fault) } else { fault };
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

/// Writes what stands before an element of a list, but for the first one.
pub(crate) fn separate(list: &mut Vec<u8>) {
    if list.last() != Some(&b'[') {
        list.push(b',');
    }
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
            unverified.conclude(signature, &digest, &session).map_err(userinfo_of::told)?;
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

/// Gives where to ask for the claims of the user, with the access token as `Bearer` (OpenID Connect Core section 5.3.1): `{ url, jkt? }`, of which the latter is the
/// thumbprint of the key to whose proof the token belongs.
///
/// # Errors
/// `endpoint_missing`, `issuer_mismatch`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn userinfo(setup: Text, session: Text) -> Text {
    run(setup, session, absent(), absent(), SESSION, |given, out| {
        userinfo_of::check(&given.setup, &given.session)?;
        out.texts("url jkt", &[given.setup.userinfo_endpoint(), given.session.jkt()]);
        Ok(())
    })
}

/// Reads the answer (OpenID Connect Core section 5.3.2): `{ claims }`, or `{ unverified, keys? }` when it is signed.
///
/// # Errors
/// `userinfo_refused`, `userinfo_invalid`, `userinfo_subject_mismatch`, `server_error`, `redirect_not_followed`
#[wasm_bindgen(js_name = finishUserinfo)]
#[must_use]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn finish_userinfo(setup: Text, session: Text, answer: Text) -> Text {
    run(setup, session, answer, absent(), SESSION, |given, out| {
        let reply = reply(given.texts[2]);
        let said = userinfo_of::finish(&given.setup, &given.session, &reply, now());
        match said.map_err(|fault| out.fault(fault, &reply))? {
            Answer::Given(userinfo_of::Said::Claims(claims)) => out.json("claims", &claims),
            Answer::Given(userinfo_of::Said::Signed(fields)) => tell_unverified(&fields, out),
            Answer::Refused(refusal) => {
                let fault = out.refused(&refusal);
                return Err(out.fault(fault, &reply));
            }
        }
        Ok(())
    })
}

/// Builds the requests that make the server forget the tokens (RFC 7009 section 2.1): `{ url, forms, jkt? }`, to be sent one after the other.
///
/// # Errors
/// `endpoint_missing`, `issuer_mismatch`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn revoke(setup: Text, session: Text) -> Text {
    run(setup, session, absent(), absent(), SESSION, |given, out| {
        let (setup, session) = (&given.setup, &given.session);
        logout::check_revocation(setup, session)?;
        out.texts("url jkt", &[setup.revocation_endpoint(), session.jkt()]);
        let mut forms = joined(&[b"["]);
        for (token, hint) in &[(session.refresh_token(), "refresh_token"), (session.access_token(), "access_token")] {
            if !token.is_empty() {
                let mut form = Vec::new();
                logout::revoke(setup, token, hint, &mut form);
                separate(&mut forms);
                forms.string(&form);
            }
        }
        forms.push(b']');
        out.json("forms", &forms);
        Ok(())
    })
}

/// Reads the answer to one of them (RFC 7009 section 2.2); the form is the one that was sent. Gives `{}`. The other one is sent all the same; once the
/// refresh token is gone, it is no matter when the access token is refused.
///
/// # Errors
/// `revocation_refused`, `server_error`, `redirect_not_followed`
#[wasm_bindgen(js_name = finishRevocation)]
#[must_use]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn finish_revocation(answer: Text, form: Text) -> Text {
    run(answer, form, absent(), absent(), TEXTS, |given, out| {
        let reply = reply(given.texts[0]);
        match logout::finish_revocation(&reply, given.texts[1]).map_err(|fault| out.fault(fault, &reply))? {
            Answer::Given(()) => Ok(()),
            Answer::Refused(refusal) => {
                let fault = out.refused(&refusal);
                Err(out.fault(fault, &reply))
            }
        }
    })
}
