//! The signature of an ID token (OpenID Connect Core sections 3.1.3.6 to 3.1.3.8, RFC 7515 section 5.2).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::jwks::Jwks;
use pkce_wasm::client::signature::{Signature, Step, Unverified, Verdict};
use pkce_wasm::client::token::{Answer, VerifiedBy, refresh};
use pkce_wasm::encoding::base64url;
use pkce_wasm::{Code, Config, Error, Metadata, Settings, TokenSet, Transaction, begin};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha384, Sha512};
use support::entropy::Seeded;
use support::signing::{key_set, public_jwk, public_jwk_with, sign};
use support::{
    ACCESS_TOKEN, CODE, NOW, SUBJECT, answer, claims, code, come_back, config, config_with, document_with, exchange,
    fault, id_token, login, metadata, metadata_with, ok, parameter, redeem, redeem_claims, signed, signed_in,
    token_response, try_config, verify, without,
};

const SIGNED_ALGS: [&str; 10] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA", "Ed25519"];

fn valid() -> Verdict {
    Verdict { signature: Signature::Valid, digest: None }
}

/// The exchange is answered with this ID token, beside what an honest server sends.
fn unverified_token(make: impl FnOnce(&str) -> String) -> Result<Unverified, Error> {
    let (_, exchange, nonce) = exchange();
    let mut answer = token_response(&nonce);
    answer["id_token"] = json!(make(&claims(&nonce).to_string()));
    match exchange.finish(&ok(&answer), NOW)? {
        Answer::Unverified(unverified) => Ok(unverified),
        Answer::Tokens(_) => panic!("an ID token came"),
    }
}

/// With honest claims under this header, signed as it says.
fn unverified(header: &str) -> Unverified {
    unverified_token(|claims| signed(header, claims)).unwrap()
}

fn keys(keys: &[Value]) -> Value {
    json!({"keys": keys})
}

#[test]
fn id5_every_algorithm_is_accepted_with_its_signature() {
    for alg in SIGNED_ALGS {
        let tokens = verify(unverified(&json!({"alg": alg}).to_string()), &key_set(), NOW).unwrap();
        assert_eq!(tokens.id_token_verified_by, Some(VerifiedBy::Signature), "{alg}");
        assert_eq!(tokens.subject().as_deref(), Some(SUBJECT), "{alg}");
    }
}

#[test]
fn id5_a_changed_token_is_refused_whatever_was_changed() {
    for alg in SIGNED_ALGS {
        let header = json!({"alg": alg}).to_string();
        let other_claims = |claims: &str| {
            let token = signed(&header, claims);
            let signature = token.rsplit_once('.').unwrap().1.to_owned();
            let forged = signed(&header, &claims.replace(SUBJECT, "mallory"));
            [forged.rsplit_once('.').unwrap().0, ".", &signature].concat()
        };
        let flipped = |claims: &str| {
            let input = [&header, claims].map(|part| base64url(part.as_bytes())).join(".");
            let mut signature = sign(alg, &input).unwrap();
            signature[17] ^= 4;
            [&input, ".", &base64url(&signature)].concat()
        };
        let truncated = |claims: &str| {
            let input = [&header, claims].map(|part| base64url(part.as_bytes())).join(".");
            [&input, ".", &base64url(&sign(alg, &input).unwrap()[1..])].concat()
        };
        let by_nobody = |claims: &str| support::jwt(&header, claims, "no signature");
        for tokens in [
            unverified_token(other_claims),
            unverified_token(flipped),
            unverified_token(truncated),
            unverified_token(by_nobody),
        ] {
            assert_eq!(code(verify(tokens.unwrap(), &key_set(), NOW)), Code::IdTokenSignatureInvalid, "{alg}");
        }
    }
}

