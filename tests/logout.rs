//! The end of a session: revocation (RFC 7009), sign-out at the server (OpenID Connect RP-Initiated Logout 1.0).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::client::logout::{EndSession, LogoutOptions, end_session, finish_revocation, returned};
use pkce_wasm::http::Response;
use pkce_wasm::{Code, Config, Error};
use serde_json::json;
use support::entropy::Seeded;
use support::{
    ACCESS_TOKEN, CLIENT_ID, NOW, REFRESH_TOKEN, code, config, config_with, fault, fields, json_response, metadata,
    metadata_with, names, parameter, parameters, response, revocations, signed_in, try_revocations, value, without,
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
    let other = pkce_wasm::Metadata::from_json(&document.to_string(), "https://other.example", false).unwrap();
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
fn rv2_any_status_of_success_is_success() {
    for status in [200, 201, 202, 204, 205, 299] {
        assert_eq!(finish_revocation(&response(status, None, "")), Ok(()), "{status}");
    }
    for status in [100, 199, 401, 404] {
        assert_eq!(code(finish_revocation(&response(status, None, ""))), Code::RevocationRefused, "{status}");
    }
}

#[test]
fn rv3_a_refusal_is_told_in_the_servers_words() {
    let answer = json!({"error": "unsupported_token_type", "error_description": "no"});
    let error = finish_revocation(&json_response(400, &answer)).unwrap_err();
    assert_eq!((error.code, error.status), (Code::RevocationRefused, Some(400)));
    let refusal = error.refusal.clone().unwrap();
    assert_eq!((refusal.error, refusal.error_description), ("unsupported_token_type".into(), Some("no".into())));
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

/// The honest server with a way to sign out there.
fn with_end_session(document: &mut serde_json::Value) {
    document["end_session_endpoint"] = json!("https://as.example/signoff");
}

const RETURN_URI: &str = "https://app.example/goodbye";

fn returning() -> Config {
    config_with(|settings| settings.post_logout_redirect_uri = Some(RETURN_URI.into()))
}

fn leave(config: &Config, options: LogoutOptions) -> Result<EndSession, Error> {
    end_session(config, &metadata_with(with_end_session), Some(&signed_in()), options, &mut Seeded(7), NOW)
}

#[test]
fn lo1_the_user_is_sent_to_the_server_with_hint_client_place_and_state() {
    let tokens = signed_in();
    let EndSession { url, expected } = leave(&returning(), LogoutOptions::default()).unwrap();
    assert!(url.starts_with("https://as.example/signoff?"), "{url}");
    let names: Vec<_> = parameters(&url).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"]);
    let hint = tokens.id_token.as_ref().unwrap().expose();
    assert_eq!(parameter(&url, "id_token_hint").unwrap().split('.').next(), hint.split('.').next());
    assert_eq!(parameter(&url, "client_id").as_deref(), Some(CLIENT_ID));
    assert_eq!(parameter(&url, "post_logout_redirect_uri").as_deref(), Some(RETURN_URI));
    assert_eq!(parameter(&url, "state").unwrap().len(), 43);
    assert!(expected.is_some());
    for secret in [ACCESS_TOKEN, REFRESH_TOKEN] {
        assert!(!url.contains(secret));
    }
}

#[test]
fn lo1_without_a_place_to_come_back_to_there_is_neither_that_nor_a_state() {
    let EndSession { url, expected } = leave(&config(), LogoutOptions::default()).unwrap();
    let names: Vec<_> = parameters(&url).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["id_token_hint", "client_id"]);
    assert!(expected.is_none());
}

#[test]
fn lo1_without_tokens_the_server_is_told_the_client_and_the_hint() {
    let options = LogoutOptions {
        extra_parameters: [("logout_hint", "alice"), ("ui_locales", "fr en")]
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        ..LogoutOptions::default()
    };
    let metadata = metadata_with(|document| document["end_session_endpoint"] = json!("https://as.example/out?t=1"));
    let tokens = None::<&pkce_wasm::TokenSet>;
    let left = end_session(&config(), &metadata, tokens, options, &mut Seeded(7), NOW).unwrap();
    assert_eq!(left.url, "https://as.example/out?t=1&client_id=app&logout_hint=alice&ui_locales=fr%20en");
}

#[test]
fn lo1_what_this_crate_sets_cannot_be_replaced() {
    for name in ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"] {
        let options = LogoutOptions { extra_parameters: vec![(name.into(), "x".into())], ..LogoutOptions::default() };
        assert_eq!(code(leave(&returning(), options)), Code::ParameterProtected, "{name}");
    }
    let twice = vec![("a".into(), "1".into()), ("a".into(), "2".into())];
    let options = LogoutOptions { extra_parameters: twice, ..LogoutOptions::default() };
    assert_eq!(code(leave(&returning(), options)), Code::ParameterProtected);
    let metadata = metadata_with(|document| document["end_session_endpoint"] = json!("https://as.example/out?state=1"));
    let left = end_session(&config(), &metadata, Some(&signed_in()), LogoutOptions::default(), &mut Seeded(7), NOW);
    assert_eq!(fault(left), (Code::MetadataInvalid, Some("end_session_endpoint")));
}

