//! Tokens that are bound to a key (RFC 9449).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use std::collections::BTreeSet;

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::config::Dpop;
use pkce_wasm::client::dpop::{About, Proof, PublicKey, Signer, asks_again, nonce, prime, prove};
use pkce_wasm::client::par;
use pkce_wasm::client::token::refresh;
use pkce_wasm::client::token_set::{TokenSet, Unbound};
use pkce_wasm::encoding::{base64url, from_base64url};
use pkce_wasm::random::SystemEntropy;
use pkce_wasm::{Authorization, Code, Error, Transaction, begin};
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use serde_json::{Value, json};
use support::entropy::Seeded;
use support::{
    NOW, code, come_back_with, config, config_with, fault, finish, metadata, metadata_with, ok, parameter, response,
    token_response,
};

fn key() -> (EcdsaKeyPair, PublicKey) {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref();
    let public = PublicKey::from_coordinates(point[1..33].try_into().unwrap(), point[33..].try_into().unwrap());
    (pair, public)
}

fn part(proof: &str, place: usize) -> Value {
    serde_json::from_slice(&from_base64url(proof.split('.').nth(place).unwrap()).unwrap()).unwrap()
}

fn claims(about: About<'_>) -> Value {
    let (_, public) = key();
    let proof = Proof::new(about, &public, &mut SystemEntropy, NOW).unwrap();
    part(std::str::from_utf8(proof.signing_input()).unwrap(), 1)
}

#[test]
fn dp1_a_proof_says_what_rfc9449_section_4_2_asks_for_and_its_signature_is_right() {
    let (pair, public) = key();
    let about = About {
        method: "POST",
        url: "https://as.example/token?x=y#z",
        access_token: Some("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"),
        nonce: Some("n-1"),
    };
    let proof = Proof::new(about, &public, &mut SystemEntropy, NOW).unwrap();
    let signature = pair.sign(&SystemRandom::new(), proof.signing_input()).unwrap();
    let proof = proof.sign(signature.as_ref().try_into().unwrap());
    let jwk: Value = serde_json::from_str(public.as_jwk()).unwrap();
    assert_eq!(part(&proof, 0), json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}));
    let mut claims = part(&proof, 1);
    let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
    assert_eq!(from_base64url(jti.as_str().unwrap()).unwrap().len(), 16);
    // RFC 9449 section 7.1 has this token and its hash.
    assert_eq!(
        claims,
        json!({"htm": "POST", "htu": "https://as.example/token", "iat": NOW, "nonce": "n-1",
            "ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"})
    );
    let (signed, signature) = proof.rsplit_once('.').unwrap();
    let verifying = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref());
    verifying.verify(signed.as_bytes(), &from_base64url(signature).unwrap()).unwrap();
}

/// A keystore, which may be locked.
struct Keystore {
    pair: EcdsaKeyPair,
    public: PublicKey,
    locked: bool,
}

impl Signer for Keystore {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, signing_input: &[u8]) -> Result<[u8; 64], Error> {
        if self.locked {
            return Err(Code::DpopUnavailable.into());
        }
        Ok(self.pair.sign(&SystemRandom::new(), signing_input).unwrap().as_ref().try_into().unwrap())
    }
}

#[test]
fn dp1_a_keystore_of_the_application_signs_proofs_and_says_itself_what_is_wrong() {
    let (pair, public) = key();
    let mut keystore = Keystore { pair, public, locked: false };
    let about = About { method: "GET", url: "https://api.example/", access_token: Some("at"), nonce: None };
    // It need not be known which one it is.
    let signer: &dyn Signer = &keystore;
    let proof = prove(about, signer, &mut SystemEntropy, NOW).unwrap();
    assert_eq!(part(&proof, 1)["htu"], "https://api.example/");
    let (signed, signature) = proof.rsplit_once('.').unwrap();
    let verifying = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, keystore.pair.public_key().as_ref());
    verifying.verify(signed.as_bytes(), &from_base64url(signature).unwrap()).unwrap();
    keystore.locked = true;
    assert_eq!(code(prove(about, &keystore, &mut SystemEntropy, NOW)), Code::DpopUnavailable);
    assert_eq!(code(prove(about, &keystore, &mut support::entropy::Dry, NOW)), Code::RandomnessUnavailable);
}

