//! The verifier, the challenge, and their comparison (RFC 7636).
#![cfg(not(target_arch = "wasm32"))]
#![cfg(test)]

#[path = "support/entropy.rs"]
mod entropy;

use entropy::{Dry, Octets, Seeded};
use pkce_wasm::encoding::base64url;
use pkce_wasm::pkce::{MAX_LENGTH, MIN_LENGTH, verify};
use pkce_wasm::random::{Entropy, SystemEntropy, token};
use pkce_wasm::{Code, Method, Verifier};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

/// RFC 7636 appendix B.
const OCTETS: [u8; 32] = [
    116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191, 240,
    91, 88, 5, 88, 83, 132, 141, 121,
];
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

const UNRESERVED: &str = "[A-Za-z0-9._~-]{43,128}";

fn is_unreserved(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._~".contains(character)
}

fn is_base64url(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_".contains(character)
}

#[test]
fn rfc7636_appendix_a_octets_are_encoded_without_padding() {
    assert_eq!(base64url(&[3, 236, 255, 224, 193]), "A-z_4ME");
}

#[test]
fn rfc7636_appendix_b_octets_become_the_verifier_and_its_challenge() {
    assert_eq!(token(&mut Octets(&OCTETS)).unwrap(), VERIFIER);
    let verifier = Verifier::parse(VERIFIER).unwrap();
    assert_eq!(verifier.expose(), VERIFIER);
    assert_eq!(verifier.challenge().as_str(), CHALLENGE);
    assert_eq!(verifier.challenge().to_string(), CHALLENGE);
    assert!(verify(VERIFIER, CHALLENGE, Method::S256));
}

#[test]
fn pk1_a_verifier_of_43_or_128_characters_is_accepted() {
    for length in [MIN_LENGTH, 44, 127, MAX_LENGTH] {
        assert_eq!(Verifier::generate(length, &mut Seeded(1)).unwrap().expose().len(), length);
        assert_eq!(Verifier::parse("~".repeat(length)).unwrap().expose().len(), length);
    }
}

#[test]
fn pk1_a_verifier_of_42_or_129_characters_is_refused() {
    for length in [42, 129, 0, usize::MAX] {
        let error = Verifier::generate(length, &mut Seeded(1)).unwrap_err();
        assert_eq!(error, Code::VerifierLengthInvalid);
    }
    for length in [42, 129, 0, 1000] {
        let error = Verifier::parse("a".repeat(length)).unwrap_err();
        assert_eq!(error, Code::VerifierInvalid, "{length}");
    }
}

#[test]
fn pk1_a_length_is_counted_in_characters_not_bytes() {
    // 43 characters of two bytes each, and 43 bytes that are fewer characters.
    for verifier in ["é".repeat(43), ["é", &"a".repeat(41)].concat()] {
        assert_eq!(Verifier::parse(verifier).unwrap_err(), Code::VerifierInvalid);
    }
}

#[test]
fn pk1_a_verifier_with_any_other_character_is_refused() {
    for character in (0_u8..=127).map(char::from).filter(|character| !is_unreserved(*character)) {
        for (before, after) in [(0, 43), (20, 23), (43, 0)] {
            let verifier = ["a".repeat(before), character.into(), "a".repeat(after)].concat();
            let error = Verifier::parse(verifier).unwrap_err();
            assert_eq!(error, Code::VerifierInvalid, "{character:?} after {before}");
        }
    }
}

#[test]
fn pk2_without_randomness_there_is_no_verifier_and_no_token() {
    for length in [MIN_LENGTH, MAX_LENGTH] {
        assert_eq!(Verifier::generate(length, &mut Dry).unwrap_err(), Code::RandomnessUnavailable);
    }
    assert_eq!(token(&mut Dry).unwrap_err(), Code::RandomnessUnavailable);
}

#[test]
fn pk2_every_one_of_256_random_bits_shows_in_the_shortest_verifier() {
    let zeros = Verifier::generate(MIN_LENGTH, &mut Octets(&[0])).unwrap();
    for bit in 0..256_usize {
        let mut octets = [0; 96];
        octets[bit >> 3] = 1 << (bit & 7);
        let verifier = Verifier::generate(MIN_LENGTH, &mut Octets(&octets)).unwrap();
        assert_ne!(verifier.expose(), zeros.expose(), "bit {bit}");
    }
}

#[test]
fn pk2_every_one_of_256_random_bits_shows_in_a_token() {
    let zeros = token(&mut Octets(&[0])).unwrap();
    for bit in 0..256_usize {
        let mut octets = [0; 32];
        octets[bit >> 3] = 1 << (bit & 7);
        assert_ne!(token(&mut Octets(&octets)).unwrap(), zeros, "bit {bit}");
    }
}

#[test]
fn pk2_the_system_is_a_source_of_randomness() {
    let (mut first, mut second) = ([0_u8; 32], [0_u8; 32]);
    SystemEntropy.fill(&mut first).unwrap();
    SystemEntropy.fill(&mut second).unwrap();
    assert_ne!(first, second);
    assert_ne!(first, [0; 32]);
}

#[test]
fn pk3_a_challenge_of_the_longest_verifier_has_43_characters_too() {
    let challenge = Verifier::parse("~".repeat(MAX_LENGTH)).unwrap().challenge();
    assert_eq!(challenge.as_str(), base64url(&Sha256::digest("~".repeat(MAX_LENGTH))));
    assert_eq!(challenge.as_str().len(), 43);
}

