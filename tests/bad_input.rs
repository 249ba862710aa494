//! The whole list of bad input: each has its own code, says what to do, and loses nothing.
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::http::Response;
use pkce_wasm::pkce::{MIN_LENGTH, Verifier};
use pkce_wasm::{Code, Error, Metadata, Transaction, begin};
use serde_json::json;
use support::entropy::{Dry, Seeded};
use support::{
    CODE, ISSUER, NOW, answer, come_back, come_back_with, config, document, json_response, login, login_at, metadata,
    metadata_with, promises_iss, redeem, redeem_claims, redeem_from, response, response_url, state, token_response,
    try_config, try_metadata, without,
};

/// An error of this code, whose message says something, about this member, parameter or claim.
#[track_caller]
fn assert_error<T>(result: Result<T, Error>, code: Code, subject: Option<&str>) {
    let error = result.err().expect("an error");
    assert_eq!((error.code, error.subject), (code, subject));
    let message = error.to_string();
    assert!(message.starts_with(code.message()));
    assert!(message.contains(subject.unwrap_or_default()));
}

/// The error of this answer to a login, after which the true answer is still accepted.
#[track_caller]
fn assert_callback_error(metadata: &Metadata, url: impl Fn(&str) -> String, code: Code, subject: &str) {
    let login = login_at(metadata);
    let record = login.transaction.to_record();
    let revive = || Transaction::from_record(record.expose()).unwrap();
    let url = url(&state(&login));
    let accept = || revive().accept(&config(), support::parse(&url).ok_or(Code::StateMissing)?, NOW);
    assert_error(accept(), code, Some(subject));
    let true_answer = answer(&login, &[("code", CODE), ("iss", ISSUER)]);
    assert!(come_back(revive(), &true_answer).is_ok());
}

fn discovered(answer: &Response) -> Result<String, Error> {
    Metadata::from_response(answer, ISSUER, false).map(|(_, document)| document)
}

#[test]
fn metadata_404() {
    let error = discovered(&response(404, Some("text/html"), "<h1>Not Found</h1>")).unwrap_err();
    assert_eq!(error.status, Some(404));
    assert_error::<()>(Err(error), Code::MetadataNotFound, None);
}

#[test]
fn metadata_html_instead_of_json() {
    let answer = response(200, Some("text/html; charset=utf-8"), "<!doctype html>");
    assert_error(discovered(&answer), Code::MetadataInvalid, Some("content-type"));
}

#[test]
fn metadata_issuer_mismatch() {
    let mut document = document();
    document["issuer"] = json!("https://evil.example");
    assert_error(discovered(&json_response(200, &document)), Code::IssuerMismatch, Some("issuer"));
}

#[test]
fn no_s256_offered() {
    let metadata = metadata_with(|document| document["code_challenge_methods_supported"] = json!(["plain"]));
    let login = begin(&config(), &metadata, LoginOptions::default(), &mut Seeded(1), NOW);
    assert_error(login, Code::PkceUnsupported, Some("code_challenge_methods_supported"));
}

#[test]
fn endpoint_not_https() {
    let at = |url: &str| try_metadata(|document| document["token_endpoint"] = json!(url));
    assert_error(at("http://as.example/token"), Code::EndpointInsecure, Some("token_endpoint"));
    assert_error(at("http://127.0.0.1:3000/token"), Code::EndpointInsecure, Some("token_endpoint"));
}

#[test]
fn redirect_uri_with_fragment_or_relative() {
    for redirect_uri in ["https://app.example/#/callback", "/callback"] {
        let config = try_config(|settings| settings.redirect_uri = redirect_uri.into());
        assert_error(config, Code::RedirectUriInvalid, Some("redirect_uri"));
    }
}

#[test]
fn the_user_declines() {
    assert_error(come_back_with(login(), &[("error", "access_denied")]), Code::AccessDenied, None);
}

#[test]
fn missing_state() {
    assert!(support::parse(&response_url(&[("code", CODE)])).is_none(), "it belongs to no login");
}

