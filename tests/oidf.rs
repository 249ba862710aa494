//! The relying-party modules of the OpenID Foundation's conformance suite that concern a public client of the code flow,
//! under the modules' own names with `_` for `-`. Each lie is told beside the truth in the same form, so that a refusal
//! is for the lie alone. `REQUIREMENTS.md` lists the modules, also those that do not apply.
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::logout::{LogoutOptions, end_session, returned};
use pkce_wasm::client::metadata::discovery_requests;
use pkce_wasm::client::signature::{Signature, Verdict};
use pkce_wasm::client::token::{VerifiedBy, refresh};
use pkce_wasm::client::userinfo;
use pkce_wasm::{Answer, Code, Config, Error, Jwks, Metadata, Step, TokenSet, Unverified};
use serde_json::{Value, json};
use support::signing::{key_set, public_jwk, public_jwk_with};
use support::{
    ACCESS_TOKEN, CLIENT_ID, CODE, ISSUER, NOW, REDIRECT_URI, REFRESH_TOKEN, RS256, SUBJECT, answer, claims, code,
    come_back, config, config_with, document, document_with, exchange, fault, fields, id_token, jwt, login, login_at,
    login_with, metadata, metadata_with, names, ok, parameter, promises_iss, read_json, redeem, redeem_claims,
    response_url, signed, signed_in, state, token_response, value, verify, without,
};

/// The login goes well with honest claims, and not with one claim set to something else, or left out for `null`.
#[track_caller]
fn assert_claim_refused(claim: &str, honest: &Value, lie: &Value, code: Code) {
    let redeem = |value: &Value| {
        redeem_claims(|claims| match value {
            Value::Null => without(claims, claim),
            value => claims[claim] = value.clone(),
        })
    };
    assert!(redeem(honest).is_ok(), "{claim}: {honest}");
    assert_eq!(support::code(redeem(lie)), code, "{claim}: {lie}");
}

/// The claim stands in an honest ID token, and is missed when it does not.
#[track_caller]
fn assert_claim_required(claim: &str) {
    assert!(redeem_claims(|claims| assert!(!claims[claim].is_null())).is_ok());
    let tokens = redeem_claims(|claims| without(claims, claim));
    assert_eq!(fault(tokens), (Code::IdTokenInvalid, Some(claim)));
}

/// The login goes well with an ID token of an accepted algorithm, and not with one of this header and signature.
#[track_caller]
fn assert_header_refused(header: &str, signature: &str) {
    assert!(redeem_token(|claims| signed(RS256, claims)).is_ok());
    assert_eq!(code(redeem_token(|claims| jwt(header, claims, signature))), Code::IdTokenInvalid, "{header}");
}

/// The login goes well with an ID token that is signed by this algorithm, and not when its signature is of other claims.
#[track_caller]
fn assert_signature_refused(alg: &str) {
    let header = json!({"alg": alg}).to_string();
    let tokens = redeem_token(|claims| signed(&header, claims)).unwrap();
    assert_eq!(tokens.id_token_verified_by, Some(VerifiedBy::Signature));
    let lied = redeem_token(|claims| {
        let honest = signed(&header, claims);
        let altered = signed(&header, &claims.replace(SUBJECT, "alice1"));
        [altered.rsplit_once('.').unwrap().0, ".", honest.rsplit_once('.').unwrap().1].concat()
    });
    assert_eq!(code(lied), Code::IdTokenSignatureInvalid);
}

/// A login is answered with the ID token that is made of honest claims.
fn redeem_token(make: impl FnOnce(&str) -> String) -> Result<TokenSet, Error> {
    let (_, exchange, nonce) = exchange();
    let id_token = make(&claims(&nonce).to_string());
    support::redeem_from_exchange(exchange, &nonce, |answer| answer["id_token"] = json!(id_token))
}

/// A login at a server of those metadata is answered with an honest ID token under this header; its signature is still to
/// be verified.
fn unverified(metadata: &Metadata, header: &str) -> Unverified {
    let login = login_at(metadata);
    let nonce = parameter(&login.url, "nonce").unwrap();
    let url = answer(&login, &[("code", CODE)]);
    let (_, exchange) = come_back(login.transaction, &url).unwrap().into_request(&config());
    let mut answer = token_response(&nonce);
    answer["id_token"] = json!(signed(header, &claims(&nonce).to_string()));
    match exchange.finish(&ok(&answer), NOW).unwrap() {
        Answer::Unverified(unverified) => unverified,
        Answer::Tokens(_) => panic!("an ID token came"),
    }
}

