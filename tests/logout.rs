//! The end of a session: revocation (RFC 7009).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::Code;
use pkce_wasm::flow::logout::finish_revocation;
use serde_json::json;
use support::{
    ACCESS_TOKEN, CLIENT_ID, REFRESH_TOKEN, code, config, config_with, fault, fields, metadata, metadata_with, names,
    response, revocations, signed_in, try_revocations, value, without,
};

#[test]
fn rv1_a_revocation_is_a_post_of_token_hint_and_client_id() {
    for request in revocations() {
        assert_eq!(request.url, "https://as.example/revoke");
        assert!(request.bearer.is_none());
        assert_eq!(names(&request), ["token", "token_type_hint", "client_id"]);
        assert_eq!(value(&fields(&request), "client_id").as_deref(), Some(CLIENT_ID));
    }
}

#[test]
fn rv4_the_refresh_token_is_revoked_before_the_access_token() {
    let requests = revocations();
    let revoked: Vec<_> = requests
        .iter()
        .map(|request| {
            let fields = fields(request);
            (value(&fields, "token").unwrap(), value(&fields, "token_type_hint").unwrap())
        })
        .collect();
    assert_eq!(
        revoked,
        [(REFRESH_TOKEN.to_owned(), "refresh_token".to_owned()), (ACCESS_TOKEN.to_owned(), "access_token".to_owned()),]
    );
}

#[test]
fn rv4_without_a_refresh_token_the_access_token_is_revoked_alone() {
    let mut tokens = signed_in();
    tokens.refresh_token = None;
    let requests = try_revocations(&config(), &metadata(), &tokens).unwrap();
    assert_eq!(requests.len(), 1);
    assert_eq!(value(&fields(&requests[0]), "token").as_deref(), Some(ACCESS_TOKEN));
}

#[test]
fn ac14_the_query_of_the_revocation_endpoint_is_kept_and_no_token_is_in_it() {
    let metadata = metadata_with(|document| document["revocation_endpoint"] = json!("https://as.example/revoke?t=1"));
    for request in try_revocations(&config(), &metadata, &signed_in()).unwrap() {
        assert_eq!(request.url, "https://as.example/revoke?t=1");
    }
}

#[test]
fn a_server_without_the_endpoint_is_told() {
    let metadata = metadata_with(|document| without(document, "revocation_endpoint"));
    let requests = try_revocations(&config(), &metadata, &signed_in());
    assert_eq!(fault(requests), (Code::EndpointMissing, Some("revocation_endpoint")));
}

#[test]
fn md8_tokens_are_not_sent_to_another_server() {
    let config = config_with(|settings| settings.issuer = "https://other.example".into());
    assert_eq!(code(try_revocations(&config, &metadata(), &signed_in())), Code::IssuerMismatch);
}

#[test]
fn sb9_tokens_are_not_sent_to_a_server_that_did_not_issue_them() {
    let config = support::config_with(|settings| settings.issuer = "https://other.example".into());
    let document = support::document_with(|document| document["issuer"] = serde_json::json!("https://other.example"));
    let other = pkce_wasm::Metadata::from_json(&document, "https://other.example", false).unwrap();
    let requests = support::try_revocations(&config, &other, &support::signed_in());
    assert_eq!(support::fault(requests), (Code::IssuerMismatch, Some("iss")));
}

#[test]
fn rv2_200_is_success_whatever_the_body_is() {
    for (content_type, body) in [(None, ""), (Some("text/html"), "<p>"), (Some("application/json"), r#"{"error":"x"}"#)]
    {
        assert_eq!(finish_revocation(&response(200, content_type, body)), Ok(()));
    }
}

#[test]
fn rv3_a_refusal_is_told_and_a_server_that_failed_may_be_asked_again() {
    for (status, expected) in [
        (400, Code::RevocationRefused),
        (401, Code::RevocationRefused),
        (429, Code::ServerError),
        (503, Code::ServerError),
    ] {
        let error = finish_revocation(&response(status, None, "")).unwrap_err();
        assert_eq!((error.code, error.status), (expected, Some(status)));
    }
}

#[test]
fn sb7_a_redirect_of_the_revocation_endpoint_is_never_followed() {
    for status in [301, 302, 307, 308] {
        assert_eq!(code(finish_revocation(&response(status, None, ""))), Code::RedirectNotFollowed, "{status}");
    }
}
