//! The primitives of RFC 7636 for JavaScript.

use alloc::string::String;

use wasm_bindgen::prelude::*;

use crate::error::Error;
use crate::pkce::{self, Method, Verifier};
use crate::random::SystemEntropy;

/// Makes a `code_verifier` of that many characters.
///
/// # Errors
/// `verifier_length_invalid`, `randomness_unavailable`
#[wasm_bindgen(js_name = generateVerifier)]
pub fn generate_verifier(length: u32) -> Result<String, JsValue> {
    Ok(generate(length)?.expose().into())
}

/// Derives the S256 challenge of a verifier.
///
/// # Errors
/// `verifier_invalid`
#[wasm_bindgen(js_name = deriveChallenge)]
pub fn derive_challenge(code_verifier: String) -> Result<String, JsValue> {
    Ok(Verifier::parse(code_verifier)?.challenge().into_string())
}

/// Makes a verifier and its challenge: one text, of which the last 43 characters are the challenge.
///
/// # Errors
/// `verifier_length_invalid`, `randomness_unavailable`
#[wasm_bindgen(js_name = generatePairText)]
pub fn generate_pair_text(length: u32) -> Result<String, JsValue> {
    let verifier = generate(length)?;
    Ok([verifier.expose(), verifier.challenge().as_str()].concat())
}

/// Whether a verifier belongs to a challenge, by S256 or, when `plain`, by the method plain.
#[wasm_bindgen(js_name = verifyChallenge)]
#[must_use]
pub fn verify_challenge(code_verifier: &str, code_challenge: &str, plain: bool) -> bool {
    pkce::verify(code_verifier, code_challenge, if plain { Method::Plain } else { Method::S256 })
}

fn generate(length: u32) -> Result<Verifier, Error> {
    Verifier::generate(usize::try_from(length).unwrap_or(0), &mut SystemEntropy)
}