#[test]
fn pk4_methods_are_known_by_their_exact_names_only() {
    assert_eq!(Method::from_name("S256"), Some(Method::S256));
    assert_eq!(Method::from_name("plain"), Some(Method::Plain));
    for name in ["s256", "PLAIN", "S512", "S256 ", "", "none"] {
        assert_eq!(Method::from_name(name), None, "{name:?}");
    }
    for method in [Method::S256, Method::Plain] {
        assert_eq!(Method::from_name(method.name()), Some(method));
    }
}

#[test]
fn pk10_neither_method_passes_for_the_other() {
    assert!(verify(VERIFIER, VERIFIER, Method::Plain));
    assert!(!verify(VERIFIER, CHALLENGE, Method::Plain));
    assert!(!verify(VERIFIER, VERIFIER, Method::S256));
    // Who saw the challenge and shows it as the verifier is refused by S256.
    assert!(!verify(CHALLENGE, CHALLENGE, Method::S256));
}

#[test]
fn pk10_a_malformed_verifier_verifies_nothing_not_even_its_own_hash() {
    for verifier in ["a".repeat(42), "a".repeat(129), "+".repeat(43), String::new()] {
        let challenge = base64url(&Sha256::digest(&verifier));
        assert!(!verify(&verifier, &challenge, Method::S256), "{verifier}");
        assert!(!verify(&verifier, &verifier, Method::Plain), "{verifier}");
    }
}

#[test]
fn pk10_a_challenge_that_is_cut_or_extended_or_padded_does_not_verify() {
    for challenge in ["", CHALLENGE.trim_end_matches('M'), &[CHALLENGE, "="].concat(), &[CHALLENGE, " "].concat()] {
        assert!(!verify(VERIFIER, challenge, Method::S256), "{challenge:?}");
    }
}

proptest! {
    #[test]
    fn pk1_a_generated_verifier_is_always_of_the_form_of_the_rfc(length in MIN_LENGTH..=MAX_LENGTH, seed: u64) {
        let verifier = Verifier::generate(length, &mut Seeded(seed)).unwrap();
        prop_assert_eq!(verifier.expose().len(), length);
        prop_assert!(verifier.expose().chars().all(is_unreserved));
        prop_assert!(Verifier::parse(verifier.expose()).is_ok());
    }

    #[test]
    fn pk1_a_length_outside_43_to_128_is_always_refused(length: usize, seed: u64) {
        prop_assume!(!(MIN_LENGTH..=MAX_LENGTH).contains(&length));
        prop_assert_eq!(
            Verifier::generate(length, &mut Seeded(seed)).unwrap_err(),
            Code::VerifierLengthInvalid
        );
    }

    #[test]
    fn pk1_a_string_is_a_verifier_exactly_if_it_is_of_the_form_of_the_rfc(text in "\\PC{0,140}|[A-Za-z0-9._~-]{40,131}") {
        let valid = (MIN_LENGTH..=MAX_LENGTH).contains(&text.len()) && text.chars().all(is_unreserved);
        prop_assert_eq!(Verifier::parse(text).is_ok(), valid);
    }

    #[test]
    fn pk3_a_challenge_has_43_characters_of_base64url_and_is_always_the_same(verifier in UNRESERVED) {
        let verifier = Verifier::parse(verifier).unwrap();
        let challenge = verifier.challenge();
        prop_assert_eq!(challenge.as_str().len(), 43);
        prop_assert!(challenge.as_str().chars().all(is_base64url));
        prop_assert_eq!(&challenge, &verifier.challenge());
        prop_assert_eq!(challenge.as_str(), base64url(&Sha256::digest(verifier.expose())));
    }

    #[test]
    fn pk3_a_challenge_is_verified_by_its_verifier_and_by_no_other(one in UNRESERVED, other in UNRESERVED) {
        prop_assume!(one != other);
        let challenge = Verifier::parse(one.clone()).unwrap().challenge().to_string();
        prop_assert!(verify(&one, &challenge, Method::S256));
        prop_assert!(!verify(&other, &challenge, Method::S256));
    }

    #[test]
    fn pk3_a_verifier_changed_in_one_character_does_not_verify(verifier in UNRESERVED, at: prop::sample::Index) {
        let challenge = Verifier::parse(verifier.clone()).unwrap().challenge().to_string();
        let mut characters: Vec<char> = verifier.chars().collect();
        let character = at.get_mut(&mut characters);
        *character = if *character == 'a' { 'b' } else { 'a' };
        let changed: String = characters.into_iter().collect();
        prop_assert!(!verify(&changed, &challenge, Method::S256));
    }

    #[test]
    fn pk10_anything_can_be_compared(verifier: String, challenge: String) {
        let _ = verify(&verifier, &challenge, Method::S256);
        let _ = verify(&verifier, &challenge, Method::Plain);
    }

    #[test]
    fn pk7_two_verifiers_are_never_the_same(seed: u64) {
        let mut entropy = Seeded(seed);
        let first = Verifier::generate(MIN_LENGTH, &mut entropy).unwrap();
        let second = Verifier::generate(MIN_LENGTH, &mut entropy).unwrap();
        prop_assert_ne!(first.expose(), second.expose());
    }
}
