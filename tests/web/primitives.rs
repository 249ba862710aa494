//! Verifiers and challenges.

use pkce_wasm::web;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::caller::{belongs, derive};

fn pair(length: usize) -> (String, String) {
    let mut verifier = web::generate_pair_text(length).as_string().unwrap();
    let challenge = verifier.split_off(length);
    (verifier, challenge)
}

#[wasm_bindgen_test]
fn pk3_the_vector_of_rfc_7636_appendix_b() {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    assert_eq!(derive(verifier), challenge);
    assert!(belongs(verifier, challenge, false));
    assert!(!belongs(challenge, challenge, false));
    assert!(belongs(verifier, verifier, true));
    for foreign in ["", "short", "é", &"é".repeat(43), &"\u{100}".repeat(43), &"~".repeat(129)] {
        assert!(!belongs(foreign, foreign, true), "{foreign}");
    }
}

#[wasm_bindgen_test]
fn pk1_lengths_and_alphabet() {
    for length in 43..=128 {
        let (verifier, challenge) = pair(length);
        assert_eq!(verifier.len(), length);
        assert_eq!(derive(&verifier), challenge);
        assert!(verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)));
    }
}

#[wasm_bindgen_test]
fn pk7_every_pair_is_new_and_fits() {
    let mut seen = std::collections::HashSet::new();
    for _ in 0..1000 {
        let (verifier, challenge) = pair(43);
        assert!(belongs(&verifier, &challenge, false));
        assert!(seen.insert(verifier));
    }
}
