//! Fresh tokens for a refresh token (RFC 6749 section 6, OpenID Connect Core section 12.2).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::client::token::refresh;
use pkce_wasm::{Code, Error, Metadata, TokenSet};
use serde_json::{Value, json};
use support::{
    CLIENT_ID, NOW, REFRESH_TOKEN, claims, code, config, config_with, document_with, fault, fields, finish, id_token,
    json_response, metadata, names, ok, redeem, redeem_claims, signed_in, value, without,
};

/// The token set after a refresh that was answered in that way.
fn refreshed_from(tokens: TokenSet, answer: &Value) -> Result<TokenSet, Error> {
    let (_, exchange) = refresh(&config(), &metadata(), tokens)?;
    finish(exchange, &ok(answer), NOW)
}

fn refreshed(answer: &Value) -> Result<TokenSet, Error> {
    refreshed_from(signed_in(), answer)
}

/// The answer to a refresh, with an ID token of those claims after that change.
fn refreshed_claims(change: impl FnOnce(&mut Value)) -> Result<TokenSet, Error> {
    let mut claims = claims("unused");
    without(&mut claims, "nonce");
    change(&mut claims);
    refreshed(&json!({"access_token": "a2", "token_type": "Bearer", "id_token": id_token(&claims)}))
}

#[test]
fn ac21_a_refresh_carries_what_is_required_and_nothing_else() {
    let (request, _) = refresh(&config(), &metadata(), signed_in()).unwrap();
    assert_eq!(request.url, "https://as.example/token");
    assert_eq!(names(&request), ["grant_type", "refresh_token", "client_id"]);
    assert_eq!(value(&fields(&request), "refresh_token").as_deref(), Some(REFRESH_TOKEN));
    assert_eq!(value(&fields(&request), "client_id").as_deref(), Some(CLIENT_ID));
}

#[test]
fn ac21_without_a_refresh_token_there_is_no_refresh() {
    let mut tokens = signed_in();
    tokens.refresh_token = None;
    assert_eq!(code(refresh(&config(), &metadata(), tokens)), Code::RefreshTokenMissing);
}

#[test]
fn md8_a_refresh_token_is_not_sent_to_another_server() {
    let config = config_with(|settings| settings.issuer = "https://other.example".into());
    assert_eq!(code(refresh(&config, &metadata(), signed_in())), Code::IssuerMismatch);
}

#[test]
fn ac21_a_new_refresh_token_replaces_the_old_one() {
    let answer = json!({"access_token": "a2", "token_type": "Bearer", "refresh_token": "r2"});
    let tokens = refreshed(&answer).unwrap();
    assert_eq!(tokens.access_token.expose(), "a2");
    assert_eq!(tokens.refresh_token.unwrap().expose(), "r2");
}

#[test]
fn ac21_without_a_new_refresh_token_the_old_one_is_kept() {
    for answer in [
        json!({"access_token": "a2", "token_type": "Bearer"}),
        json!({"access_token": "a2", "token_type": "Bearer", "refresh_token": null}),
        json!({"access_token": "a2", "token_type": "Bearer", "refresh_token": ""}),
    ] {
        let tokens = refreshed(&answer).unwrap();
        assert_eq!(tokens.refresh_token.unwrap().expose(), REFRESH_TOKEN, "{answer}");
    }
}

#[test]
fn ac19_ac21_a_refresh_keeps_the_scope_that_was_granted_unless_it_was_narrowed() {
    let tokens = || redeem(|answer| answer["scope"] = json!("openid profile")).unwrap();
    let silent = json!({"access_token": "a2", "token_type": "Bearer"});
    assert_eq!(refreshed_from(tokens(), &silent).unwrap().scope, "openid profile");
    let narrower = json!({"access_token": "a2", "token_type": "Bearer", "scope": "openid"});
    assert_eq!(refreshed_from(tokens(), &narrower).unwrap().scope, "openid");
}