#[test]
fn dp5_a_request_for_a_nonce_has_nothing_in_it_that_could_be_spent() {
    let request = prime(&config(), &metadata()).unwrap();
    let (form_of_code, _) = come_back_with(
        begin(&config(), &metadata(), LoginOptions::default(), &mut Seeded(7), NOW).unwrap(),
        &[("code", "c")],
    )
    .unwrap()
    .into_request(&config());
    assert_eq!(request.url, form_of_code.url, "where the code goes");
    let form = request.form.unwrap();
    assert_eq!(form.expose(), "grant_type=refresh_token&refresh_token=none&client_id=app");
}

#[test]
fn dp1_the_thumbprint_is_that_of_rfc9449_section_6_1() {
    // The key of the examples (sections 4.2 and 6.1), with members that do not count.
    let jwk = r#"{"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256","kid":"1","ext":true}"#;
    let public = PublicKey::from_jwk(jwk).unwrap();
    assert_eq!(public.thumbprint(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    assert!(!public.as_jwk().contains("kid"));
}

#[test]
fn dp1_every_proof_has_a_number_of_its_own() {
    let all: BTreeSet<String> = (0..1000).map(|_| claims(About::default())["jti"].to_string()).collect();
    assert_eq!(all.len(), 1000);
    let (_, public) = key();
    let failing = Proof::new(About::default(), &public, &mut support::entropy::Dry, NOW);
    assert_eq!(code(failing), Code::RandomnessUnavailable);
}

#[test]
fn dp1_the_private_half_of_a_key_is_never_shown_and_no_other_kind_is_taken() {
    let x = base64url(&[1; 32]);
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": x, "d": "secret"});
    assert!(!PublicKey::from_jwk(&jwk.to_string()).unwrap().as_jwk().contains("secret"));
    for (member, wrong) in [
        ("kty", json!("RSA")),
        ("kty", json!("oct")),
        ("crv", json!("P-384")),
        ("crv", json!(null)),
        ("x", json!(base64url(&[1; 31]))),
        ("x", json!(base64url(&[1; 33]))),
        ("y", json!("\",\"kty\":\"oct")),
        ("y", json!(null)),
    ] {
        let mut jwk = jwk.clone();
        jwk[member] = wrong.clone();
        assert_eq!(code(PublicKey::from_jwk(&jwk.to_string())), Code::DpopKeyMissing, "{member}: {wrong}");
    }
    for text in ["", "null", "[]", "{"] {
        assert_eq!(code(PublicKey::from_jwk(text)), Code::DpopKeyMissing, "{text}");
    }
}

#[test]
fn dp6_the_url_of_a_proof_has_neither_query_nor_fragment_and_moves_no_claim() {
    for (url, htu) in [
        ("https://api.example/a?b#c", "https://api.example/a"),
        ("https://api.example/a#b?c", "https://api.example/a"),
        ("https://api.example?x", "https://api.example"),
        ("https://api.example/a;b=c", "https://api.example/a;b=c"),
        ("https://api.example/%3Fa%23", "https://api.example/%3Fa%23"),
        ("https://api.example/\",\"htm\":\"DELETE", "https://api.example/\",\"htm\":\"DELETE"),
    ] {
        let claims = claims(About { method: "GET", url, ..About::default() });
        assert_eq!((&claims["htu"], &claims["htm"]), (&json!(htu), &json!("GET")), "{url}");
        assert_eq!(claims.get("ath"), None);
        assert_eq!(claims.get("nonce"), None);
    }
}

#[test]
fn dp6_what_could_be_no_nonce_is_none() {
    for wrong in ["", " ", "a b", "a\r\nb: c", "a\nb", "a\"b", "a\\b", "a, b", "\u{e9}", "\u{7f}", &"a".repeat(1025)] {
        assert_eq!(nonce(wrong), None, "{wrong:?}");
        assert_eq!(claims(About { nonce: Some(wrong), ..About::default() }).get("nonce"), None, "{wrong:?}");
        assert!(!asks_again(&refusal(400, "use_dpop_nonce"), "", wrong), "{wrong:?}");
    }
    for right in ["a", "eyJ7S_zG.eyJH0-Z.HX4w-7v", "!#[]^~", &"a".repeat(1024)] {
        assert_eq!(nonce(right), Some(right));
    }
}

fn refusal(status: u16, error: &str) -> pkce_wasm::http::Response {
    response(status, Some("application/json"), &json!({"error": error}).to_string())
}

#[test]
fn dp4_another_proof_is_wanted_by_use_dpop_nonce_at_a_server_and_at_a_resource() {
    for status in [400, 401] {
        assert!(asks_again(&refusal(status, "use_dpop_nonce"), "", "n"), "{status}");
        let bare = response(status, None, "");
        assert!(asks_again(&bare, r#"DPoP error="use_dpop_nonce", algs="ES256""#, "n"));
        assert!(asks_again(&bare, r#"Bearer realm="x", DPoP error=use_dpop_nonce"#, "n"));
    }
    for status in [200, 403, 429, 500] {
        assert!(!asks_again(&refusal(status, "use_dpop_nonce"), "", "n"), "{status}");
    }
    for error in ["invalid_grant", "invalid_dpop_proof", "use_dpop_nonces", ""] {
        assert!(!asks_again(&refusal(400, error), "", "n"), "{error}");
    }
    let bare = response(401, None, "");
    for challenge in [r#"Bearer error="use_dpop_nonce""#, r#"DPoP error="invalid_token""#, "DPoP", ""] {
        assert!(!asks_again(&bare, challenge, "n"), "{challenge}");
    }
}

/// What the tokens of a login are bound to, by the type that the server says, or what is wrong.
fn bound(required: bool, jkt: Option<&str>, token_type: &str) -> Result<Option<String>, pkce_wasm::Error> {
    let config = config_with(|settings| settings.dpop = if required { Dpop::Required } else { Dpop::Off });
    let options = LoginOptions { dpop_jkt: jkt.map(String::from), ..LoginOptions::default() };
    let login = begin(&config, &metadata(), options, &mut Seeded(7), NOW)?;
    assert_eq!(parameter(&login.url, "dpop_jkt").as_deref(), jkt);
    let nonce = parameter(&login.url, "nonce").unwrap();
    let record = login.transaction.to_record();
    let login = Authorization { transaction: Transaction::from_record(record.expose()).unwrap(), ..login };
    let (_, exchange) = come_back_with(login, &[("code", "c")]).unwrap().into_request(&config);
    let mut answer = token_response(&nonce);
    answer["token_type"] = json!(token_type);
    let tokens = finish(exchange, &ok(&answer), NOW)?;
    let again = tokens.dpop_jkt.clone();
    // The record of the session keeps it, and so does a refresh.
    let (_, exchange) = refresh(&config, &metadata(), tokens)?;
    let answer = json!({"access_token": "b", "token_type": token_type});
    assert_eq!(finish(exchange, &ok(&answer), NOW)?.dpop_jkt, again);
    Ok(again)
}

#[test]
fn dp2_tokens_are_of_the_type_that_was_asked_for() {
    let (_, public) = key();
    let jkt = public.thumbprint();
    for token_type in ["DPoP", "dpop", "DPOP"] {
        assert_eq!(bound(true, Some(&jkt), token_type).unwrap().as_deref(), Some(&*jkt), "{token_type}");
        let unasked = fault(bound(false, None, token_type));
        assert_eq!(unasked, (Code::TokenTypeUnsupported, Some("token_type")), "{token_type}");
    }
    for token_type in ["Bearer", "bearer", "N_A", "mac", "DPoP "] {
        let downgraded = fault(bound(true, Some(&jkt), token_type));
        assert_eq!(downgraded, (Code::TokenTypeUnsupported, Some("token_type")), "{token_type}");
    }
    assert_eq!(bound(false, None, "Bearer").unwrap(), None);
}

#[test]
fn dp2_where_bound_tokens_are_only_preferred_others_are_taken_and_the_reason_is_told() {
    let config = config_with(|settings| settings.dpop = Dpop::Preferred);
    let (_, public) = key();
    let jkt = public.thumbprint();
    for (dpop_jkt, token_type, expected) in [
        (Some(&jkt), "Bearer", Some(Unbound::Server)),
        (None, "Bearer", Some(Unbound::Unavailable)),
        (Some(&jkt), "DPoP", None),
    ] {
        let options = LoginOptions { dpop_jkt: dpop_jkt.cloned(), ..LoginOptions::default() };
        let login = begin(&config, &metadata(), options, &mut Seeded(7), NOW).unwrap();
        let mut answer = token_response(&parameter(&login.url, "nonce").unwrap());
        answer["token_type"] = json!(token_type);
        let (_, exchange) = come_back_with(login, &[("code", "c")]).unwrap().into_request(&config);
        let tokens = finish(exchange, &ok(&answer), NOW).unwrap();
        assert_eq!((tokens.unbound, tokens.dpop_jkt.is_some()), (expected, expected.is_none()), "{token_type}");
        // It is kept with the session, and stays at a refresh that says the same.
        let tokens = TokenSet::from_record(tokens.to_record().expose()).unwrap();
        assert_eq!(tokens.unbound, expected);
        let (_, exchange) = refresh(&config, &metadata(), tokens).unwrap();
        let answer = json!({"access_token": "b", "token_type": token_type});
        assert_eq!(finish(exchange, &ok(&answer), NOW).unwrap().unbound, expected);
    }
}

#[test]
fn dp3_no_login_begins_without_a_key_where_one_is_required() {
    assert_eq!(fault(bound(true, None, "DPoP")), (Code::DpopUnavailable, Some("dpop")));
    for wrong in ["short", "a b", &"a".repeat(44)] {
        assert_eq!(fault(bound(true, Some(wrong), "DPoP")), (Code::ConfigInvalid, Some("dpop_jkt")));
    }
    let config = config();
    let extra_parameters = vec![("dpop_jkt".to_owned(), "x".to_owned())];
    let options = LoginOptions { extra_parameters, ..LoginOptions::default() };
    assert_eq!(code(begin(&config, &metadata(), options, &mut Seeded(7), NOW)), Code::ParameterProtected);
}

/// What a server says of the algorithms by which it takes proofs.
fn taking(algs: &Value) -> pkce_wasm::Metadata {
    metadata_with(|document| {
        document["dpop_signing_alg_values_supported"] = algs.clone();
        document["pushed_authorization_request_endpoint"] = json!("https://as.example/par");
    })
}

/// Those that lack ES256.
fn others() -> [Value; 5] {
    [json!(["RS256", "EdDSA"]), json!(["es256"]), json!([]), json!("ES384"), json!([["ES256"]])]
}

#[test]
fn dp8_a_server_that_takes_no_proof_by_es256_is_refused_where_bound_tokens_are_required() {
    let required = config_with(|settings| settings.dpop = Dpop::Required);
    let preferred = config_with(|settings| settings.dpop = Dpop::Preferred);
    let (_, public) = key();
    let options = || LoginOptions { dpop_jkt: Some(public.thumbprint()), ..LoginOptions::default() };
    for algs in others() {
        let refused = (Code::ServerUnsupported, Some("dpop_signing_alg_values_supported"));
        let server = taking(&algs);
        assert_eq!(fault(server.check(&required)), refused, "{algs}");
        assert_eq!(fault(begin(&required, &server, options(), &mut Seeded(7), NOW).map(|_| ())), refused);
        for config in [&preferred, &config()] {
            assert_eq!(server.check(config), Ok(()), "{algs}");
        }
        // What the application knows better counts.
        let known = json!({ "dpop_signing_alg_values_supported": ["ES256"] }).to_string();
        let knowing = config_with(|settings| {
            settings.dpop = Dpop::Required;
            settings.metadata = Some(known.clone());
        });
        let document = support::document_with(|document| document["dpop_signing_alg_values_supported"] = algs.clone());
        let server = pkce_wasm::Metadata::from_json_for(&document.to_string(), &knowing).unwrap();
        assert_eq!(server.check(&knowing), Ok(()));
    }
    for algs in [json!(["RS256", "ES256"]), json!(["ES256"]), Value::Null] {
        assert_eq!(taking(&algs).check(&required), Ok(()), "{algs}");
    }
    assert_eq!(metadata().check(&required), Ok(()));
}

#[test]
fn dp8_where_bound_tokens_are_only_preferred_no_key_is_used_there_and_the_reason_is_told() {
    let preferred = config_with(|settings| settings.dpop = Dpop::Preferred);
    let (_, public) = key();
    let jkt = public.thumbprint();
    let options = |with_key: bool| LoginOptions { dpop_jkt: with_key.then(|| jkt.clone()), ..LoginOptions::default() };
    for (algs, with_key) in others().iter().flat_map(|algs| [(algs, true), (algs, false)]) {
        let server = taking(algs);
        let (_, pushing) = par::begin(&preferred, &server, options(with_key), &mut Seeded(7), NOW).unwrap();
        assert_eq!(pushing.dpop_jkt(), None);
        for (token_type, expected) in
            [("Bearer", Ok(Some(Unbound::Unavailable))), ("DPoP", Err(Code::TokenTypeUnsupported))]
        {
            let login = begin(&preferred, &server, options(with_key), &mut Seeded(7), NOW).unwrap();
            assert_eq!((parameter(&login.url, "dpop_jkt"), login.transaction.dpop_jkt()), (None, None));
            let mut answer = token_response(&parameter(&login.url, "nonce").unwrap());
            answer["token_type"] = json!(token_type);
            let (_, exchange) = come_back_with(login, &[("code", "c")]).unwrap().into_request(&preferred);
            let tokens = finish(exchange, &ok(&answer), NOW).map_err(|error| error.code);
            assert_eq!(tokens.as_ref().map(|tokens| tokens.unbound).map_err(|code| *code), expected, "{algs}");
            let Ok(tokens) = tokens else { continue };
            let (_, exchange) = refresh(&preferred, &server, tokens).unwrap();
            let answer = json!({"access_token": "b", "token_type": "Bearer"});
            assert_eq!(finish(exchange, &ok(&answer), NOW).unwrap().unbound, Some(Unbound::Unavailable));
        }
    }
    let (_, pushing) = par::begin(&preferred, &taking(&json!(["ES256"])), options(true), &mut Seeded(7), NOW).unwrap();
    assert_eq!(pushing.dpop_jkt(), Some(&*jkt));
    // Where nothing is said of it in the settings, a key that is given is one that is meant.
    let login = begin(&config(), &taking(&json!(["RS256"])), options(true), &mut Seeded(7), NOW).unwrap();
    assert_eq!(login.transaction.dpop_jkt(), Some(&*jkt));
}

proptest! {
    #[test]
    fn dp6_any_text_stays_in_its_claim(method in "\\PC*", url in "\\PC*", token in "[!-~]+") {
        let claims = claims(About { method: &method, url: &url, access_token: Some(&token), nonce: None });
        let members: Vec<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
        let htu = url.split(['?', '#']).next().unwrap();
        let known = ["ath", "htm", "htu", "iat", "jti"];
        prop_assert!(members.iter().all(|member| known.contains(member)), "{:?}", members);
        prop_assert_eq!(claims["htm"].as_str().unwrap_or_default(), method);
        prop_assert_eq!(claims["htu"].as_str().unwrap_or_default(), htu);
    }
}