/// An RSA key with which nobody signs.
fn other_rsa_key() -> Value {
    let n = public_jwk("rsa-2048")["n"].as_str().unwrap().replacen('L', "M", 1);
    public_jwk_with("rsa-2048", &json!({"kid": "1", "n": n}))
}

/// The set of these keys.
fn keys(keys: &[Value]) -> Value {
    json!({"keys": keys})
}

/// Verifies by a set that was fetched before, and fetches it anew where that is asked for.
fn verify_by_old_keys(unverified: Unverified, old: &Value, new: &Value) -> Result<TokenSet, Error> {
    match unverified.next(Some(&Jwks::parse(&old.to_string()).unwrap()), None, NOW)? {
        Step::Fetch(request) => assert_eq!(request.url, document()["jwks_uri"]),
        Step::Verify(_) => panic!("the key is not among them"),
    }
    verify(unverified, new, NOW)
}

/// The metadata of this issuer are used, and those of a server that names another issuer are not.
fn assert_issuer_compared() {
    let at = |issuer: &str| {
        let document = document_with(|document| document["issuer"] = json!(issuer));
        Metadata::from_response(&ok(&document), ISSUER, false).map(|_| ())
    };
    assert!(at(ISSUER).is_ok());
    assert_eq!(code(at("https://as.example/other")), Code::IssuerMismatch);
}

/// The answer to a refresh whose ID token has this claim.
fn refreshed(claim: &str, value: &Value) -> Result<TokenSet, Error> {
    let (_, exchange) = refresh(&config(), &metadata(), signed_in()).unwrap();
    let mut claims = claims("unused");
    without(&mut claims, "nonce");
    claims[claim] = value.clone();
    support::redeem_from_exchange(exchange, "unused", |answer| answer["id_token"] = json!(id_token(&claims)))
}

