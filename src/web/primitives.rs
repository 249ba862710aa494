//! The primitives of RFC 7636 for JavaScript. They allocate nothing: characters go over one by one, and come back at once.

use wasm_bindgen::prelude::*;

use crate::error::Code;
use crate::pkce::{self, CHALLENGE_LENGTH, MAX_LENGTH, Method, Verifier};
use crate::random::SystemEntropy;

#[wasm_bindgen]
extern "C" {
    /// A string of JavaScript.
    pub type Text;

    #[wasm_bindgen(method, getter)]
    fn length(this: &Text) -> usize;

    #[wasm_bindgen(method, js_name = charCodeAt)]
    fn char_code_at(this: &Text, place: usize) -> u32;

    #[wasm_bindgen(js_namespace = String, js_name = fromCharCode, variadic)]
    fn from_char_codes(codes: &[u8]) -> JsValue;
}

/// Derives the S256 challenge of a verifier.
///
/// # Errors
/// `verifier_invalid`
#[wasm_bindgen(js_name = deriveChallenge)]
#[must_use]
pub fn derive_challenge(code_verifier: Text) -> JsValue {
    let mut buffer = [0; BUFFER];
    match Verifier::parse(read(&code_verifier, &mut buffer)) {
        Ok(verifier) => from_char_codes(verifier.challenge().as_bytes()),
        Err(error) => fail(error),
    }
}

/// Makes a verifier and its challenge: one text, of which the last 43 characters are the challenge.
///
/// # Errors
/// `verifier_length_invalid`, `randomness_unavailable`
#[wasm_bindgen(js_name = generatePairText)]
#[must_use]
pub fn generate_pair_text(length: usize) -> JsValue {
    match Verifier::generate(length, &mut SystemEntropy) {
        Ok(verifier) => {
            let mut text = [0; MAX_LENGTH + CHALLENGE_LENGTH];
            let challenge = verifier.challenge();
            for (to, from) in text.iter_mut().zip(verifier.as_bytes().iter().chain(challenge.as_bytes())) {
                *to = *from;
            }
            from_char_codes(text.get(..length.saturating_add(CHALLENGE_LENGTH)).unwrap_or_default())
        }
        Err(error) => fail(error),
    }
}

/// Whether a verifier belongs to a challenge, by S256 or, when `plain`, by the method plain.
#[wasm_bindgen(js_name = verifyChallenge)]
#[must_use]
pub fn verify_challenge(code_verifier: Text, code_challenge: Text, plain: bool) -> bool {
    let (mut verifier, mut challenge) = ([0; BUFFER], [0; BUFFER]);
    let method = if plain { Method::Plain } else { Method::S256 };
    pkce::verify(read(&code_verifier, &mut verifier), read(&code_challenge, &mut challenge), method)
}

/// In the package the place of the code in the table takes the place of the text, for the package's loader has the names and
/// messages already, and what is thrown out of a module leaves its stack behind. In a build without that loader (`wasm-pack`) the name is
/// thrown.
fn fail(code: Code) -> JsValue {
    if cfg!(target_os = "none") { JsValue::from(code as u32) } else { wasm_bindgen::throw_str(code.name()) }
}

/// One character more than a verifier may have: what fills it is too long.
const BUFFER: usize = MAX_LENGTH + 1;

/// The characters of a string, as far as there is room. One beyond ASCII becomes a NUL, which no verifier contains.
fn read<'a>(text: &Text, buffer: &'a mut [u8; BUFFER]) -> &'a [u8] {
    let part = buffer.get_mut(..text.length().min(BUFFER)).unwrap_or_default();
    for (place, byte) in part.iter_mut().enumerate() {
        *byte = u8::try_from(text.char_code_at(place)).unwrap_or_default();
    }
    part
}
