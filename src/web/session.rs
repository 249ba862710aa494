//! What the owner of a session asks: its tokens, the claims of the user, other servers, and that the tokens be revoked.

use alloc::vec::Vec;

use wasm_bindgen::prelude::*;

use crate::error::Code;
use crate::flow::callback::Answer;
use crate::flow::logout;
use crate::flow::resource::{self, Refused};
use crate::flow::session::{Asked, Failure, Kept, Next, conclude, failed, next};
use crate::flow::tokens::{Session, seconds};
use crate::flow::userinfo as userinfo_of;
use crate::random::{Entropy, SystemEntropy};
use crate::tables::{ASKED, AskedFor, FAILED, FailedAs};
use crate::text::{Write, digits, joined, number_or};
use crate::web::exchange::{failure_of, tell_unverified};
use crate::web::text::{
    Out, SESSION, TEXTS, Text, absent, now, records, reply, run, separate, setup_and, tell_tokens, write_code,
};

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
        let asked =
            Asked { spent: asked.spent(), seen: asked.seen(), steady: seconds(asked.now()).unwrap_or_default() };
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

/// Gives where to ask for the claims of the user, with the access token as `Bearer` (OpenID Connect Core section 5.3.1): `{ url, jkt? }`, of which the latter is the
/// thumbprint of the key to whose proof the token belongs.
///
/// # Errors
/// `issuer_mismatch`; about the endpoint `endpoint_missing`, `metadata_invalid`, `endpoint_insecure`
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
                return Err(out.refused_in(&refusal, &reply));
            }
        }
        Ok(())
    })
}

/// Builds the requests that make the server forget the tokens (RFC 7009 section 2.1): `{ url, forms, jkt? }`, to be sent one after the other.
///
/// # Errors
/// `issuer_mismatch`; about the endpoint `endpoint_missing`, `metadata_invalid`, `endpoint_insecure`
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
            Answer::Refused(refusal) => Err(out.refused_in(&refusal, &reply)),
        }
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
