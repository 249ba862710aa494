//! What the server is: discovery (RFC 8414, OpenID Connect Discovery 1.0).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::logout::{LogoutOptions, end_session, revocation_requests};
use pkce_wasm::client::metadata::{Search, discovery_requests};
use pkce_wasm::client::userinfo;
use pkce_wasm::http::Response;
use pkce_wasm::{Code, Error, Metadata, TokenSet, begin};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::entropy::Seeded;
use support::{
    CODE, ISSUER, NOW, code, come_back_with, config, config_with, document, document_with, fault, json_response,
    login_at, metadata, metadata_with, ok, promises_iss, response, try_metadata, without,
};

fn well_known(issuer: &str) -> Vec<String> {
    discovery_requests(issuer, false).unwrap().into_iter().map(|request| request.url).collect()
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
        let asked = well_known(issuer);
        assert_eq!(asked[..2], [openid, oauth], "{issuer}");
        // With a path there is a third place (RFC 8414 section 5).
        let inserted = oauth.replace("oauth-authorization-server", "openid-configuration");
        assert_eq!(asked[2..], if inserted == openid { vec![] } else { vec![inserted] }, "{issuer}");
    }
}

#[test]
fn md1_discovery_is_a_bare_get() {
    for request in discovery_requests(ISSUER, false).unwrap() {
        assert!(request.form.is_none() && request.bearer.is_none());
    }
}