#[test]
fn lo1_a_server_without_the_endpoint_is_told() {
    let left =
        end_session(&returning(), &metadata(), Some(&signed_in()), LogoutOptions::default(), &mut Seeded(7), NOW);
    assert_eq!(fault(left), (Code::EndpointMissing, Some("end_session_endpoint")));
}

#[test]
fn lo1_an_id_token_is_not_shown_to_a_server_that_did_not_issue_it() {
    let config = config_with(|settings| settings.issuer = "https://other.example".into());
    let document = support::document_with(|document| {
        with_end_session(document);
        document["issuer"] = json!("https://other.example");
    });
    let other = pkce_wasm::Metadata::from_json(&document.to_string(), "https://other.example", false).unwrap();
    let left = end_session(&config, &other, Some(&signed_in()), LogoutOptions::default(), &mut Seeded(7), NOW);
    assert_eq!(fault(left), (Code::IssuerMismatch, Some("iss")));
}

#[test]
fn ac23_the_place_to_return_to_after_a_sign_out_is_of_this_origin() {
    for wrong in ["https://evil.example/", "//evil.example", "/\\evil.example", "goodbye", ""] {
        let options = LogoutOptions { return_to: Some(wrong.into()), ..LogoutOptions::default() };
        assert_eq!(fault(leave(&returning(), options)), (Code::ReturnToRefused, Some("return_to")), "{wrong:?}");
    }
}

#[test]
fn en13_a_member_that_no_sign_out_has_is_refused_by_its_name() {
    let json =
        r#"{ "revoke": true, "endSession": false, "returnTo": "/bye", "extraParameters": { "logout_hint": "ada" } }"#;
    let read = LogoutOptions::from_json(json).unwrap();
    let hint = vec![("logout_hint".to_owned(), "ada".to_owned())];
    assert_eq!((read.return_to.as_deref(), read.extra_parameters), (Some("/bye"), hint));
    // Those of a login are none of a sign-out.
    for name in
        ["return_to", "returnto", "endsession", "end_session", "loginHint", "scope", "popup", "prompt", "signal"]
    {
        let error = LogoutOptions::from_json(&format!(r#"{{ "returnTo": "/bye", "{name}": true }}"#)).unwrap_err();
        assert_eq!((error.code, error.found.as_deref()), (Code::MemberUnknown, Some(name)));
        assert!(LogoutOptions::from_json(&format!(r#"{{ "{name}": null }}"#)).is_ok(), "null is absent");
    }
    for (json, subject) in [("null", None), (r#"{ "returnTo": 1 }"#, Some("return_to"))] {
        let error = LogoutOptions::from_json(json).unwrap_err();
        assert_eq!((error.code, error.subject), (Code::ConfigInvalid, subject), "{json}");
    }
}

#[test]
fn lo1_the_place_to_come_back_to_is_of_the_kinds_of_redirect_uris() {
    for right in [RETURN_URI, "http://127.0.0.1:5000/", "com.example.app:/bye"] {
        let set = |settings: &mut pkce_wasm::Settings| settings.post_logout_redirect_uri = Some(right.into());
        assert!(support::try_config(set).is_ok(), "{right}");
    }
    for wrong in ["", "/bye", "https://app.example/#bye", "http://app.example/", "javascript:alert(1)"] {
        let set = |settings: &mut pkce_wasm::Settings| settings.post_logout_redirect_uri = Some(wrong.into());
        let refused = support::try_config(set);
        assert_eq!(fault(refused), (Code::RedirectUriInvalid, Some("post_logout_redirect_uri")), "{wrong}");
    }
}

#[test]
fn lo2_whoever_comes_back_is_known_by_the_state_alone() {
    let options = LogoutOptions { return_to: Some("/welcome".into()), ..LogoutOptions::default() };
    let EndSession { url, expected } = leave(&returning(), options).unwrap();
    let (name, tombstone) = expected.unwrap();
    let state = parameter(&url, "state").unwrap();
    let back = |query: &str| returned(&returning(), &format!("{RETURN_URI}{query}"));
    assert_eq!(back(&format!("?state={state}")).as_deref(), Some(&*name));
    assert_eq!(tombstone.return_to.as_deref(), Some("/welcome"));
    assert!(!name.contains(&state) && !tombstone.to_record().contains(&state));

    assert!(back("?state=another").is_some_and(|other| other != name));
    for query in ["", "?", "?state=", "?x=1", &format!("?state={state}&state={state}"), "?code=x"] {
        assert_eq!(back(query), None, "{query}");
    }
    assert_eq!(returned(&returning(), &format!("https://app.example/?state={state}")), None, "another place");
    assert_eq!(returned(&config(), &format!("{RETURN_URI}?state={state}")), None, "no place is configured");
}

#[test]
fn rv3_a_server_that_failed_says_when_to_come_again() {
    let answer = json!({"error": "temporarily_unavailable"});
    let error = finish_revocation(&Response { retry_after: Some(30), ..json_response(503, &answer) }).unwrap_err();
    assert_eq!((error.code, error.status, error.retry_after), (Code::ServerError, Some(503), Some(30)));
}