#[test]
fn ac19_ac21_a_scope_that_a_refresh_widens_is_shown_and_never_asked_for() {
    // A server may grant more than before, and has to say so (RFC 6749 section 3.3).
    let before = redeem(|answer| answer["scope"] = json!("openid")).unwrap();
    let wider = json!({"access_token": "a2", "token_type": "Bearer", "scope": "openid profile"});
    let after = refreshed_from(before, &wider).unwrap();
    assert_eq!(after.scope, "openid profile");
    let (request, _) = refresh(&config(), &metadata(), after).unwrap();
    assert_eq!(value(&fields(&request), "scope"), None);
}

#[test]
fn id14_without_a_new_id_token_the_old_one_and_its_claims_are_kept() {
    let before = signed_in();
    let id_token = before.id_token.as_ref().unwrap().expose().to_owned();
    let claims = before.claims.clone();
    let after = refreshed_from(before, &json!({"access_token": "a2", "token_type": "Bearer"})).unwrap();
    assert_eq!(after.id_token.unwrap().expose(), id_token);
    assert_eq!(after.claims, claims);
}

#[test]
fn id14_a_new_id_token_replaces_the_old_one() {
    let tokens = refreshed_claims(|claims| claims["name"] = json!("Alice")).unwrap();
    assert_eq!(support::claims_of(&tokens)["name"], "Alice");
    assert!(tokens.id_token.unwrap().expose().contains('.'));
}

#[test]
fn id14_a_refreshed_id_token_is_about_the_same_user() {
    let tokens = refreshed_claims(|claims| claims["sub"] = json!("mallory"));
    assert_eq!(fault(tokens), (Code::IdTokenSubjectMismatch, Some("sub")));
}

#[test]
fn id14_a_refreshed_id_token_is_from_the_same_issuer_for_the_same_client() {
    let issuer = refreshed_claims(|claims| claims["iss"] = json!("https://evil.example"));
    assert_eq!(code(issuer), Code::IdTokenIssuerMismatch);
    let audience = refreshed_claims(|claims| claims["aud"] = json!("other"));
    assert_eq!(code(audience), Code::IdTokenAudienceMismatch);
    let azp = refreshed_claims(|claims| claims["azp"] = json!("other"));
    assert_eq!(code(azp), Code::IdTokenAudienceMismatch);
    let expired = refreshed_claims(|claims| claims["exp"] = json!(1));
    assert_eq!(code(expired), Code::IdTokenExpired);
}

/// Whether a refresh gave fresh tokens and left the ID token, and with it the claims, as they were.
fn keeps_the_id_token(first: impl FnOnce(&mut Value), second: impl FnOnce(&mut Value)) -> bool {
    let before = redeem_claims(first).unwrap();
    let id_token = before.id_token.as_ref().unwrap().expose().to_owned();
    let claims_before = before.claims.clone();
    let mut claims = claims("unused");
    without(&mut claims, "nonce");
    claims["name"] = json!("Alice");
    second(&mut claims);
    let answer = json!({
        "access_token": "a2", "refresh_token": "r2", "token_type": "Bearer", "id_token": support::id_token(&claims),
    });
    let tokens = refreshed_from(before, &answer).unwrap();
    assert_eq!((tokens.access_token.expose(), tokens.refresh_token.as_ref().unwrap().expose()), ("a2", "r2"));
    let is_kept = tokens.id_token.as_ref().unwrap().expose() == id_token;
    assert_eq!(tokens.claims == claims_before, is_kept);
    is_kept
}

#[test]
fn id14_a_refreshed_id_token_with_another_nonce_is_dropped_and_the_tokens_are_kept() {
    assert!(!keeps_the_id_token(|_| {}, |_| {}));
    let before = signed_in();
    let same = support::claims_of(&before)["nonce"].clone();
    assert!(!keeps_the_id_token(|_| {}, |claims| claims["nonce"] = same));
    for other in [json!("other"), json!(""), json!(7), json!(["other"]), Value::Null] {
        assert!(keeps_the_id_token(|_| {}, |claims| claims["nonce"] = other.clone()), "{other}");
    }
}

