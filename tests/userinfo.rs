//! The userinfo endpoint (OpenID Connect Core section 5.3, RFC 6750).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::client::signature::{Signature, Verdict};
use pkce_wasm::client::userinfo::{conclude, finish, finish_signed, is_signed, request};
use pkce_wasm::http::Response;
use pkce_wasm::{Code, Error, Jwks, Metadata, Step};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{
    ACCESS_TOKEN, CLIENT_ID, ISSUER, NOW, SUBJECT, code, config, config_with, document_with, fault, id_token,
    json_response, metadata, metadata_with, ok, read_json, response, signed, signed_in, signing, without,
};

fn read(answer: &Response) -> Result<Value, Error> {
    finish(answer, &signed_in()).map(|claims| read_json(&claims))
}

#[test]
fn be1_the_token_travels_in_the_header() {
    let request = request(&metadata(), &signed_in()).unwrap();
    assert_eq!(request.bearer.unwrap().expose(), ACCESS_TOKEN);
}

#[test]
fn be2_be3_the_token_travels_nowhere_else() {
    let metadata =
        metadata_with(|document| document["userinfo_endpoint"] = json!("https://as.example/userinfo?schema=openid"));
    let request = request(&metadata, &signed_in()).unwrap();
    assert_eq!(request.url, "https://as.example/userinfo?schema=openid");
    assert!(request.form.is_none());
}

#[test]
fn a_server_without_the_endpoint_is_told() {
    let metadata = metadata_with(|document| without(document, "userinfo_endpoint"));
    assert_eq!(fault(request(&metadata, &signed_in())), (Code::EndpointMissing, Some("userinfo_endpoint")));
}

#[test]
fn sb9_the_token_is_not_sent_to_a_server_that_did_not_issue_it() {
    let document = support::document_with(|document| document["issuer"] = json!("https://other.example"));
    let other = pkce_wasm::Metadata::from_json(&document.to_string(), "https://other.example", false).unwrap();
    assert_eq!(support::fault(request(&other, &signed_in())), (Code::IssuerMismatch, Some("iss")));
    assert!(request(&support::metadata(), &signed_in()).is_ok());
}

#[test]
fn id13_the_claims_of_the_user_are_given() {
    let claims = json!({"sub": SUBJECT, "name": "Alice", "x": [1]});
    assert_eq!(read(&ok(&claims)).unwrap(), claims);
}

#[test]
fn id13_claims_about_another_user_are_discarded() {
    for subject in ["mallory", "Alice", "alice ", ""] {
        let claims = read(&ok(&json!({"sub": subject, "name": "Mallory"})));
        assert_eq!(fault(claims), (Code::UserinfoSubjectMismatch, Some("sub")), "{subject:?}");
    }
}

#[test]
fn id13_claims_without_a_subject_are_refused() {
    for claims in [json!({}), json!({"sub": null}), json!({"sub": 1}), json!({"sub": ["alice"]})] {
        assert_eq!(fault(read(&ok(&claims))), (Code::UserinfoInvalid, Some("sub")), "{claims}");
    }
}

#[test]
fn id13_an_answer_that_is_not_a_json_object_is_refused() {
    for (status, content_type, body) in [
        (200, "text/html", "<!doctype html>"),
        (200, "application/jwt", "a.b.c"),
        (200, "application/json", "[]"),
        (200, "application/json", ""),
        (404, "text/html", ""),
        (204, "application/json", ""),
    ] {
        let error = read(&response(status, Some(content_type), body)).unwrap_err();
        assert_eq!((error.code, error.status), (Code::UserinfoInvalid, Some(status)), "{content_type} {body}");
    }
}

/// A signed answer (OpenID Connect Core section 5.3.2).
fn jwt_response(token: &str) -> Response {
    response(200, Some("application/jwt; charset=utf-8"), token)
}

/// What is made of a signed answer, with the honest server's keys.
fn read_signed(token: &str) -> Result<Value, Error> {
    let unverified = finish_signed(&config(), &metadata(), &jwt_response(token), &signed_in(), NOW)?;
    let keys = Jwks::from_response(&ok(&signing::key_set()))?;
    let verdict = match unverified.next(Some(&keys), Some(NOW), NOW)? {
        Step::Verify(check) => signing::verify(&check),
        Step::Fetch(_) => panic!("the keys were fetched just now"),
    };
    conclude(unverified, &verdict).map(|claims| read_json(&claims))
}

fn signed_claims() -> Value {
    json!({"sub": SUBJECT, "iss": ISSUER, "aud": CLIENT_ID, "name": "Alice"})
}

#[test]
fn id13_a_signed_answer_is_told_by_its_type() {
    for content_type in ["application/jwt", "Application/JWT", "application/jwt;charset=utf-8"] {
        assert!(is_signed(&response(200, Some(content_type), "")), "{content_type}");
    }
    for (status, content_type) in [(200, "application/json"), (200, "text/plain"), (401, "application/jwt")] {
        assert!(!is_signed(&response(status, Some(content_type), "")), "{status} {content_type}");
    }
    assert!(!is_signed(&response(200, None, "")));
}

#[test]
fn id13_the_claims_of_a_signed_answer_are_given() {
    assert_eq!(read_signed(&id_token(&signed_claims())).unwrap(), signed_claims());
    let bare = json!({"sub": SUBJECT});
    assert_eq!(read_signed(&id_token(&bare)).unwrap(), bare, "iss and aud may be missing");
    let several = json!({"sub": SUBJECT, "aud": ["other", CLIENT_ID]});
    assert!(read_signed(&id_token(&several)).is_ok());
}

