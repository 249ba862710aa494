//! What the server is: discovery (RFC 8414, OpenID Connect Discovery 1.0).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::client::metadata::discovery_requests;
use pkce_wasm::http::Response;
use pkce_wasm::{Code, Error, Metadata};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{
    CODE, ISSUER, code, come_back_with, config, config_with, document, document_with, fault, json_response, login_at,
    metadata, metadata_with, promises_iss, response, try_metadata, without,
};

fn well_known(issuer: &str) -> [String; 2] {
    discovery_requests(issuer, false).unwrap().map(|request| request.url)
}

fn read(response: &Response) -> Result<(Metadata, Value), Error> {
    let (metadata, document) = Metadata::from_response(response, ISSUER, false)?;
    Ok((metadata, serde_json::from_str(&document).expect("what was accepted is JSON")))
}

#[test]
fn md1_md2_the_well_known_path_is_appended_then_inserted() {
    for (issuer, openid, oauth) in [
        ("https://h", "https://h/.well-known/openid-configuration", "https://h/.well-known/oauth-authorization-server"),
        (
            "https://h/",
            "https://h/.well-known/openid-configuration",
            "https://h/.well-known/oauth-authorization-server",
        ),
        (
            "https://h/issuer1",
            "https://h/issuer1/.well-known/openid-configuration",
            "https://h/.well-known/oauth-authorization-server/issuer1",
        ),
        (
            "https://h/issuer1/",
            "https://h/issuer1/.well-known/openid-configuration",
            "https://h/.well-known/oauth-authorization-server/issuer1",
        ),
        (
            "http://localhost:3000/0b3f/as",
            "http://localhost:3000/0b3f/as/.well-known/openid-configuration",
            "http://localhost:3000/.well-known/oauth-authorization-server/0b3f/as",
        ),
        (
            "https://h/h",
            "https://h/h/.well-known/openid-configuration",
            "https://h/.well-known/oauth-authorization-server/h",
        ),
    ] {
        assert_eq!(well_known(issuer), [openid, oauth], "{issuer}");
    }
}

#[test]
fn md1_discovery_is_a_bare_get() {
    for request in discovery_requests(ISSUER, false).unwrap() {
        assert!(request.form.is_none() && request.bearer.is_none());
    }
}

#[test]
fn md4_metadata_is_asked_only_of_an_https_issuer_without_query_and_fragment() {
    for issuer in ["https://h?a=b", "https://h/#a", "h", "", "com.example:/as"] {
        assert_eq!(fault(discovery_requests(issuer, true)), (Code::ConfigInvalid, Some("issuer")), "{issuer:?}");
    }
    assert_eq!(fault(discovery_requests("http://h", false)), (Code::EndpointInsecure, Some("issuer")));
    assert!(discovery_requests("http://h", true).is_ok());
    assert!(discovery_requests("http://127.0.0.1:8080", false).is_ok());
}

#[test]
fn md3_an_issuer_is_the_same_only_character_for_character() {
    for issuer in [
        "https://as.example/",
        "https://AS.example",
        "https://as.example:443",
        "HTTPS://as.example",
        "https://as.exampl%65",
        "https://evil.example",
        "",
    ] {
        let metadata = try_metadata(|document| document["issuer"] = json!(issuer));
        assert_eq!(fault(metadata), (Code::IssuerMismatch, Some("issuer")), "{issuer:?}");
    }
}

#[test]
fn md3_nothing_of_a_document_is_looked_at_before_its_issuer() {
    let metadata = try_metadata(|document| {
        document["issuer"] = json!("https://evil.example");
        document["token_endpoint"] = json!("http://evil.example/token");
        without(document, "authorization_endpoint");
    });
    assert_eq!(code(metadata), Code::IssuerMismatch);
}

#[test]
fn md3_a_document_without_an_issuer_is_refused() {
    for issuer in [Value::Null, json!(1), json!([ISSUER])] {
        let metadata = try_metadata(|document| document["issuer"] = issuer.clone());
        assert_eq!(fault(metadata), (Code::MetadataInvalid, Some("issuer")), "{issuer}");
    }
}

#[test]
fn md5_an_honest_answer_is_read_and_its_document_given_back() {
    for content_type in
        ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/x+json"]
    {
        let answer = response(200, Some(content_type), &document().to_string());
        assert_eq!(read(&answer).unwrap().1, document(), "{content_type}");
    }
}

