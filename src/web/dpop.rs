//! The steps of tokens that are bound to a key.

use alloc::vec::Vec;

use wasm_bindgen::prelude::*;

use crate::error::Code;
use crate::flow::dpop;
use crate::random::SystemEntropy;
use crate::tables::{PROVEN, Proven};
use crate::text::is_number;
use crate::web::text::{TEXTS, Text, absent, now, reply, run, setup_and};

/// The place of `ath` among the members.
const ATH: usize = PROVEN.place("ath").wrapping_sub(PROVEN.place("htm")) as usize;

/// Gives what is to be signed by ES256 (RFC 9449 section 4.2), and the hash of the access token: `{ head?, claims, ath? }`. What is signed is `head`, a dot and `claims`; the proof is the
/// same, a dot, and the signature in base64url. What it is about is JSON, `{ htm, htu, accessToken?, ath?, nonce?, ahead?, jkt? }`: the access token, or the hash of it that is known; `jkt` where the key is to be
/// compared with it. Empty, the thumbprint of the key is given: `{ jkt }`. The key is a JWK, of which the public
/// members count. It is empty where its `head` is known.
///
/// # Errors
/// `dpop_key_missing` when it is another key than the one of that thumbprint, or none; `randomness_unavailable`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn proof(about: Text, jwk: Text) -> Text {
    run(about, jwk, absent(), absent(), TEXTS, |given, out| {
        let [about, jwk, ..] = given.texts;
        let key = if jwk.is_empty() { Vec::new() } else { dpop::public_key(jwk)? };
        if about.is_empty() {
            out.text("jkt", &dpop::thumbprint(&key));
            return Ok(());
        }
        let fields = PROVEN.read(about, Code::Internal)?;
        let mut proven = Proven::of_table(&fields);
        if !proven.jkt().is_empty() {
            dpop::check_thumbprint(&key, proven.jkt())?;
        }
        let ath = dpop::ath(proven.access_token());
        if let Some(field) = proven.fields_mut().get_mut(ATH).filter(|field| field.is_empty()) {
            *field = &ath;
        }
        let head = if key.is_empty() { Vec::new() } else { dpop::head(&key) };
        let claims = dpop::claims(&proven, &mut SystemEntropy, now())?;
        out.texts("head claims ath", &[&head, &claims, proven.ath()]);
        Ok(())
    })
}

/// Reads what an answer says of proofs (RFC 9449 sections 8 and 9): `{ nonce?, again? }`. The nonce is the one to use from now on at that origin; with `again` the same
/// request has to be sent with another proof: nothing of it was done. `www_authenticate` and `nonce` are headers of the answer, and empty when they cannot be seen; `late` is `1` when only
/// this answer has shown that the server's clock is another one.
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn proven(answer: Text, www_authenticate: Text, nonce: Text, late: Text) -> Text {
    run(answer, www_authenticate, nonce, late, TEXTS, |given, out| {
        let [answer, www_authenticate, nonce, late] = given.texts;
        let reply = reply(answer);
        // The answer of another address says nothing of this one.
        if reply.status != 0 && dpop::is_nonce(nonce) {
            out.text("nonce", nonce);
        }
        if dpop::asks_again(&reply, www_authenticate, nonce, is_number(late)) {
            out.json("again", b"true");
        }
        Ok(())
    })
}

/// Builds a token request that spends nothing, to learn the nonce of the server before one that does: `{ url, form }`.
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn prime(setup: Text) -> Text {
    run(setup, absent(), absent(), absent(), setup_and(0), |given, out| {
        let mut form = Vec::new();
        dpop::prime(&given.setup, &mut form);
        out.texts("url form", &[given.setup.token_endpoint(), &form]);
        Ok(())
    })
}