#[test]
fn md4_metadata_is_asked_only_of_an_https_issuer_that_is_no_document() {
    for issuer in [
        "https://h?a=b",
        "https://h/#a",
        "h",
        "",
        "com.example:/as",
        "https://h/.well-known/openid-configuration",
        "https://h/t/.well-known/openid-configuration",
        "https://h/.well-known/oauth-authorization-server/t",
        "https://h/.well-known",
    ] {
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
                let metadata = Metadata::from_json(&document.to_string(), issuer, allow_http)?;
                used(&metadata, endpoint, issuer)
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

/// Uses an endpoint of that metadata.
fn used(metadata: &Metadata, endpoint: &str, issuer: &str) -> Result<(), Error> {
    let config = config_with(|settings| settings.issuer = issuer.into());
    let tokens = TokenSet { id_token: None, claims: None, ..support::signed_in() };
    match endpoint {
        "userinfo_endpoint" => userinfo::request(metadata, &tokens).map(|_| ()),
        "revocation_endpoint" => revocation_requests(&config, metadata, &tokens).map(|_| ()),
        "end_session_endpoint" => {
            end_session(&config, metadata, None, LogoutOptions::default(), &mut Seeded(7), NOW).map(|_| ())
        }
        _ => metadata.check(&config),
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
        let at = |url: &str| used(&try_metadata(|document| document[endpoint] = json!(url))?, endpoint, ISSUER);
        assert_eq!(fault(at("http://as.example/x")), (Code::EndpointInsecure, Some(endpoint)));
        assert!(at("https://elsewhere.example/x?tenant=1").is_ok(), "{endpoint}");
        let insecure = document_with(|document| document[endpoint] = json!("http://as.example/x"));
        let allowed = Metadata::from_json(&insecure.to_string(), ISSUER, true).unwrap();
        assert_eq!(used(&allowed, endpoint, ISSUER), Ok(()));
    }
}

const NO_ENDPOINTS: [&str; 7] = [
    "https://as.example/x#y",
    "https://as.example/#",
    "/x",
    "",
    "javascript:alert(1)",
    "com.example:/x",
    "https://a@as.example/",
];

#[test]
fn ac1_an_endpoint_that_is_no_url_of_a_server_or_has_a_fragment_is_refused() {
    for endpoint in ["authorization_endpoint", "token_endpoint"] {
        for url in NO_ENDPOINTS.map(|url| json!(url)).into_iter().chain([json!(1), json!({})]) {
            let metadata = try_metadata(|document| document[endpoint] = url.clone());
            assert_eq!(fault(metadata), (Code::MetadataInvalid, Some(endpoint)), "{url}");
        }
    }
}

#[test]
fn md5_an_optional_endpoint_that_cannot_be_used_is_refused_when_it_is_used() {
    for endpoint in ["userinfo_endpoint", "revocation_endpoint", "end_session_endpoint", "jwks_uri"] {
        for url in NO_ENDPOINTS.map(|url| json!(url)).into_iter().chain([json!(1), json!({}), json!(false), json!([])])
        {
            let metadata = metadata_with(|document| document[endpoint] = url.clone());
            assert_eq!(fault(used(&metadata, endpoint, ISSUER)), (Code::MetadataInvalid, Some(endpoint)), "{url}");
            for other in
                ENDPOINTS.into_iter().filter(|other| ![endpoint, "end_session_endpoint", "jwks_uri"].contains(other))
            {
                assert!(endpoint == "jwks_uri" || used(&metadata, other, ISSUER).is_ok(), "{endpoint} {other}");
            }
        }
        if endpoint != "jwks_uri" {
            let absent = metadata_with(|document| document[endpoint] = Value::Null);
            assert_eq!(fault(used(&absent, endpoint, ISSUER)), (Code::EndpointMissing, Some(endpoint)));
        }
    }
}

#[test]
fn md5_the_place_of_the_keys_is_right_wherever_an_id_token_is_asked_for() {
    let metadata = metadata_with(|document| document["jwks_uri"] = json!("http://as.example/jwks"));
    let with = |scope: &str, login: Option<&str>| {
        let config = config_with(|settings| settings.scope = scope.into());
        let options = LoginOptions { scope: login.map(Into::into), ..LoginOptions::default() };
        begin(&config, &metadata, options, &mut Seeded(7), NOW).map(|_| ())
    };
    let insecure = (Code::EndpointInsecure, Some("jwks_uri"));
    assert_eq!(fault(with("openid", None)), insecure);
    assert_eq!(fault(with("files", Some("openid"))), insecure);
    assert_eq!(with("files", None), Ok(()));
    assert_eq!(with("", None), Ok(()));
}

#[test]
fn md5_a_server_at_which_no_login_can_succeed_is_refused_before_the_user_is_sent_there() {
    let check = |member: &str, value: &Value, scope: &str, alg: Option<&str>| {
        let config = config_with(|settings| {
            settings.scope = scope.into();
            settings.id_token_signed_response_alg = alg.map(Into::into);
        });
        metadata_with(|document| document[member] = value.clone()).check(&config)
    };
    let algs = "id_token_signing_alg_values_supported";
    for (member, value) in [
        ("require_pushed_authorization_requests", json!(true)),
        ("response_types_supported", json!(["token", "code id_token"])),
        ("response_types_supported", json!([])),
        (algs, json!(["RS2567", "xRS256"])),
        (algs, json!([["RS256"]])),
    ] {
        let error = check(member, &value, "openid", None).unwrap_err();
        assert_eq!((error.code, error.subject), (Code::ServerUnsupported, Some(member)), "{value}");
        assert!(!error.restart_helps());
        if member == algs {
            assert_eq!(check(member, &value, "files", None), Ok(()));
            assert_eq!(check(member, &value, "openid", Some("ES256")), Ok(()), "what was registered counts");
        }
    }
    for (member, value) in [
        ("require_pushed_authorization_requests", json!(false)),
        ("response_types_supported", json!(["id_token", "code"])),
        ("response_types_supported", json!("code")),
        ("response_types_supported", Value::Null),
        (algs, json!(["HS256", "ES256"])),
        (algs, json!([])),
        (algs, Value::Null),
    ] {
        assert_eq!(check(member, &value, "openid", None), Ok(()), "{value}");
    }
}

#[test]
fn md7_what_the_application_knows_takes_the_place_of_the_document_and_never_its_issuer() {
    let read_with = |document: &Value, known: &str| {
        let config = config_with(|settings| settings.metadata = Some(known.to_owned()));
        Metadata::from_json_for(&document.to_string(), &config)
    };
    let read = |known: Value| read_with(&document(), &known.to_string());
    let known = json!({
        "token_endpoint": "https://as.example/own",
        "end_session_endpoint": "https://as.example/end",
        "code_challenge_methods_supported": ["S256"],
    });
    let login = login_at(&read(known).unwrap());
    let (request, _) = come_back_with(login, &[("code", CODE)]).unwrap().into_request(&config());
    assert_eq!(request.url, "https://as.example/own");

    let required = json!({"require_pushed_authorization_requests": true}).to_string();
    let without = json!({"require_pushed_authorization_requests": false}).to_string();
    let demanding = document_with(|document| document["require_pushed_authorization_requests"] = json!(true));
    assert_eq!(code(read_with(&document(), &required).unwrap().check(&config())), Code::ServerUnsupported);
    assert_eq!(read_with(&demanding, &without).unwrap().check(&config()), Ok(()));
    assert!(read_with(&document(), "").is_ok() && read_with(&document(), "{}").is_ok());

    for issuer in [ISSUER, "https://evil.example", ""] {
        assert_eq!(fault(read(json!({"issuer": issuer}))), (Code::ConfigInvalid, Some("metadata")), "{issuer}");
    }
    for (known, expected, member) in [
        (json!({"token_endpoint": "http://as.example/x"}), Code::EndpointInsecure, Some("token_endpoint")),
        (json!({"token_endpoint": "x"}), Code::MetadataInvalid, Some("token_endpoint")),
        (json!({"token_endpoint": 1}), Code::ConfigInvalid, Some("token_endpoint")),
        (json!([]), Code::ConfigInvalid, None),
    ] {
        assert_eq!(fault(read(known)), (expected, member));
    }
    let other = document_with(|document| document["issuer"] = json!("https://evil.example"));
    let known = json!({"revocation_endpoint": "https://as.example/r"}).to_string();
    assert_eq!(code(read_with(&other, &known)), Code::IssuerMismatch);
}

/// The search at an issuer with a path, each place of which answers so; what was found, and how many were asked.
fn search(scope: &str, answers: [Result<Response, Error>; 3]) -> (Result<Value, Error>, usize) {
    let config = config_with(|settings| {
        settings.issuer = "https://as.example/t".to_owned();
        settings.scope = scope.to_owned();
    });
    let mut search = Search::new(&config).unwrap();
    let mut asked = 0_usize;
    let mut answers = answers.into_iter();
    while search.next_request().is_some() {
        asked = asked.saturating_add(1);
        match search.take(answers.next().unwrap()) {
            Ok(None) => {}
            Ok(Some((_, document))) => return (Ok(serde_json::from_str(&document).unwrap()), asked),
            Err(error) => return (Err(error), asked),
        }
    }
    (search.end().map(|(_, document)| serde_json::from_str(&document).unwrap()), asked)
}

fn of_tenant(change: impl FnOnce(&mut Value)) -> Value {
    document_with(|document| {
        document["issuer"] = json!("https://as.example/t");
        change(document);
    })
}

#[test]
fn md1_md2_a_place_without_a_document_is_passed_over_and_the_first_fault_is_told() {
    let full = of_tenant(|_| {});
    let missing: Vec<fn() -> Result<Response, Error>> = vec![
        || Ok(response(400, None, "")),
        || Ok(response(401, None, "")),
        || Ok(response(403, Some("text/html"), "")),
        || Ok(response(404, None, "")),
        || Ok(response(405, None, "")),
        || Ok(response(410, None, "")),
        || Ok(response(500, None, "")),
        || Ok(response(503, None, "")),
        || Ok(response(302, None, "")),
        || Ok(response(200, Some("text/html"), "<!doctype html>")),
        || Ok(ok(&json!({}))),
        || Ok(ok(&json!([]))),
        || Err(Code::NetworkFailed.into()),
        || Err(Code::TimedOut.into()),
        || Err(Code::ResponseTooLarge.into()),
    ];
    for missing in &missing {
        let second = search("openid", [missing(), Ok(ok(&full)), missing()]);
        assert_eq!(second, (Ok(full.clone()), 2));
        let third = search("openid", [missing(), missing(), Ok(ok(&full))]);
        assert_eq!(third, (Ok(full.clone()), 3));
        let (none, asked) = search("openid", [missing(), Ok(response(418, None, "")), Ok(response(418, None, ""))]);
        assert_eq!((none.unwrap_err().code, asked), (code(missing().and_then(|answer| read(&answer))), 3));
    }
}

#[test]
fn md3_a_document_of_another_issuer_ends_the_search() {
    let other = json_response(200, &of_tenant(|document| document["issuer"] = json!(ISSUER)));
    let (found, asked) = search("openid", [Ok(other), Ok(ok(&of_tenant(|_| {}))), Ok(ok(&of_tenant(|_| {})))]);
    assert_eq!((code(found), asked), (Code::IssuerMismatch, 1));
}

#[test]
fn md2_a_document_without_keys_is_not_taken_while_the_openid_place_may_have_another_one() {
    let lesser = of_tenant(|document| without(document, "jwks_uri"));
    let nothing = || Ok(response(404, None, ""));
    for failure in [|| Ok(response(503, None, "")), || Err(Code::NetworkFailed.into()), || Err(Code::TimedOut.into())] {
        let failure: fn() -> Result<Response, Error> = failure;
        assert!(search("openid", [failure(), Ok(ok(&lesser)), nothing()]).0.unwrap_err().code.retryable());
        assert!(search("openid", [nothing(), Ok(ok(&lesser)), failure()]).0.is_err());
        assert_eq!(search("files", [failure(), Ok(ok(&lesser)), nothing()]), (Ok(lesser.clone()), 2));
        let full = of_tenant(|_| {});
        assert_eq!(search("openid", [failure(), Ok(ok(&full)), nothing()]).0, Ok(full));
    }
    assert_eq!(search("openid", [nothing(), Ok(ok(&lesser)), nothing()]), (Ok(lesser.clone()), 3));
    let full = of_tenant(|_| {});
    assert_eq!(search("openid", [nothing(), Ok(ok(&lesser)), Ok(ok(&full))]), (Ok(full), 3));
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