#[test]
fn md5_an_answer_that_is_not_json_is_refused() {
    let html = "<!doctype html><title>Sign in</title>";
    for (content_type, body) in [
        (Some("text/html"), html),
        (Some("application/json"), html),
        (Some("text/plain"), &*document().to_string()),
        (Some("text/json-like"), &document().to_string()),
        (Some(""), &document().to_string()),
        (None, &document().to_string()),
        (Some("application/json"), ""),
        (Some("application/json"), "[]"),
        (Some("application/json"), "\"https://as.example\""),
        (Some("application/json"), "{\"issuer\":"),
    ] {
        assert_eq!(code(read(&response(200, content_type, body))), Code::MetadataInvalid, "{content_type:?} {body}");
    }
}

#[test]
fn md5_every_status_but_200_is_refused_and_told() {
    for (status, expected) in [
        (404, Code::MetadataNotFound),
        (500, Code::ServerError),
        (503, Code::ServerError),
        (429, Code::ServerError),
        (201, Code::MetadataInvalid),
        (204, Code::MetadataInvalid),
        (401, Code::MetadataInvalid),
        (403, Code::MetadataInvalid),
    ] {
        let error = read(&json_response(status, &document())).unwrap_err();
        assert_eq!((error.code, error.status), (expected, Some(status)));
    }
}

#[test]
fn md6_a_redirect_of_the_metadata_is_never_followed() {
    for status in [301, 302, 303, 307, 308] {
        let error = read(&json_response(status, &document())).unwrap_err();
        assert_eq!((error.code, error.status), (Code::RedirectNotFollowed, Some(status)));
    }
}

#[test]
fn md6_an_endpoint_on_this_machine_is_that_of_an_issuer_on_this_machine() {
    const LOCAL: [&str; 5] = [
        "http://localhost:3000/x",
        "http://127.0.0.1/x",
        "http://[::1]:1/x",
        "http://127.1.2.3:80/x",
        "HTTP://LOCALHOST/x",
    ];
    for endpoint in ENDPOINTS {
        for url in LOCAL {
            let at = |issuer: &str, allow_http| {
                let document = document_with(|document| {
                    document["issuer"] = json!(issuer);
                    document[endpoint] = json!(url);
                });
                Metadata::from_json(&document.to_string(), issuer, allow_http).map(|_| ())
            };
            for issuer in [ISSUER, "https://localhost.example", "https://127.0.0.1.example/localhost"] {
                assert_eq!(fault(at(issuer, false)), (Code::EndpointInsecure, Some(endpoint)), "{issuer} {url}");
                assert_eq!(at(issuer, true), Ok(()));
            }
            for issuer in ["http://localhost:8080", "http://127.0.0.1", "https://[::1]:8443/tenant"] {
                assert_eq!(at(issuer, false), Ok(()), "{issuer} {url}");
            }
        }
    }
}

const ENDPOINTS: [&str; 6] = [
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "revocation_endpoint",
    "end_session_endpoint",
    "jwks_uri",
];

#[test]
fn md6_every_endpoint_is_https() {
    for endpoint in ENDPOINTS {
        let at = |url: &str| try_metadata(|document| document[endpoint] = json!(url));
        assert_eq!(fault(at("http://as.example/x")), (Code::EndpointInsecure, Some(endpoint)));
        assert!(at("https://elsewhere.example/x?tenant=1").is_ok(), "{endpoint}");
        let insecure = document_with(|document| document[endpoint] = json!("http://as.example/x"));
        assert!(Metadata::from_json(&insecure.to_string(), ISSUER, true).is_ok(), "{endpoint}");
    }
}

#[test]
fn ac1_an_endpoint_that_is_no_url_of_a_server_or_has_a_fragment_is_refused() {
    for endpoint in ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "revocation_endpoint"] {
        for url in [
            json!("https://as.example/x#y"),
            json!("https://as.example/#"),
            json!("/x"),
            json!(""),
            json!("javascript:alert(1)"),
            json!("com.example:/x"),
            json!(1),
            json!({}),
            json!("https://a@as.example/"),
        ] {
            let metadata = try_metadata(|document| document[endpoint] = url.clone());
            assert_eq!(fault(metadata), (Code::MetadataInvalid, Some(endpoint)), "{url}");
        }
    }
}

#[test]
fn md5_the_two_endpoints_of_a_login_are_required_and_the_others_are_not() {
    for endpoint in ["authorization_endpoint", "token_endpoint"] {
        let missing = try_metadata(|document| without(document, endpoint));
        assert_eq!(fault(missing), (Code::MetadataInvalid, Some(endpoint)));
        let null = try_metadata(|document| document[endpoint] = Value::Null);
        assert_eq!(fault(null), (Code::MetadataInvalid, Some(endpoint)));
    }
    for endpoint in ["userinfo_endpoint", "revocation_endpoint"] {
        assert!(try_metadata(|document| without(document, endpoint)).is_ok(), "{endpoint}");
    }
}