#[test]
fn id14_a_refreshed_id_token_of_another_authentication_is_dropped_and_the_tokens_are_kept() {
    let refreshed = |first: Option<u64>, second: Value| {
        let set = |claims: &mut Value, time: Value| match time {
            Value::String(absent) if absent.is_empty() => {}
            time => claims["auth_time"] = time,
        };
        keeps_the_id_token(
            |claims| set(claims, first.map_or(json!(""), |time| json!(time))),
            |claims| set(claims, second.clone()),
        )
    };
    let original = NOW.saturating_sub(100);
    assert!(!refreshed(Some(original), json!(original)));
    assert!(!refreshed(Some(original), json!("")));
    assert!(!refreshed(None, json!(original)));
    for other in [json!(NOW), json!(original.saturating_sub(1)), json!(original.to_string()), json!(1e300), Value::Null]
    {
        assert!(refreshed(Some(original), other.clone()), "{other}");
    }
    assert!(refreshed(None, json!(1e300)), "a time that no clock can show is in no session");
}

#[test]
fn id14_a_refreshed_id_token_that_is_to_be_dropped_is_checked_all_the_same() {
    let other = |change: fn(&mut Value)| {
        refreshed_claims(|claims| {
            claims["nonce"] = json!("other");
            change(claims);
        })
    };
    assert!(other(|_| {}).is_ok());
    assert_eq!(code(other(|claims| claims["sub"] = json!("mallory"))), Code::IdTokenSubjectMismatch);
    assert_eq!(code(other(|claims| claims["iss"] = json!("https://evil.example"))), Code::IdTokenIssuerMismatch);
    assert_eq!(code(other(|claims| claims["aud"] = json!("other"))), Code::IdTokenAudienceMismatch);
    assert_eq!(code(other(|claims| claims["azp"] = json!("other"))), Code::IdTokenAudienceMismatch);
    assert_eq!(code(other(|claims| claims["exp"] = json!(1))), Code::IdTokenExpired);
    assert_eq!(code(other(|claims| claims["at_hash"] = json!("other"))), Code::IdTokenHashMismatch);
    let mut claims = claims("other");
    claims["name"] = json!("Alice");
    let honest = id_token(&claims);
    let (head, _) = honest.rsplit_once('.').unwrap();
    let unsigned = [head, ".AAAA"].concat();
    let answer = json!({"access_token": "a2", "token_type": "Bearer", "id_token": unsigned});
    assert_eq!(code(refreshed(&answer)), Code::IdTokenSignatureInvalid);
}

#[test]
fn id14_a_refreshed_id_token_is_not_older_than_the_one_before() {
    assert!(refreshed_claims(|claims| claims["iat"] = json!(NOW)).is_ok());
    // Two machines of one server may differ by as much as ours and theirs.
    assert!(refreshed_claims(|claims| claims["iat"] = json!(NOW.saturating_sub(60))).is_ok());
    let older = refreshed_claims(|claims| claims["iat"] = json!(NOW.saturating_sub(61)));
    assert_eq!(fault(older), (Code::IdTokenInvalid, Some("iat")));
}

#[test]
fn sb9_a_refresh_token_is_not_sent_to_a_server_that_did_not_issue_it() {
    let config = config_with(|settings| settings.issuer = "https://other.example".into());
    let document = document_with(|document| document["issuer"] = json!("https://other.example"));
    let other = Metadata::from_json(&document.to_string(), "https://other.example", false).unwrap();
    assert_eq!(fault(refresh(&config, &other, signed_in())), (Code::IssuerMismatch, Some("iss")));
    assert!(refresh(&support::config(), &metadata(), signed_in()).is_ok());
}

#[test]
fn ac21_a_refused_refresh_says_that_the_session_is_over() {
    let (_, exchange) = refresh(&config(), &metadata(), signed_in()).unwrap();
    let error = finish(exchange, &json_response(400, &json!({"error": "invalid_grant"})), NOW).unwrap_err();
    assert!(error.is_invalid_grant() && error.restart_helps());
}