#[test]
fn id5_the_key_of_somebody_else_is_refused() {
    let other = json!({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
    let tokens = verify(unverified(r#"{"alg":"ES256"}"#), &keys(std::slice::from_ref(&other)), NOW);
    assert_eq!(code(tokens), Code::IdTokenSignatureInvalid);
    // A key that the token brings along, or says where to find, is nobody's.
    let own = json!({"alg": "ES256", "jwk": public_jwk("p-256"), "jku": "https://evil.example/jwks"}).to_string();
    assert_eq!(code(verify(unverified(&own), &keys(&[other]), NOW)), Code::IdTokenSignatureInvalid);
}

#[test]
fn id6_none_and_hs256_are_refused_before_any_key_is_looked_at() {
    // RFC 7515 appendix A.5, with honest claims: a header, and no signature at all.
    let none =
        unverified_token(|claims| [&base64url(br#"{"alg":"none"}"#), ".", &base64url(claims.as_bytes()), "."].concat());
    assert_eq!(code(none), Code::IdTokenInvalid);
    for (header, invalid) in
        [(r#"{"alg":"none"}"#, Code::IdTokenInvalid), (r#"{"alg":"HS256"}"#, Code::IdTokenAlgUnsupported)]
    {
        assert_eq!(fault(unverified_token(|claims| signed(header, claims))), (invalid, Some("alg")));
    }
    // The public key as the secret of an HMAC.
    let confused = unverified_token(|claims| {
        let secret =
            ring::hmac::Key::new(ring::hmac::HMAC_SHA256, public_jwk("rsa-2048")["n"].as_str().unwrap().as_bytes());
        let input = [r#"{"alg":"HS256"}"#, claims].map(|part| base64url(part.as_bytes())).join(".");
        [&input, ".", &base64url(ring::hmac::sign(&secret, input.as_bytes()).as_ref())].concat()
    });
    assert_eq!(fault(confused), (Code::IdTokenAlgUnsupported, Some("alg")));
    // To begin again would end in the same place: the registration has to be changed.
    assert!(!Error::new(Code::IdTokenAlgUnsupported).restart_helps());
}

#[test]
fn id6_a_signature_of_one_algorithm_is_none_of_another() {
    for (made_by, named) in
        [("RS256", "PS256"), ("PS256", "RS256"), ("RS256", "RS512"), ("ES256", "ES384"), ("RS256", "ES256")]
    {
        let confused = unverified_token(|claims| {
            let input = [&*json!({"alg": named}).to_string(), claims].map(|part| base64url(part.as_bytes())).join(".");
            [&input, ".", &base64url(&sign(made_by, &input).unwrap())].concat()
        });
        let tokens = verify(confused.unwrap(), &key_set(), NOW);
        assert_eq!(code(tokens), Code::IdTokenSignatureInvalid, "{made_by} as {named}");
    }
}

#[test]
fn id6_an_algorithm_that_the_metadata_does_not_list_is_refused() {
    let redeem = |algs: Value| {
        let metadata = metadata_with(|document| document["id_token_signing_alg_values_supported"] = algs);
        let login = begin(&config(), &metadata, LoginOptions::default(), &mut Seeded(7), NOW).unwrap();
        // Also after the login was kept as a record.
        let transaction = Transaction::from_record(login.transaction.to_record().expose()).unwrap();
        let nonce = parameter(&login.url, "nonce").unwrap();
        let url = answer(&support::login(), &[("code", CODE)]);
        let (_, exchange) = come_back(transaction, &url).unwrap().into_request(&config());
        exchange.finish(&ok(&token_response(&nonce)), NOW)
    };
    assert!(redeem(json!(["RS256"])).is_ok());
    assert!(redeem(json!(["ES256", "RS256", "none"])).is_ok());
    for algs in [json!(["ES256"]), json!(["xRS256", "ES256"])] {
        assert_eq!(fault(redeem(algs.clone())), (Code::IdTokenInvalid, Some("alg")), "{algs}");
    }
}

#[test]
fn id6_a_server_that_lists_no_algorithm_for_public_clients_is_refused_before_the_login() {
    let try_begin = |algs: Value, change: fn(&mut Settings)| {
        let metadata = metadata_with(|document| document["id_token_signing_alg_values_supported"] = algs);
        begin(&config_with(change), &metadata, LoginOptions::default(), &mut Seeded(7), NOW)
    };
    let named = (Code::IdTokenAlgUnsupported, Some("id_token_signing_alg_values_supported"));
    for algs in [json!(["HS256"]), json!(["HS512", "HS256", "none"]), json!(["none"]), json!(["HS256", "ES256K"])] {
        assert_eq!(fault(try_begin(algs.clone(), |_| {})), named, "{algs}");
        // Who wants no ID token does not care, and the application may know better.
        assert!(try_begin(algs.clone(), |settings| settings.scope = "files".into()).is_ok(), "{algs}");
        let registered: fn(&mut Settings) = |settings| settings.id_token_signed_response_alg = Some("RS256".into());
        assert!(try_begin(algs.clone(), registered).is_ok(), "{algs}");
    }
    for algs in [json!(["HS256", "RS256"]), json!(["EdDSA", "none"]), json!([]), Value::Null] {
        assert!(try_begin(algs.clone(), |_| {}).is_ok(), "{algs}");
    }
}

#[test]
fn id6_a_registered_algorithm_counts_also_where_the_metadata_does_not_list_it() {
    let redeem = |alg: &str| {
        let config = config_with(|settings| settings.id_token_signed_response_alg = Some("ES256".into()));
        let metadata = metadata_with(|document| document["id_token_signing_alg_values_supported"] = json!(["RS256"]));
        let login = begin(&config, &metadata, LoginOptions::default(), &mut Seeded(7), NOW).unwrap();
        let nonce = parameter(&login.url, "nonce").unwrap();
        let url = answer(&login, &[("code", CODE)]);
        let (_, exchange) = come_back(login.transaction, &url).unwrap().into_request(&config);
        let mut answer = token_response(&nonce);
        answer["id_token"] = json!(signed(&json!({ "alg": alg }).to_string(), &claims(&nonce).to_string()));
        exchange.finish(&ok(&answer), NOW)
    };
    assert!(redeem("ES256").is_ok());
    assert_eq!(
        fault(redeem("RS256")),
        (Code::IdTokenInvalid, Some("alg")),
        "the one that is listed is not the one registered"
    );
}

#[test]
fn id6_a_registered_algorithm_is_the_only_one() {
    let redeem = |alg: &str| {
        let config = config_with(|settings| settings.id_token_signed_response_alg = Some(alg.into()));
        let login = login();
        let nonce = parameter(&login.url, "nonce").unwrap();
        let url = answer(&login, &[("code", CODE)]);
        let (_, exchange) = come_back(login.transaction, &url).unwrap().into_request(&config);
        exchange.finish(&ok(&token_response(&nonce)), NOW)
    };
    assert!(redeem("RS256").is_ok());
    assert_eq!(fault(redeem("ES256")), (Code::IdTokenInvalid, Some("alg")));
    for alg in ["none", "HS256", "", "RSA"] {
        let config = try_config(|settings| settings.id_token_signed_response_alg = Some(alg.into()));
        assert_eq!(fault(config), (Code::ConfigInvalid, Some("id_token_signed_response_alg")), "{alg}");
    }
}

#[test]
fn id7_the_key_is_chosen_by_kid_alg_kty_and_use() {
    let kid = |name: &str, members: Value| public_jwk_with(name, &members);
    let header = r#"{"alg":"ES256","kid":"1"}"#;
    for set in [
        keys(&[kid("p-256", json!({"kid": "1"}))]),
        keys(&[
            kid("rsa-2048", json!({"kid": "1", "alg": "RS256"})),
            kid("p-256", json!({"kid": "1", "alg": "ES256"})),
        ]),
        keys(&[
            kid("p-384", json!({"kid": "1"})),
            json!({"kty": "oct", "kid": "1"}),
            kid("p-256", json!({"kid": "1"})),
        ]),
    ] {
        assert!(verify(unverified(header), &set, NOW).is_ok(), "{set}");
    }
    for set in [
        keys(&[]),
        keys(&[public_jwk("p-256")]),
        keys(&[kid("p-256", json!({"kid": "2"}))]),
        keys(&[kid("p-256", json!({"kid": "1", "use": "enc"}))]),
        keys(&[kid("p-256", json!({"kid": "1", "alg": "ES384"}))]),
        keys(&[kid("rsa-2048", json!({"kid": "1"}))]),
    ] {
        assert_eq!(fault(verify(unverified(header), &set, NOW)), (Code::SigningKeyNotFound, Some("kid")), "{set}");
    }
    for kid in [json!(1), json!(["1"]), json!({})] {
        let token = unverified_token(|claims| signed(&json!({"alg": "ES256", "kid": kid}).to_string(), claims));
        assert_eq!(fault(token), (Code::IdTokenInvalid, Some("kid")), "{kid}");
    }
}

#[test]
fn id7_without_a_kid_a_single_key_is_taken_and_several_are_tried() {
    let other = json!({"kty": "EC", "crv": "P-256", "kid": "x", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
    let ours = public_jwk_with("p-256", &json!({"kid": "y"}));
    for set in [keys(std::slice::from_ref(&ours)), keys(&[other.clone(), ours.clone()]), keys(&[ours, other])] {
        assert!(verify(unverified(r#"{"alg":"ES256"}"#), &set, NOW).is_ok(), "{set}");
    }
}

#[test]
fn id7_f8_a_weak_rsa_key_verifies_nothing() {
    let tokens = verify(unverified(r#"{"alg":"RS256"}"#), &keys(&[public_jwk("rsa-1024")]), NOW);
    assert_eq!(code(tokens), Code::SigningKeyNotFound);
}

fn fetches(step: Result<Step<'_>, Error>) -> bool {
    match step.unwrap() {
        Step::Fetch(request) => {
            assert_eq!(request.url, "https://as.example/jwks");
            assert!(request.form.is_none() && request.bearer.is_none());
            true
        }
        Step::Verify(_) => false,
    }
}

#[test]
fn id7_for_an_unknown_kid_the_keys_are_fetched_once_more_and_no_oftener_than_every_30_seconds() {
    let tokens = unverified(r#"{"alg":"ES256","kid":"new"}"#);
    let old = Jwks::parse(&keys(&[public_jwk_with("p-256", &json!({"kid": "old"}))]).to_string()).unwrap();
    let new = Jwks::parse(&keys(&[public_jwk_with("p-256", &json!({"kid": "new"}))]).to_string()).unwrap();
    assert!(fetches(tokens.next(None, None, NOW)), "before anything is known");
    assert!(fetches(tokens.next(Some(&old), None, NOW)), "the keys were rotated");
    assert!(!fetches(tokens.next(Some(&new), Some(NOW), NOW)), "and now it is there");
    assert_eq!(code(tokens.next(Some(&old), Some(NOW), NOW)), Code::SigningKeyNotFound);
    assert_eq!(code(tokens.next(Some(&old), Some(NOW), NOW.saturating_add(29))), Code::SigningKeyNotFound);
    assert!(fetches(tokens.next(Some(&old), Some(NOW), NOW.saturating_add(30))));
}

#[test]
fn id7_a_key_without_a_name_may_have_been_rotated_too() {
    let nameless = unverified(r#"{"alg":"ES256"}"#);
    assert!(fetches(nameless.next_after_invalid(None, NOW)));
    assert_eq!(code(nameless.next_after_invalid(Some(NOW), NOW)), Code::IdTokenSignatureInvalid);
    let named = unverified(r#"{"alg":"ES256","kid":"1"}"#);
    assert_eq!(code(named.next_after_invalid(None, NOW)), Code::IdTokenSignatureInvalid);
}

#[test]
fn id5_without_a_jwks_uri_there_is_nothing_to_verify_by() {
    let metadata = metadata_with(|document| without(document, "jwks_uri"));
    let tokens = refreshed_at(&config(), &metadata, signed_in()).unwrap();
    assert_eq!(fault(tokens.next(None, None, NOW)), (Code::EndpointMissing, Some("jwks_uri")));
}

#[test]
fn id5_no_tokens_come_of_anything_but_a_verdict() {
    let printed = format!("{:?}", unverified(r#"{"alg":"ES256"}"#));
    assert!(!printed.contains(ACCESS_TOKEN) && !printed.contains(SUBJECT));
    let verdict = Verdict { signature: Signature::Invalid, digest: None };
    assert_eq!(code(unverified(r#"{"alg":"ES256"}"#).conclude(&verdict)), Code::IdTokenSignatureInvalid);
}

#[test]
fn id12_the_access_token_is_the_one_that_the_id_token_was_issued_with() {
    for alg in SIGNED_ALGS {
        let half = |token: &str| match alg {
            "RS256" | "PS256" | "ES256" => base64url(&Sha256::digest(token)[..16]),
            "RS384" | "PS384" | "ES384" => base64url(&Sha384::digest(token)[..24]),
            _ => base64url(&Sha512::digest(token)[..32]),
        };
        let redeem = |at_hash: Value| {
            let token = unverified_token(|claims| {
                let mut claims: Value = serde_json::from_str(claims).unwrap();
                claims["at_hash"] = at_hash;
                signed(&json!({"alg": alg}).to_string(), &claims.to_string())
            });
            token.and_then(|tokens| verify(tokens, &key_set(), NOW))
        };
        assert!(redeem(json!(half(ACCESS_TOKEN))).is_ok(), "{alg}");
        for wrong in [
            half("another token"),
            String::new(),
            half(ACCESS_TOKEN).chars().skip(1).collect(),
            base64url(&Sha256::digest(ACCESS_TOKEN)),
        ] {
            assert_eq!(fault(redeem(json!(wrong))), (Code::IdTokenHashMismatch, Some("at_hash")), "{alg} {wrong}");
        }
        for wrong in [json!(1), json!([half(ACCESS_TOKEN)])] {
            assert_eq!(fault(redeem(wrong)), (Code::IdTokenInvalid, Some("at_hash")), "{alg}");
        }
    }
}

#[test]
fn id12_the_vector_of_openid_connect_core_appendix_a() {
    let redeem = |access_token: &str| {
        let (_, exchange, nonce) = exchange();
        let mut claims = claims(&nonce);
        claims["at_hash"] = json!("77QmUPtjPfzWtF2AnpK9RQ");
        let mut answer = token_response(&nonce);
        answer["access_token"] = json!(access_token);
        answer["id_token"] = json!(id_token(&claims));
        exchange.finish(&ok(&answer), NOW)
    };
    assert!(redeem("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y").is_ok());
    assert_eq!(code(redeem("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0y")), Code::IdTokenHashMismatch);
}

#[test]
fn id12_a_hash_that_nobody_made_is_not_skipped() {
    let tokens = || {
        unverified_token(|claims| {
            let mut claims: Value = serde_json::from_str(claims).unwrap();
            claims["at_hash"] = json!(base64url(&Sha512::digest(ACCESS_TOKEN)[..32]));
            signed(r#"{"alg":"EdDSA"}"#, &claims.to_string())
        })
        .unwrap()
    };
    assert_eq!(fault(tokens().conclude(&valid())), (Code::IdTokenUnverifiable, Some("at_hash")));
    let unavailable = |digest| Verdict { signature: Signature::Unavailable, digest };
    assert_eq!(fault(tokens().conclude(&unavailable(None))), (Code::IdTokenUnverifiable, Some("at_hash")));
    assert_eq!(code(tokens().conclude(&unavailable(Some(vec![])))), Code::IdTokenUnverifiable);
    assert_eq!(code(tokens().conclude(&unavailable(Some(vec![0; 64])))), Code::IdTokenHashMismatch);
    let digest = Sha512::digest(ACCESS_TOKEN).to_vec();
    assert_eq!(tokens().conclude(&unavailable(Some(digest))).unwrap().id_token_verified_by, Some(VerifiedBy::Tls));
}

/// A login at this issuer, whose other endpoints are those of `base`, where nothing can verify.
fn unverifiable_at(issuer: &str, base: &str, change: fn(&mut Settings)) -> Result<TokenSet, Error> {
    let mut settings = Settings::new(issuer, "app", "https://app.example/callback");
    change(&mut settings);
    let config = Config::new(settings)?;
    let document = document_with(|document| {
        document["issuer"] = json!(issuer);
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            document[name] = json!([base, "/", name].concat());
        }
    });
    let metadata = Metadata::from_json(&document.to_string(), issuer, config.settings().dangerously_allow_http)?;
    let login = begin(&config, &metadata, LoginOptions::default(), &mut Seeded(7), NOW)?;
    let url = answer(&login, &[("code", CODE)]);
    let nonce = parameter(&login.url, "nonce").unwrap();
    let callback = support::parse(&url).unwrap();
    let (_, exchange) = login.transaction.accept(&config, callback, NOW)?.into_request(&config);
    let mut claims = claims(&nonce);
    claims["iss"] = json!(issuer);
    let mut answer = token_response(&nonce);
    answer["id_token"] = json!(id_token(&claims));
    match exchange.finish(&ok(&answer), NOW)? {
        Answer::Unverified(unverified) => unverified.conclude(&Verdict::UNAVAILABLE),
        Answer::Tokens(tokens) => Ok(tokens),
    }
}

#[test]
fn id5_where_nothing_can_verify_the_tls_of_issuer_and_token_endpoint_stands_for_the_signature() {
    let by = |issuer, base, change| unverifiable_at(issuer, base, change).map(|tokens| tokens.id_token_verified_by);
    let (tls, http) = ("https://as.example", "http://127.0.0.1:3000");
    assert_eq!(by(tls, tls, |_| {}), Ok(Some(VerifiedBy::Tls)));
    assert_eq!(code(by(http, http, |_| {})), Code::IdTokenUnverifiable);
    assert_eq!(code(by(tls, http, |_| {})), Code::EndpointInsecure);
    assert_eq!(code(by(http, tls, |_| {})), Code::IdTokenUnverifiable);
    let allow = |settings: &mut Settings| settings.dangerously_allow_unverified_id_token = true;
    assert_eq!(by(http, http, allow), Ok(Some(VerifiedBy::Nothing)));
    assert_eq!(by(tls, tls, allow), Ok(Some(VerifiedBy::Tls)));
    let beyond = |settings: &mut Settings| settings.dangerously_allow_http = true;
    assert_eq!(code(by("http://as.lan", "http://as.lan", beyond)), Code::IdTokenUnverifiable);
    assert_eq!(code(by(tls, http, beyond)), Code::IdTokenUnverifiable);
}

#[test]
fn id5_the_dangerous_setting_does_not_let_a_wrong_signature_pass() {
    let config = config_with(|settings| settings.dangerously_allow_unverified_id_token = true);
    let login = login();
    let nonce = parameter(&login.url, "nonce").unwrap();
    let url = answer(&login, &[("code", CODE)]);
    let (_, exchange) = come_back(login.transaction, &url).unwrap().into_request(&config);
    let Answer::Unverified(tokens) = exchange.finish(&ok(&token_response(&nonce)), NOW).unwrap() else {
        panic!("an ID token came")
    };
    assert_eq!(code(verify(tokens, &keys(&[]), NOW)), Code::SigningKeyNotFound);
}

/// A refresh of these tokens, answered with an ID token.
fn refreshed_at(config: &Config, metadata: &Metadata, tokens: TokenSet) -> Result<Unverified, Error> {
    let (_, exchange) = refresh(config, metadata, tokens)?;
    let mut claims = claims("unused");
    without(&mut claims, "nonce");
    claims["name"] = json!("fresh");
    let answer =
        json!({"access_token": "a2", "token_type": "Bearer", "refresh_token": "r2", "id_token": id_token(&claims)});
    match exchange.finish(&ok(&answer), NOW)? {
        Answer::Unverified(unverified) => Ok(unverified),
        Answer::Tokens(_) => panic!("an ID token came"),
    }
}

#[test]
fn id5_id14_a_refreshed_id_token_is_verified_too() {
    let fresh = || refreshed_at(&config(), &metadata(), signed_in()).unwrap();
    let tokens = verify(fresh(), &key_set(), NOW).unwrap();
    assert_eq!(support::claims_of(&tokens)["name"], "fresh");
    assert_eq!(code(verify(fresh(), &keys(&[public_jwk("p-256")]), NOW)), Code::SigningKeyNotFound);
}

#[test]
fn id14_when_the_keys_cannot_be_fetched_a_refresh_keeps_the_id_token_that_was_verified() {
    let before = signed_in();
    let id_token = before.id_token.as_ref().unwrap().expose().to_owned();
    let tokens = refreshed_at(&config(), &metadata(), before).unwrap().keep_previous().unwrap();
    assert_eq!(tokens.refresh_token.as_ref().unwrap().expose(), "r2", "the fresh one is not lost");
    assert_eq!(tokens.access_token.expose(), "a2");
    assert_eq!(tokens.id_token.as_ref().unwrap().expose(), id_token);
    assert_eq!(tokens.id_token_verified_by, Some(VerifiedBy::Signature));
    assert!(support::claims_of(&tokens).get("name").is_none());
    // A login has no ID token before.
    assert_eq!(code(unverified(r#"{"alg":"ES256"}"#).keep_previous()), Code::SigningKeysUnavailable);
}

#[test]
fn id5_the_session_remembers_who_vouched_for_the_id_token() {
    for by in [VerifiedBy::Signature, VerifiedBy::Tls, VerifiedBy::Nothing] {
        let mut tokens = signed_in();
        tokens.id_token_verified_by = Some(by);
        let revived = TokenSet::from_record(tokens.to_record().expose()).unwrap();
        assert_eq!(revived.id_token_verified_by, Some(by));
        assert_eq!(VerifiedBy::from_name(by.name()), Some(by));
    }
}

/// The answer to a login, with the server's clock beside it, read when this machine's clock is off by that many seconds.
fn redeem_with_clock(offset: i64, date: Option<i64>) -> Result<TokenSet, Error> {
    let (_, exchange, nonce) = exchange();
    let mut response = ok(&token_response(&nonce));
    response.date = date.map(|offset| NOW.saturating_add_signed(offset));
    support::finish(exchange, &response, NOW.saturating_add_signed(offset))
}

#[test]
fn id8_id9_a_wrong_clock_refuses_no_login_when_the_server_tells_the_time() {
    for day in [-86_400, 86_400] {
        assert!(redeem_with_clock(day, None).is_err(), "by this machine's clock alone it is another day");
        let tokens = redeem_with_clock(day, Some(0)).unwrap();
        // The token's lifetime goes by the clock that will be asked later.
        assert!(tokens.is_fresh(NOW.saturating_add_signed(day)), "{day}");
        assert!(!tokens.is_fresh(NOW.saturating_add_signed(day).saturating_add(3600)), "{day}");
    }
}

#[test]
fn id8_id9_the_servers_clock_counts_for_its_own_token_and_only_within_two_days() {
    // By its own clock the token is expired, or of the future: it is refused, however this machine's clock is set.
    assert_eq!(code(redeem_with_clock(0, Some(3600))), Code::IdTokenExpired);
    assert_eq!(code(redeem_with_clock(0, Some(-3600))), Code::IdTokenNotYetValid);
    // Ten years are no slip of a clock.
    assert_eq!(code(redeem_with_clock(315_360_000, Some(0))), Code::IdTokenExpired);
    assert_eq!(code(redeem_with_clock(-315_360_000, Some(0))), Code::IdTokenNotYetValid);
}

#[test]
fn id8_id9_a_clock_is_not_mended_by_signing_in_again() {
    for error in [Code::IdTokenExpired, Code::IdTokenNotYetValid, Code::IdTokenUnverifiable, Code::SigningKeyNotFound] {
        assert!(!Error::new(error).restart_helps(), "{error:?} would go round and round");
    }
    assert!(Error::new(Code::SigningKeysUnavailable).restart_helps());
}

#[test]
fn id5_tokens_without_an_id_token_need_no_keys() {
    let login = support::login_with(LoginOptions { scope: Some("files".into()), ..LoginOptions::default() });
    let url = answer(&login, &[("code", CODE)]);
    let (_, exchange) = come_back(login.transaction, &url).unwrap().into_request(&config());
    let answer = exchange.finish(&ok(&json!({"access_token": "a", "token_type": "Bearer"})), NOW).unwrap();
    assert!(matches!(answer, Answer::Tokens(TokenSet { id_token_verified_by: None, .. })));
    // The helpers of the other tests verify by the same keys as these.
    assert!(redeem(|_| {}).is_ok() && redeem_claims(|_| {}).is_ok());
}