/// The user comes back to a login at a server that promises `iss`, with those parameters.
fn come_back_from_fapi(parameters: impl Fn(&str) -> Vec<(&'static str, String)>) -> Result<(), Error> {
    let login = login_at(&metadata_with(promises_iss));
    let parameters = parameters(&state(&login));
    let parameters: Vec<_> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    come_back(login.transaction, &response_url(&parameters)).map(|_| ())
}

fn honest_response(state: &str) -> Vec<(&'static str, String)> {
    vec![("code", CODE.into()), ("state", state.into()), ("iss", ISSUER.into())]
}

// The basic profile.

#[test]
fn oidcc_client_test() {
    let login = login();
    // What the suite looks at in every authorization request.
    assert_eq!(parameter(&login.url, "response_type").as_deref(), Some("code"));
    assert_eq!(parameter(&login.url, "client_id").as_deref(), Some(CLIENT_ID));
    assert_eq!(parameter(&login.url, "redirect_uri").as_deref(), Some(REDIRECT_URI));
    assert_eq!(parameter(&login.url, "scope").as_deref(), Some("openid"));

    let url = answer(&login, &[("code", CODE)]);
    let nonce = parameter(&login.url, "nonce").unwrap();
    let (request, exchange) = come_back(login.transaction, &url).unwrap().into_request(&config());
    assert_eq!(value(&fields(&request), "client_id").as_deref(), Some(CLIENT_ID));
    assert_eq!(value(&fields(&request), "redirect_uri").as_deref(), Some(REDIRECT_URI));
    assert_eq!(value(&fields(&request), "code").as_deref(), Some(CODE));

    let tokens = support::redeem_from_exchange(exchange, &nonce, |_| {}).unwrap();
    assert_eq!(tokens.subject().as_deref(), Some(SUBJECT));
    let request = userinfo::request(&metadata(), &tokens).unwrap();
    assert_eq!(request.bearer.unwrap().expose(), ACCESS_TOKEN);
    assert!(!request.url.contains(ACCESS_TOKEN));
}

#[test]
fn oidcc_client_test_invalid_iss() {
    assert_claim_refused("iss", &json!(ISSUER), &json!("https://as.example/1"), Code::IdTokenIssuerMismatch);
}

#[test]
fn oidcc_client_test_missing_sub() {
    assert_claim_required("sub");
}

#[test]
fn oidcc_client_test_invalid_aud() {
    assert_claim_refused("aud", &json!(CLIENT_ID), &json!("app1"), Code::IdTokenAudienceMismatch);
}

#[test]
fn oidcc_client_test_missing_iat() {
    assert_claim_required("iat");
}

#[test]
fn oidcc_client_test_kid_absent_single_jwks() {
    let tokens = unverified(&metadata(), RS256);
    assert!(verify(tokens, &keys(&[public_jwk("rsa-2048")]), NOW).is_ok());
}

#[test]
fn oidcc_client_test_kid_absent_multiple_jwks() {
    // The suite lets a client refuse the token or try every key; this one tries.
    let set = keys(&[other_rsa_key(), public_jwk_with("rsa-2048", &json!({"kid": "2"}))]);
    assert!(verify(unverified(&metadata(), RS256), &set, NOW).is_ok());
    let refused = verify(unverified(&metadata(), RS256), &keys(&[other_rsa_key()]), NOW);
    assert_eq!(code(refused), Code::IdTokenSignatureInvalid);
}

#[test]
fn oidcc_client_test_idtoken_sig_rs256() {
    let tokens = redeem_token(|claims| signed(RS256, claims)).unwrap();
    assert_eq!(tokens.id_token_verified_by, Some(VerifiedBy::Signature));
}

#[test]
fn oidcc_client_test_invalid_sig_rs256() {
    assert_signature_refused("RS256");
}

#[test]
fn oidcc_client_test_idtoken_sig_none() {
    // The suite lets a client accept or refuse it; this one refuses.
    assert_header_refused(r#"{"alg":"none"}"#, "");
    assert_header_refused(r#"{"alg":"none"}"#, "signature");
}

#[test]
fn oidcc_client_test_userinfo_invalid_sub() {
    let read = |subject: &str| userinfo::finish(&ok(&json!({"sub": subject, "name": "A"})), &signed_in());
    assert_eq!(read_json(&read(SUBJECT).unwrap())["name"], "A");
    assert_eq!(code(read("alice1")), Code::UserinfoSubjectMismatch);
}

#[test]
fn oidcc_client_test_nonce_invalid() {
    let (_, _, nonce) = exchange();
    assert_claim_refused("nonce", &json!(nonce), &json!([&nonce, "1"].concat()), Code::IdTokenNonceMismatch);
}

#[test]
fn oidcc_client_test_scope_userinfo_claims() {
    let scope = "openid email phone profile";
    let login = login_with(LoginOptions { scope: Some(scope.into()), ..LoginOptions::default() });
    assert_eq!(parameter(&login.url, "scope").as_deref(), Some(scope));
    let all =
        json!({"sub": SUBJECT, "email": "a@example.org", "email_verified": true, "phone_number": "+1", "name": "A"});
    let told = read_json(&userinfo::finish(&ok(&all), &signed_in()).unwrap());
    assert_eq!(told, all);
}

// The configuration profile.

#[test]
fn oidcc_client_test_discovery_openid_config() {
    let requests = discovery_requests(ISSUER, false).unwrap();
    assert_eq!(requests[0].url, "https://as.example/.well-known/openid-configuration");
    let document = document_with(|document| document["token_endpoint"] = json!("https://as.example/moved/token"));
    let (metadata, _) = Metadata::from_response(&ok(&document), ISSUER, false).unwrap();
    let login = login_at(&metadata);
    let url = answer(&login, &[("code", CODE)]);
    let (request, _) = come_back(login.transaction, &url).unwrap().into_request(&config());
    assert_eq!(request.url, "https://as.example/moved/token");
}

#[test]
fn oidcc_client_test_discovery_issuer_mismatch() {
    assert_issuer_compared();
}

#[test]
fn oidcc_client_test_discovery_jwks_uri_keys() {
    let moved = "https://as.example/moved/jwks";
    let tokens = unverified(&metadata_with(|document| document["jwks_uri"] = json!(moved)), RS256);
    match tokens.next(None, None, NOW).unwrap() {
        Step::Fetch(request) => assert_eq!((request.url.as_str(), request.form.is_none()), (moved, true)),
        Step::Verify(_) => panic!("no keys were fetched yet"),
    }
    assert!(verify(tokens, &key_set(), NOW).is_ok());
}

#[test]
fn oidcc_client_test_signing_key_rotation() {
    // The keys of the first login are kept until the second, which is signed by another key under another name.
    let first = keys(&[public_jwk_with("p-256", &json!({"kid": "1"}))]);
    assert!(verify(unverified(&metadata(), r#"{"alg":"ES256","kid":"1"}"#), &first, NOW).is_ok());
    let second = || unverified(&metadata(), r#"{"alg":"RS256","kid":"2"}"#);
    let new = keys(&[public_jwk_with("rsa-2048", &json!({"kid": "2"}))]);
    assert!(verify_by_old_keys(second(), &first, &new).is_ok());
    assert_eq!(code(verify_by_old_keys(second(), &first, &first)), Code::SigningKeyNotFound);
}

#[test]
fn oidcc_client_test_signing_key_rotation_just_before_signing() {
    // The key has the type of the old one, and stands beside it.
    let old = public_jwk_with("rsa-2048", &json!({"kid": "1"}));
    let new = keys(&[old.clone(), public_jwk_with("rsa-2048", &json!({"kid": "2"}))]);
    let tokens = unverified(&metadata(), r#"{"alg":"RS256","kid":"2"}"#);
    assert!(verify_by_old_keys(tokens, &keys(&[old]), &new).is_ok());
}

// The refresh token profile.

#[test]
fn oidcc_client_test_refresh_token() {
    let (request, exchange) = refresh(&config(), &metadata(), signed_in()).unwrap();
    assert_eq!(names(&request), ["grant_type", "refresh_token", "client_id"]);
    assert_eq!(value(&fields(&request), "refresh_token").as_deref(), Some(REFRESH_TOKEN));
    let tokens = support::redeem_from_exchange(exchange, "unused", |answer| {
        without(answer, "id_token");
        answer["access_token"] = json!("a2");
        answer["refresh_token"] = json!("r2");
    });
    let tokens = tokens.unwrap();
    assert_eq!((tokens.access_token.expose(), tokens.refresh_token.unwrap().expose()), ("a2", "r2"));
    assert!(refreshed("sub", &json!(SUBJECT)).is_ok());
}

#[test]
fn oidcc_client_test_refresh_token_invalid_issuer() {
    assert!(refreshed("iss", &json!(ISSUER)).is_ok());
    assert_eq!(code(refreshed("iss", &json!("https://as.example/1"))), Code::IdTokenIssuerMismatch);
}

#[test]
fn oidcc_client_test_refresh_token_invalid_sub() {
    assert!(refreshed("sub", &json!(SUBJECT)).is_ok());
    assert_eq!(code(refreshed("sub", &json!("alice1"))), Code::IdTokenSubjectMismatch);
}

// What the whole plan adds.

#[test]
fn oidcc_client_test_missing_aud() {
    assert_claim_required("aud");
}

#[test]
fn oidcc_client_test_userinfo_bearer_header() {
    let request = userinfo::request(&metadata(), &signed_in()).unwrap();
    assert_eq!(request.bearer.unwrap().expose(), ACCESS_TOKEN);
    assert!(request.form.is_none() && !request.url.contains(ACCESS_TOKEN));
}

#[test]
fn oidcc_client_test_invalid_sig_hs256() {
    let header = r#"{"alg":"HS256"}"#;
    let tokens = redeem_token(|claims| jwt(header, claims, "signature"));
    assert_eq!(code(tokens), Code::IdTokenAlgUnsupported);
}

#[test]
fn oidcc_client_test_invalid_sig_es256() {
    assert_signature_refused("ES256");
}

#[test]
fn oidcc_client_test_aggregated_claims() {
    // They are given on as they came; who trusts their source verifies them.
    let sources = json!({"src1": {"JWT": "a.b.c"}});
    let answer = json!({"sub": SUBJECT, "_claim_names": {"eye_color": "src1"}, "_claim_sources": sources});
    let told = read_json(&userinfo::finish(&ok(&answer), &signed_in()).unwrap());
    assert_eq!(told["_claim_sources"], sources);
    assert_eq!(told.get("eye_color"), None);
}

#[test]
fn oidcc_client_test_distributed_claims() {
    // They are given on as they came: no token of ours is sent to a place that an answer names.
    let sources = json!({"src1": {"endpoint": "https://claims.example/", "access_token": "t"}});
    let answer = json!({"sub": SUBJECT, "_claim_names": {"age": "src1"}, "_claim_sources": sources});
    let told = read_json(&userinfo::finish(&ok(&answer), &signed_in()).unwrap());
    assert_eq!(told["_claim_sources"], sources);
    assert_eq!(told.get("age"), None);
}

#[test]
fn oidcc_client_test_userinfo_signed() {
    let claims = json!({"sub": SUBJECT, "iss": ISSUER, "aud": CLIENT_ID, "name": "A"});
    let answer = support::response(200, Some("application/jwt"), &support::id_token(&claims));
    assert!(userinfo::is_signed(&answer));
    let read = || userinfo::finish_signed(&config(), &metadata(), &answer, &signed_in(), NOW).unwrap();
    let keys = Jwks::from_response(&ok(&support::signing::key_set())).unwrap();
    let unverified = read();
    let Step::Verify(check) = unverified.next(Some(&keys), None, NOW).unwrap() else { panic!("the keys are there") };
    let verdict = support::signing::verify(&check);
    assert_eq!(read_json(&userinfo::conclude(unverified, &verdict).unwrap()), claims);
    let wrong = Verdict { signature: Signature::Invalid, digest: None };
    assert_eq!(code(userinfo::conclude(read(), &wrong)), Code::UserinfoInvalid);
}

/// Sends the user to sign out; gives the URL, and what is kept until they come back.
fn leave() -> (Config, String, String) {
    let config = support::config_with(|settings| {
        settings.post_logout_redirect_uri = Some("https://app.example/bye".into());
    });
    let metadata =
        support::metadata_with(|document| document["end_session_endpoint"] = json!("https://as.example/end"));
    let entropy = &mut support::entropy::Seeded(3);
    let left = end_session(&config, &metadata, Some(&signed_in()), LogoutOptions::default(), entropy, NOW).unwrap();
    (config, left.url, left.expected.unwrap().0)
}

#[test]
fn oidcc_client_test_rp_init_logout() {
    let (config, url, kept) = leave();
    assert!(parameter(&url, "id_token_hint").is_some());
    assert_eq!(parameter(&url, "post_logout_redirect_uri").as_deref(), Some("https://app.example/bye"));
    let state = parameter(&url, "state").unwrap();
    assert_eq!(returned(&config, &format!("https://app.example/bye?state={state}")), Some(kept));
}

#[test]
fn oidcc_client_test_rp_init_logout_other_state() {
    let (config, _, kept) = leave();
    let other = returned(&config, "https://app.example/bye?state=another").unwrap();
    assert_ne!(other, kept, "nothing is kept under that name: the page is none that the user came back to");
}

#[test]
fn oidcc_client_test_rp_init_logout_no_state() {
    let (config, ..) = leave();
    assert_eq!(returned(&config, "https://app.example/bye"), None);
}

// The FAPI 2.0 security profile, as far as a client without credentials of its own can be asked.

#[test]
fn fapi2_security_profile_final_client_test_discovery_issuer_mismatch() {
    assert_issuer_compared();
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_iss() {
    assert_claim_refused("iss", &json!(ISSUER), &json!("https://as.example/1"), Code::IdTokenIssuerMismatch);
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_aud() {
    assert_claim_refused("aud", &json!(CLIENT_ID), &json!("app1"), Code::IdTokenAudienceMismatch);
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_secondary_aud() {
    assert_claim_refused("aud", &json!([CLIENT_ID]), &json!([CLIENT_ID, "app1"]), Code::IdTokenAudienceMismatch);
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_null_alg() {
    assert_header_refused(r#"{"alg":"none"}"#, "");
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_alternate_alg() {
    let redeem = |alg: &str| {
        let config = config_with(|settings| settings.id_token_signed_response_alg = Some("PS256".into()));
        let (login, header) = (login(), json!({"alg": alg}).to_string());
        let nonce = parameter(&login.url, "nonce").unwrap();
        let url = answer(&login, &[("code", CODE)]);
        let (_, exchange) = come_back(login.transaction, &url).unwrap().into_request(&config);
        let id_token = signed(&header, &claims(&nonce).to_string());
        support::redeem_from_exchange(exchange, &nonce, |answer| answer["id_token"] = json!(id_token))
    };
    assert!(redeem("PS256").is_ok());
    assert_eq!(fault(redeem("RS256")), (Code::IdTokenInvalid, Some("alg")));
    assert_eq!(fault(redeem("ES256")), (Code::IdTokenInvalid, Some("alg")));
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_expired_exp() {
    let (later, past) = (NOW.saturating_add(300), NOW.saturating_sub(301));
    assert_claim_refused("exp", &json!(later), &json!(past), Code::IdTokenExpired);
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_missing_exp() {
    assert_claim_required("exp");
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_missing_aud() {
    assert_claim_required("aud");
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_missing_iss() {
    assert_claim_required("iss");
}

#[test]
fn fapi2_security_profile_final_client_test_valid_aud_as_array() {
    assert_claim_refused("aud", &json!([CLIENT_ID]), &json!(["app1"]), Code::IdTokenAudienceMismatch);
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_nonce() {
    let (_, _, nonce) = exchange();
    assert_claim_refused("nonce", &json!(nonce), &json!("1"), Code::IdTokenNonceMismatch);
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_missing_nonce() {
    let (_, _, nonce) = exchange();
    assert_claim_refused("nonce", &json!(nonce), &Value::Null, Code::IdTokenNonceMismatch);
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_authorization_response_iss() {
    assert!(come_back_from_fapi(honest_response).is_ok());
    let lied = come_back_from_fapi(|state| {
        let mut response = honest_response(state);
        response[2].1.push('1');
        response
    });
    assert_eq!(code(lied), Code::ResponseIssuerMismatch);
}

#[test]
fn fapi2_security_profile_final_client_test_remove_authorization_response_iss() {
    assert!(come_back_from_fapi(honest_response).is_ok());
    let removed = come_back_from_fapi(|state| honest_response(state).drain(..2).collect());
    assert_eq!(code(removed), Code::ResponseIssuerMissing);
}

#[test]
fn fapi2_security_profile_final_client_test_ensure_authorization_response_with_invalid_state_fails() {
    assert!(come_back_from_fapi(honest_response).is_ok());
    let altered = come_back_from_fapi(|state| honest_response(&[state, "1"].concat()));
    assert_eq!(code(altered), Code::StateMismatch);
}

#[test]
fn fapi2_security_profile_final_client_test_ensure_authorization_response_with_invalid_missing_state_fails() {
    assert!(come_back_from_fapi(honest_response).is_ok());
    let removed = come_back_from_fapi(|state| {
        let mut response = honest_response(state);
        response.remove(1);
        response
    });
    assert_eq!(code(removed), Code::StateMissing);
}

#[test]
fn fapi2_security_profile_final_client_test_token_endpoint_response_without_expires_in() {
    assert_eq!(signed_in().expires_at, Some(NOW.saturating_add(3600)));
    let tokens = redeem(|answer| without(answer, "expires_in")).unwrap();
    assert_eq!((tokens.access_token.expose(), tokens.expires_at), (ACCESS_TOKEN, None));
}

#[test]
fn fapi2_security_profile_final_client_test_token_type_case_insensitivity() {
    for spelling in ["bearer", "Bearer", "bEArEr"] {
        assert!(redeem(|answer| answer["token_type"] = json!(spelling)).is_ok(), "{spelling}");
    }
    assert_eq!(code(redeem(|answer| answer["token_type"] = json!("bearers"))), Code::TokenTypeUnsupported);
}

#[test]
fn fapi2_security_profile_final_client_refresh_token_test() {
    // The server keeps the refresh token that it gave: what it does not replace stays in use.
    let (_, exchange) = refresh(&config(), &metadata(), signed_in()).unwrap();
    let tokens = support::redeem_from_exchange(exchange, "unused", |answer| {
        without(answer, "id_token");
        without(answer, "refresh_token");
    });
    let (request, _) = refresh(&config(), &metadata(), tokens.unwrap()).unwrap();
    assert_eq!(value(&fields(&request), "refresh_token").as_deref(), Some(REFRESH_TOKEN));
    let (_, exchange) = refresh(&config(), &metadata(), signed_in()).unwrap();
    let refused = exchange.finish(&support::json_response(400, &json!({"error": "invalid_grant"})), NOW);
    assert!(refused.unwrap_err().is_invalid_grant());
}
