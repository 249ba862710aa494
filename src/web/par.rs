//! The steps of a pushed authorization request.

use alloc::vec::Vec;

use wasm_bindgen::prelude::*;

use crate::flow::callback::Answer;
use crate::flow::par;
use crate::text::digits;
use crate::web::text::{Given, Text, absent, reply, run, setup_and};

/// Builds the request that pushes a login (RFC 9126 section 2.1), of the URL that [`begin`](crate::web::begin) gave: `{ url, form }`. [`pushed`] reads its answer.
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn push(setup: Text, url: Text) -> Text {
    run(setup, url, absent(), absent(), setup_and(0), |given, out| {
        let Given { setup, texts, .. } = given;
        out.texts("url form", &[setup.pushed_authorization_request_endpoint(), &par::form(setup, texts[1])]);
        Ok(())
    })
}

/// Reads the answer to a pushed authorization request (RFC 9126 section 2.2): `{ url, expiresIn }`, where to send the user,
/// once, and the seconds for which it serves.
///
/// # Errors
/// `push_refused`, `push_response_invalid`, `server_error`, `redirect_not_followed`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn pushed(setup: Text, answer: Text) -> Text {
    run(setup, answer, absent(), absent(), setup_and(0), |given, out| {
        let reply = reply(given.texts[1]);
        let mut url = Vec::new();
        match par::finish(&given.setup, &reply, &mut url).map_err(|fault| out.fault(fault, &reply))? {
            Answer::Given(lifetime) => {
                out.text("url", &url);
                out.json("expiresIn", &digits(lifetime));
                Ok(())
            }
            Answer::Refused(refusal) => {
                let fault = out.refused(&refusal);
                Err(out.fault(fault, &reply))
            }
        }
    })
}