#[test]
fn pk8_a_server_that_does_not_offer_s256_is_refused() {
    for methods in
        [Value::Null, json!([]), json!(["plain"]), json!(["s256"]), json!("S256"), json!([256, null]), json!({})]
    {
        let metadata = metadata_with(|document| document["code_challenge_methods_supported"] = methods.clone());
        let expected = (Code::PkceUnsupported, Some("code_challenge_methods_supported"));
        assert_eq!(fault(metadata.check(&config())), expected, "{methods}");
    }
    let silent = metadata_with(|document| without(document, "code_challenge_methods_supported"));
    assert_eq!(code(silent.check(&config())), Code::PkceUnsupported);
}

#[test]
fn pk8_a_server_that_offers_s256_beside_others_is_accepted() {
    let metadata = metadata_with(|document| document["code_challenge_methods_supported"] = json!(["plain", "S256", 1]));
    assert_eq!(metadata.check(&config()), Ok(()));
}

#[test]
fn pk8_that_the_server_supports_s256_can_be_known_otherwise() {
    let silent = metadata_with(|document| without(document, "code_challenge_methods_supported"));
    let config = config_with(|settings| settings.dangerously_assume_pkce_support = true);
    assert_eq!(silent.check(&config), Ok(()));
}

#[test]
fn md8_the_metadata_of_another_issuer_does_not_serve_this_configuration() {
    let config = config_with(|settings| settings.issuer = "https://other.example".into());
    assert_eq!(fault(metadata().check(&config)), (Code::IssuerMismatch, Some("issuer")));
    let assuming = config_with(|settings| {
        settings.issuer = "https://other.example".into();
        settings.dangerously_assume_pkce_support = true;
    });
    assert_eq!(code(metadata().check(&assuming)), Code::IssuerMismatch);
}

#[test]
fn md9_signed_metadata_and_unknown_members_are_ignored() {
    let metadata = try_metadata(|document| {
        document["signed_metadata"] = json!("a.b.c");
        document["token_endpoint_auth_methods_supported"] = json!(["client_secret_basic"]);
        document["x"] = json!({"y": [1, 2]});
    });
    assert!(metadata.is_ok());
}

#[test]
fn is2_only_the_boolean_true_promises_an_iss() {
    for promise in [json!("true"), json!(1), json!(null), json!(false)] {
        let metadata =
            metadata_with(|document| document["authorization_response_iss_parameter_supported"] = promise.clone());
        assert!(come_back_with(login_at(&metadata), &[("code", CODE)]).is_ok(), "{promise}");
    }
    let login = login_at(&metadata_with(promises_iss));
    assert_eq!(code(come_back_with(login, &[("code", CODE)])), Code::ResponseIssuerMissing);
}

/// Any JSON, a few levels deep, with the members of metadata among others.
fn arbitrary_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![ISSUER, "https://as.example/x", "http://as.example", "S256"]).prop_map(Value::from),
    ];
    let name = prop_oneof![
        prop::sample::select(vec![
            "issuer",
            "authorization_endpoint",
            "token_endpoint",
            "userinfo_endpoint",
            "revocation_endpoint",
            "code_challenge_methods_supported",
            "authorization_response_iss_parameter_supported",
        ])
        .prop_map(String::from),
        any::<String>(),
    ];
    leaf.prop_recursive(3, 32, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn md3_any_json_can_be_read_as_metadata_and_none_of_another_issuer_is_accepted(document in arbitrary_json()) {
        let named = document.get("issuer").and_then(Value::as_str) == Some(ISSUER);
        prop_assert!(named || Metadata::from_json(&document.to_string(), ISSUER, false).is_err());
    }

    #[test]
    fn md5_a_member_of_the_metadata_may_be_anything(member in 0_usize..8, value in arbitrary_json()) {
        let mut document = document();
        let name = document.as_object().unwrap().keys().nth(member).unwrap().clone();
        document[name] = value;
        if let Ok(metadata) = Metadata::from_json(&document.to_string(), ISSUER, false) {
            let _ = metadata.check(&config());
        }
    }

    #[test]
    fn md5_any_answer_can_be_read(status: u16, content_type: Option<String>, body: String) {
        let _ = read(&response(status, content_type.as_deref(), &body));
        let _ = read(&response(200, Some("application/json"), &body));
    }

    #[test]
    fn md1_any_issuer_can_be_asked(issuer in "\\PC*|https://[a-z./]{1,20}") {
        if let Ok(requests) = discovery_requests(&issuer, false) {
            for request in requests {
                prop_assert!(request.url.starts_with("http"));
                prop_assert!(request.url.contains("/.well-known/"));
            }
        }
    }
}
