//! The userinfo endpoint (OpenID Connect Core section 5.3, RFC 6750).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::flow::userinfo::{finish, request};
use pkce_wasm::http::Response;
use pkce_wasm::{Code, Error};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{
    ACCESS_TOKEN, SUBJECT, code, fault, json_response, metadata, metadata_with, ok, response, signed_in, without,
};

fn read(answer: &Response) -> Result<Value, Error> {
    finish(answer, &signed_in())
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
    let other = pkce_wasm::Metadata::from_json(&document, "https://other.example", false).unwrap();
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