#[test]
fn id13_a_signed_answer_of_another_issuer_for_another_client_or_of_another_time_is_refused() {
    for (claim, wrong) in [
        ("iss", json!("https://other.example")),
        ("iss", json!(1)),
        ("aud", json!("other")),
        ("aud", json!(["other"])),
        ("aud", json!([])),
        ("aud", json!({})),
        ("exp", json!(NOW - 61)),
        ("exp", json!("soon")),
    ] {
        let mut claims = signed_claims();
        claims[claim] = wrong.clone();
        assert_eq!(fault(read_signed(&id_token(&claims))), (Code::UserinfoInvalid, Some(claim)), "{wrong}");
    }
    let fresh = json!({"sub": SUBJECT, "exp": NOW - 59});
    assert!(read_signed(&id_token(&fresh)).is_ok());
}

#[test]
fn id13_a_signed_answer_about_another_user_is_discarded() {
    let claims = json!({"sub": "mallory", "iss": ISSUER, "aud": CLIENT_ID});
    assert_eq!(fault(read_signed(&id_token(&claims))), (Code::UserinfoSubjectMismatch, Some("sub")));
    assert_eq!(fault(read_signed(&id_token(&json!({"iss": ISSUER})))), (Code::UserinfoInvalid, Some("sub")));
}

#[test]
fn id13_a_signed_answer_without_a_signature_of_the_server_is_refused() {
    for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS256"}"#, "{}"] {
        let token = support::jwt(header, &signed_claims().to_string(), "c2ln");
        assert_eq!(fault(read_signed(&token)), (Code::UserinfoInvalid, Some("alg")), "{header}");
    }
    let critical = signed(r#"{"alg":"RS256","crit":["b64"],"b64":false}"#, &signed_claims().to_string());
    assert_eq!(fault(read_signed(&critical)), (Code::UserinfoInvalid, Some("crit")));

    let good = id_token(&signed_claims());
    let (head, rest) = good.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let other = id_token(&json!({"sub": SUBJECT, "name": "Mallory"}));
    let changed = format!("{head}.{}.{signature}", other.split('.').nth(1).unwrap());
    assert_eq!(fault(read_signed(&changed)), (Code::UserinfoInvalid, Some("signature")));
    for wrong in ["", "a.b", "a.b.c", "a.b.c.d.e"] {
        assert_eq!(code(read_signed(wrong)), Code::UserinfoInvalid, "{wrong:?}");
    }
}

#[test]
fn id13_where_nothing_can_verify_a_signed_answer_its_tls_vouches_for_it() {
    let answer = jwt_response(&id_token(&signed_claims()));
    let unverified = finish_signed(&config(), &metadata(), &answer, &signed_in(), NOW).unwrap();
    assert!(conclude(unverified, &Verdict::UNAVAILABLE).is_ok());
    let invalid = Verdict { signature: Signature::Invalid, digest: None };
    let unverified = finish_signed(&config(), &metadata(), &answer, &signed_in(), NOW).unwrap();
    assert_eq!(code(conclude(unverified, &invalid)), Code::UserinfoInvalid);

    let local = document_with(|document| document["userinfo_endpoint"] = json!("http://127.0.0.1:8080/userinfo"));
    let local = Metadata::from_json(&local.to_string(), ISSUER, true).unwrap();
    let lax = config_with(|settings| settings.dangerously_allow_http = true);
    let unverified = finish_signed(&lax, &local, &answer, &signed_in(), NOW).unwrap();
    assert_eq!(code(conclude(unverified, &Verdict::UNAVAILABLE)), Code::IdTokenUnverifiable);
}

#[test]
fn be5_a_refused_token_is_told_with_and_without_a_body() {
    for status in [401, 403] {
        let silent = read(&response(status, None, "")).unwrap_err();
        assert_eq!((silent.code, silent.status), (Code::UserinfoRefused, Some(status)));
        let spoken = read(&json_response(status, &json!({"error": "invalid_token"}))).unwrap_err();
        assert_eq!((spoken.code, spoken.status), (Code::UserinfoRefused, Some(status)));
        assert_eq!(spoken.refusal.as_ref().unwrap().error, "invalid_token");
    }
}

#[test]
fn ac20_a_server_that_failed_may_be_asked_again() {
    for status in [429, 500, 503] {
        assert_eq!(code(read(&response(status, None, ""))), Code::ServerError);
    }
}

#[test]
fn sb7_a_redirect_of_the_userinfo_endpoint_is_never_followed() {
    for status in [301, 302, 307, 308] {
        assert_eq!(code(read(&json_response(status, &json!({"sub": SUBJECT})))), Code::RedirectNotFollowed, "{status}");
    }
}

proptest! {
    #[test]
    fn id13_any_answer_can_be_read(status: u16, content_type: Option<String>, body: String) {
        prop_assert!(read(&response(status, content_type.as_deref(), &body)).is_err());
        prop_assert!(read(&response(200, Some("application/json"), &body)).is_err());
    }

    #[test]
    fn id13_any_other_subject_is_discarded(subject: String) {
        prop_assume!(subject != SUBJECT);
        prop_assert_eq!(code(read(&ok(&json!({"sub": subject})))), Code::UserinfoSubjectMismatch);
    }
}