#[test]
fn wrong_state() {
    let url = |_: &str| response_url(&[("code", CODE), ("state", "wrong")]);
    assert_callback_error(&metadata(), url, Code::StateMismatch, "state");
}

#[test]
fn duplicate_state() {
    let url = |state: &str| response_url(&[("code", CODE), ("state", state), ("state", state)]);
    let state = state(&login_at(&metadata()));
    assert!(support::parse(&url(&state)).is_none(), "nobody can say whose it is");
    let other = |state: &str| response_url(&[("code", CODE), ("code", CODE), ("state", state)]);
    assert_callback_error(&metadata(), other, Code::ParameterDuplicated, "code");
}

#[test]
fn missing_code() {
    assert_callback_error(&metadata(), |state| response_url(&[("state", state)]), Code::CodeMissing, "code");
}

#[test]
fn duplicate_code() {
    let url = |state: &str| response_url(&[("code", CODE), ("code", "other"), ("state", state)]);
    assert_callback_error(&metadata(), url, Code::ParameterDuplicated, "code");
}

#[test]
fn wrong_iss_also_on_errors() {
    for parameter in [("code", CODE), ("error", "access_denied")] {
        let url = |state: &str| response_url(&[parameter, ("state", state), ("iss", "https://evil.example")]);
        assert_callback_error(&metadata(), url, Code::ResponseIssuerMismatch, "iss");
    }
}

#[test]
fn missing_iss_also_on_errors() {
    for parameter in [("code", CODE), ("error", "access_denied")] {
        let url = |state: &str| response_url(&[parameter, ("state", state)]);
        assert_callback_error(&metadata_with(promises_iss), url, Code::ResponseIssuerMissing, "iss");
    }
}

#[test]
fn token_reply_not_json() {
    let answer = response(200, Some("text/html"), "<!doctype html>");
    assert_error(redeem_from(&answer), Code::TokenResponseInvalid, None);
}

#[test]
fn token_reply_5xx() {
    for status in [500, 502, 503, 504] {
        assert_error(redeem_from(&response(status, Some("text/html"), "")), Code::ServerError, None);
    }
}

#[test]
fn token_reply_307() {
    assert_error(redeem_from(&json_response(307, &token_response("n"))), Code::RedirectNotFollowed, None);
}

#[test]
fn missing_access_token() {
    assert_error(redeem(|answer| without(answer, "access_token")), Code::AccessTokenMissing, Some("access_token"));
}

#[test]
fn unknown_token_type() {
    let tokens = redeem(|answer| answer["token_type"] = json!("mac"));
    assert_error(tokens, Code::TokenTypeUnsupported, Some("token_type"));
}

#[test]
fn id_token_with_a_wrong_claim() {
    for (claim, wrong, code) in [
        ("iss", json!("https://evil.example"), Code::IdTokenIssuerMismatch),
        ("aud", json!("other"), Code::IdTokenAudienceMismatch),
        ("nonce", json!("other"), Code::IdTokenNonceMismatch),
        ("exp", json!(NOW.saturating_sub(3600)), Code::IdTokenExpired),
    ] {
        assert_error(redeem_claims(|claims| claims[claim] = wrong.clone()), code, Some(claim));
    }
}

#[test]
fn verifier_of_42_or_129_characters_or_with_a_bad_character() {
    for length in [42, 129] {
        assert_error(
            Verifier::generate(length, &mut Seeded(1)).map_err(Error::from),
            Code::VerifierLengthInvalid,
            None,
        );
        assert_error(Verifier::parse("a".repeat(length)).map_err(Error::from), Code::VerifierInvalid, None);
    }
    let foreign = Verifier::parse(["a".repeat(42), "+".into()].concat());
    assert_error(foreign.map_err(Error::from), Code::VerifierInvalid, None);
}

#[test]
fn no_randomness() {
    assert_error(Verifier::generate(MIN_LENGTH, &mut Dry).map_err(Error::from), Code::RandomnessUnavailable, None);
    let login = begin(&config(), &metadata(), LoginOptions::default(), &mut Dry, NOW);
    assert_error(login, Code::RandomnessUnavailable, None);
}
